#include "models/cluster/manifest_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace knetsim {
namespace {

/// A kind that is used: where it lives today and where it lived before.
struct KindRow {
  std::string_view kind;
  std::string_view api_version;
  std::string_view removed_versions;  ///< Separated by blanks.
  std::string_view removed_in;
};
constexpr std::array kKinds{
    KindRow{"Node", "v1", "", ""},
    KindRow{"Pod", "v1", "", ""},
    KindRow{"Service", "v1", "", ""},
    KindRow{"Endpoints", "v1", "", ""},
    KindRow{"ReplicationController", "v1", "", ""},
    KindRow{"EndpointSlice", "discovery.k8s.io/v1", "discovery.k8s.io/v1beta1", "1.25"},
    KindRow{"Deployment", "apps/v1", "extensions/v1beta1 apps/v1beta1 apps/v1beta2", "1.16"},
    KindRow{"ReplicaSet", "apps/v1", "extensions/v1beta1 apps/v1beta2", "1.16"},
    KindRow{"DaemonSet", "apps/v1", "extensions/v1beta1 apps/v1beta2", "1.16"},
    KindRow{"StatefulSet", "apps/v1", "apps/v1beta1 apps/v1beta2", "1.16"},
};

// The other kinds of the groups above, so that a misspelt kind is told from one that is merely not used.
constexpr std::array<std::string_view, 24> kOtherKinds{"Binding",
                                                       "ComponentStatus",
                                                       "ConfigMap",
                                                       "Event",
                                                       "LimitRange",
                                                       "Namespace",
                                                       "PersistentVolume",
                                                       "PersistentVolumeClaim",
                                                       "PodTemplate",
                                                       "ResourceQuota",
                                                       "Secret",
                                                       "ServiceAccount",
                                                       "List",
                                                       "ControllerRevision",
                                                       "Status",
                                                       "Ingress",
                                                       "NetworkPolicy",
                                                       "Job",
                                                       "CronJob",
                                                       "HorizontalPodAutoscaler",
                                                       "PodDisruptionBudget",
                                                       "Role",
                                                       "RoleBinding",
                                                       "PodSecurityPolicy"};

bool holds_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t blank = words.find(' ');
    if (words.substr(0, blank) == word) return true;
    if (blank == std::string_view::npos) return false;
    words.remove_prefix(blank + 1);
  }
  return false;
}

const KindRow* kind_named(std::string_view kind) {
  const auto row = std::ranges::find(kKinds, kind, &KindRow::kind);
  return row == kKinds.end() ? nullptr : &*row;
}

bool is_group_of_known_kinds(std::string_view api_version) {
  return api_version == "v1" || api_version.starts_with("apps/") || api_version.starts_with("extensions/") ||
         api_version.starts_with("discovery.k8s.io/");
}

/// The first backend of an Ingress in the form before networking.k8s.io/v1; absent when it has none.
Node old_backend(Node spec) {
  const auto is_old = [](Node backend) { return backend["serviceName"].exists() || backend["servicePort"].exists(); };
  for (const std::string_view name : {"backend", "defaultBackend"}) {
    if (is_old(spec[name])) return spec[name];
  }
  for (const Node rule : spec["rules"]) {
    for (const Node path : rule["http"]["paths"]) {
      if (is_old(path["backend"])) return path["backend"];
    }
  }
  return {};
}

}  // namespace

bool ManifestReader::check_version(Node object, std::string_view api_version, std::string_view kind) {
  const KindRow* row = kind_named(kind);
  if (row == nullptr || row->api_version == api_version) return true;
  const Node version = object["apiVersion"];
  if (holds_word(row->removed_versions, api_version)) {
    // What was optional there and is not today is reported by the kind's own reader.
    diagnostics_.notice(version, fmt::format("{} was removed in Kubernetes {}; read as {}", api_version,
                                             row->removed_in, row->api_version));
    return true;
  }
  diagnostics_.error(version, fmt::format("apiVersion {} has no kind {}", api_version, kind),
                     fmt::format("apiVersion: {}", row->api_version));
  return false;
}

bool ManifestReader::check_ingress(Node object, std::string_view api_version) {
  constexpr std::string_view kToday = "networking.k8s.io/v1";
  const Node backend = old_backend(object["spec"]);
  std::string service = "web";
  std::string port = "number: 80";
  if (const std::string_view name = backend["serviceName"].text(); !name.empty()) service = name;
  if (const Node stated = backend["servicePort"]; !stated.text().empty()) {
    const bool number = std::ranges::all_of(stated.text(), [](char c) { return c >= '0' && c <= '9'; });
    port = fmt::format("{}: {}", number ? "number" : "name", stated.text());
  }
  if (api_version != kToday) {
    diagnostics_.error(object["apiVersion"],
                       fmt::format("no Ingress in apiVersion {}{}", api_version,
                                   api_version.find("beta") == std::string_view::npos ? "" : " since Kubernetes 1.22"),
                       fmt::format("apiVersion: {}", kToday));
  }
  if (backend.exists()) {
    const Node key = backend["serviceName"].exists() ? backend["serviceName"].key() : backend["servicePort"].key();
    diagnostics_.error(key, "serviceName and servicePort are the form of an Ingress before networking.k8s.io/v1",
                       fmt::format("backend: {{service: {{name: {}, port: {{{}}}}}}}", service, port));
  }
  return api_version == kToday && !backend.exists();
}

void ManifestReader::count_unused(Node object, std::string_view kind) {
  ++manifests_.not_used[std::string(kind)];
  objects_.uses(unmodelled_kind(kind), object["kind"]);
  if (kind == "ConfigMap") note_kube_proxy_config(objects_, object);
  if (kind != "Namespace") return;
  const Node labels = object["metadata"]["labels"];
  for (std::size_t i = 0; i < labels.size(); ++i) {
    objects_.uses(unmodelled_annotation(labels.key(i).text(), labels[i].text()), labels[i]);
  }
}

void ManifestReader::read(Node object) {
  const Node kind_node = object["kind"];
  const Node version_node = object["apiVersion"];
  const std::string_view kind = kind_node.text();
  const std::string_view api_version = version_node.text();
  if (kind.empty() || api_version.empty()) {
    diagnostics_.error(object, kind.empty() && api_version.empty()
                                   ? "neither apiVersion nor kind: this is no Kubernetes object"
                                   : fmt::format("{} is missing", kind.empty() ? "kind" : "apiVersion"));
    return;
  }
  if (api_version.starts_with("knetsim.io/")) {
    diagnostics_.error(kind_node, fmt::format("a {} of knetsim's own among Kubernetes objects", kind),
                       "manifests; a scenario stands alone on the command line");
    return;
  }
  ++manifests_.objects;
  if (kind_named(kind) == nullptr) {
    if (kind == "Ingress" && !check_ingress(object, api_version)) return;
    if (is_group_of_known_kinds(api_version) && std::ranges::find(kOtherKinds, kind) == kOtherKinds.end()) {
      std::vector<std::string_view> kinds(kOtherKinds.begin(), kOtherKinds.end());
      for (const KindRow& row : kKinds) kinds.push_back(row.kind);
      if (const std::string_view near = nearest(kind, kinds); !near.empty()) {
        diagnostics_.error(kind_node, fmt::format("unknown kind '{}'; did you mean '{}'?", kind, near));
        return;
      }
    }
    count_unused(object, kind);
    return;
  }
  if (!check_version(object, api_version, kind)) return;
  if (kind == "Pod") {
    read_pod(objects_, object);
  } else if (kind == "Node") {
    read_node(objects_, object);
  } else if (kind == "Service") {
    read_service(objects_, object);
  } else if (kind == "EndpointSlice") {
    read_endpoint_slice(objects_, object);
  } else if (kind == "Endpoints") {
    read_endpoints(objects_, object);
  } else {
    read_controller(objects_, object, kind);
  }
}

Manifests ManifestReader::finish() {
  objects_.tell_unmodelled();
  return std::move(manifests_);
}

}  // namespace knetsim
