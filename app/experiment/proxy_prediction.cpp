#include "app/experiment/proxy_prediction.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "analysis/lab/profile_text.h"
#include "analysis/lab/temporary_folder.h"
#include "analysis/proxy_lab/proxy_fit.h"
#include "analysis/published_measure.h"
#include "app/experiment/experiment.h"
#include "app/scenario/load_scenario.h"
#include "sim/output/safe_file.h"

namespace knetsim {
namespace {

constexpr const char* kScenario = R"(apiVersion: knetsim.io/v1alpha1
kind: Scenario
metadata: {{name: proxy-lab}}
manifests: [manifests.yaml]
cluster:
  nodes: {{count: 1, cpu: 1, memory: 16Gi}}
  cni: {{kind: bridge}}
  proxy: {{mode: none}}
  ingress: {{kind: {proxy}, replicas: 1, exposure: nodePort, upstreamConnections: {upstream}}}
costs: profile.yaml
apps:
  upstream: {{work: {upstream_ns:.0f}ns}}
workloads:
  ask:
    from: app=client
    to: {{url: "{scheme}://{host}/"}}
    arrivals: {{closed: {{users: {users}}}}}
    request: {request:.0f}B
    response: {response:.0f}B
    work: {client_ns:.0f}ns
    timeout: 20s
    connection:
      requestsPerConnection: {requests}
{connection}run: {{duration: {seconds}s, warmUp: 200ms, seed: 1}}
)";

constexpr const char* kPods = R"(apiVersion: v1
kind: Pod
metadata: {name: client, labels: {app: client}}
spec: {containers: [{name: client, image: client}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: upstream, labels: {app: upstream}}
spec:
  replicas: 1
  selector: {matchLabels: {app: upstream}}
  template:
    metadata: {labels: {app: upstream}}
    spec: {containers: [{name: upstream, image: upstream, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: upstream}
spec: {selector: {app: upstream}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Secret
metadata: {name: lab-tls}
type: kubernetes.io/tls
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: lab}
spec:
)";

std::string connection_text(const lab::ProxyCase& of) {
  std::string text = of.kept ? "" : "      awaitClose: true\n";
  if (!of.listener.tls) return text;
  const lab::LabTls& tls = *of.listener.tls;
  return text + fmt::format("      tls: {{version: \"1.{}\", key: {}, resumption: {}}}\n",
                            tls.version == TlsVersion::Tls13 ? 3 : 2, tls.key == TlsKey::P256 ? "p256" : "rsa2048",
                            of.resumed ? "shared" : "none");
}

struct Played {
  double rate = 0;
  double cpu_ns = 0;
};

Played play(const std::filesystem::path& folder, const lab::ProxyCase& of, const LabPrograms& programs,
            std::uint32_t users) {
  const std::filesystem::path file = folder / "scenario.yaml";
  write_file_safely(file, proxy_scenario_text(of, programs, users));
  const auto loaded = load_scenario(file.string(), {});
  const ExperimentResults results = run_in_memory(loaded->variants, {.threads = 1, .on_progress = {}});
  const PublishedMeasure measure(Recorded(results), loaded->variants.front().name);
  const double rate = measure.of("rate").value_or(0);
  return {.rate = rate, .cpu_ns = rate > 0 ? measure.of("cpu.all").value_or(0) * 1e9 / rate : 0};
}

}  // namespace

std::string proxy_scenario_text(const lab::ProxyCase& of, const LabPrograms& programs, std::uint32_t users) {
  using fmt::arg;
  return fmt::format(
      fmt::runtime(kScenario), arg("proxy", of.proxy), arg("upstream", of.listener.upstream_kept ? "default" : "new"),
      arg("upstream_ns", programs.upstream_user_ns), arg("client_ns", programs.client_user_ns),
      arg("scheme", of.listener.tls ? "https" : "http"), arg("host", lab::asked_host(of.listener)), arg("users", users),
      arg("request", lab::kRequestBytes), arg("response", lab::kAnswerHeadBytes + of.bytes),
      arg("requests", of.kept ? 0 : 1), arg("connection", connection_text(of)), arg("seconds", 2));
}

std::string proxy_manifests_text(const lab::ProxyCase& of) {
  std::string text = kPods;
  std::string hosts;
  std::string rules;
  for (std::uint32_t host = 1; host <= of.listener.hosts; ++host) {
    const std::string name = lab::host_name(host);
    hosts += fmt::format("{}{}", host == 1 ? "" : ", ", name);
    rules += fmt::format(
        "    - {{host: {}, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: upstream, port: "
        "{{number: 80}}}}}}}}]}}}}\n",
        name);
  }
  return text + fmt::format("  tls: [{{hosts: [{}], secretName: lab-tls}}]\n  rules:\n{}", hosts, rules);
}

ProxyPrediction predict_proxy(const lab::ProxyCase& of, const LabPrograms& programs, const CostProfile& profile) {
  const lab::TemporaryFolder folder("knetsim-prediction");
  write_file_safely(folder.path() / "profile.yaml", lab::profile_text(profile, {}));
  write_file_safely(folder.path() / "manifests.yaml", proxy_manifests_text(of));
  const Played saturated = play(folder.path(), of, programs, lab::kSaturatingClients);
  const Played alone = play(folder.path(), of, programs, 1);
  return {.rate = saturated.rate, .cpu_ns = saturated.cpu_ns, .alone_ns = alone.rate > 0 ? 1e9 / alone.rate : 0};
}

}  // namespace knetsim
