// Reading what kubectl writes. Unit of work: one byte of the file (bytes per second) and one object (items per second),
// with the fields that a reader of pods looks at taken from each. What the disk adds is not in it: the texts are in
// memory.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "sim/input/read_documents.h"

namespace knetsim {
namespace {

/// `kubectl get pods -o json`, indented by four blanks as kubectl does, with the fields of a typical pod.
std::string json_list(int pods) {
  std::string text = "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n";
  const auto line = [&](int indent, std::string_view what) {
    text.append(static_cast<std::size_t>(indent) * 4, ' ').append(what).append("\n");
  };
  for (int i = 0; i < pods; ++i) {
    line(2, "{");
    line(3, R"("apiVersion": "v1",)");
    line(3, R"("kind": "Pod",)");
    line(3, R"("metadata": {)");
    line(4, R"("creationTimestamp": "2024-05-01T10:00:00Z",)");
    line(4, R"("labels": {)");
    line(5, fmt::format(R"("app": "app-{}",)", i % 1000));
    line(5, R"("pod-template-hash": "5d8f7b9c4d")");
    line(4, "},");
    line(4, fmt::format(R"("name": "app-{}-5d8f7b9c4d-{:06}",)", i % 1000, i));
    line(4, fmt::format(R"("namespace": "ns-{}",)", i % 100));
    line(4, R"("uid": "0b1c2d3e-1111-2222-3333-444455556666")");
    line(3, "},");
    line(3, R"("spec": {)");
    line(4, R"("containers": [)");
    line(5, "{");
    line(6, R"("image": "registry.example.com/team/app:v1.2.3",)");
    line(6, R"("name": "server",)");
    line(6, R"("ports": [)");
    line(7, "{");
    line(8, R"("containerPort": 8080,)");
    line(8, R"("name": "http",)");
    line(8, R"("protocol": "TCP")");
    line(7, "}");
    line(6, "],");
    line(6, R"("resources": {)");
    line(7, R"("requests": {)");
    line(8, R"("cpu": "100m",)");
    line(8, R"("memory": "128Mi")");
    line(7, "}");
    line(6, "},");
    line(6, R"("terminationMessagePath": "/dev/termination-log",)");
    line(6, R"("terminationMessagePolicy": "File")");
    line(5, "}");
    line(4, "],");
    line(4, R"("dnsPolicy": "ClusterFirst",)");
    line(4, fmt::format(R"("nodeName": "node-{:04}",)", i % 5000));
    line(4, R"("restartPolicy": "Always",)");
    line(4, R"("terminationGracePeriodSeconds": 30)");
    line(3, "},");
    line(3, R"("status": {)");
    line(4, R"("phase": "Running",)");
    line(4, fmt::format(R"("podIP": "10.0.{}.{}")", i / 256 % 256, i % 256));
    line(3, "}");
    line(2, i + 1 < pods ? "}," : "}");
  }
  return text + "    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n";
}

std::string yaml_stream(int services) {
  std::string text;
  for (int i = 0; i < services; ++i) {
    text += fmt::format(
        "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: svc-{0}\n  namespace: ns-{1}\n  labels:\n    app: "
        "app-{0}\n"
        "spec:\n  type: ClusterIP\n  selector:\n    app: app-{0}\n  ports:\n  - name: http\n    port: 80\n    "
        "protocol: TCP\n"
        "    targetPort: 8080\n",
        i, i % 100);
  }
  return text;
}

void read_all(benchmark::State& state, const std::string& text, bool with_marks) {
  const auto input = Input::from_text("bench", text);
  std::size_t objects = 0;
  std::size_t seen = 0;
  for (auto _ : state) {
    objects += read_documents(*input, [&](const Document& document) {
      seen += document["metadata"]["name"].text().size() + document["spec"]["nodeName"].text().size();
      if (with_marks) seen += document.root().mark().line;
    });
  }
  benchmark::DoNotOptimize(seen);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(text.size()));
  state.SetItemsProcessed(static_cast<std::int64_t>(objects));
}

void read_json_list(benchmark::State& state) { read_all(state, json_list(20'000), false); }
BENCHMARK(read_json_list)->Unit(benchmark::kMillisecond);

void read_json_list_with_a_mark_each(benchmark::State& state) { read_all(state, json_list(20'000), true); }
BENCHMARK(read_json_list_with_a_mark_each)->Unit(benchmark::kMillisecond);

void read_yaml_stream(benchmark::State& state) { read_all(state, yaml_stream(10'000), false); }
BENCHMARK(read_yaml_stream)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace knetsim
