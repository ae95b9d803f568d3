#include "models/cluster/manifest_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "models/cluster/api_kinds.h"

namespace knetsim {
namespace {

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

/// The files that a kustomization patches others with, as paths beside its own (kubectl.docs.kubernetes.io, kustomization
/// file: patches, patchesStrategicMerge, patchesJson6902). Patches may also stand in it as texts.
std::vector<std::string> patch_files(Node kustomization, std::string_view path) {
  std::vector<std::string> files;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const auto add = [&](Node file) {
    if (file.text().empty() || file.text().find('\n') != std::string_view::npos) return;
    files.push_back((folder / file.text()).lexically_normal().string());
  };
  for (const Node one : kustomization["patchesStrategicMerge"]) add(one);
  for (const std::string_view list : {"patches", "patchesJson6902"}) {
    for (const Node one : kustomization[list]) add(one["path"]);
  }
  return files;
}

}  // namespace

bool ManifestReader::check_version(Node object, std::string_view api_version, std::string_view kind) {
  const std::uint32_t minor = objects_.kubernetes_minor();
  const Node version = object["apiVersion"];
  const ServedVersion* row = served(api_version, kind);
  const std::string_view today = newest(kind, minor)->api_version;
  if (row == nullptr) {
    diagnostics_.error(version, fmt::format("apiVersion {} has no kind {}", api_version, kind),
                       fmt::format("apiVersion: {}", today));
    return false;
  }
  if (row->until != 0 && minor >= row->until) {
    // What was optional there and is not today is reported by the kind's own reader.
    diagnostics_.notice(version,
                        fmt::format("{} was removed in Kubernetes 1.{}; read as {}", api_version, row->until, today));
  } else if (minor < row->from) {
    diagnostics_.notice(version, fmt::format("{} {} came with Kubernetes 1.{}; the cluster's is 1.{}", api_version,
                                             kind, row->from, minor));
  }
  return true;
}

/// An Ingress is not served here, so its form is told and never refused.
void ManifestReader::tell_old_ingress(Node object, std::string_view api_version) {
  constexpr std::string_view kToday = "networking.k8s.io/v1";
  constexpr std::uint32_t kBetaUntil = 22;
  if (objects_.kubernetes_minor() < kBetaUntil && api_version != kToday) return;
  if (api_version != kToday) {
    diagnostics_.notice(object["apiVersion"],
                        fmt::format("no Ingress in apiVersion {}{}", api_version,
                                    api_version.find("beta") == std::string_view::npos ? "" : " since Kubernetes 1.22"),
                        fmt::format("apiVersion: {}", kToday));
  }
  const Node backend = old_backend(object["spec"]);
  if (!backend.exists()) return;
  const Node name = backend["serviceName"];
  const Node stated = backend["servicePort"];
  const std::string_view port = stated.text();
  const bool number = std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  diagnostics_.notice(
      (name.exists() ? name : stated).key(),
      "serviceName and servicePort are the form of an Ingress before networking.k8s.io/v1",
      fmt::format("backend: {{service: {{name: {}, port: {{{}: {}}}}}}}", name.text().empty() ? "web" : name.text(),
                  number ? "number" : "name", port.empty() ? "80" : port));
}

void ManifestReader::count_unused(Node object, std::string_view api_version, std::string_view kind) {
  const std::string_view group = api_group(api_version);
  const bool namesake = std::ranges::find(known_kinds(), kind) != known_kinds().end() && !is_built_in_group(group);
  ++manifests_.not_used[namesake ? fmt::format("{} of {}", kind, group) : std::string(kind)];
  objects_.uses(unmodelled_kind(group, kind), object["kind"]);
  note_template(objects_, object, kind);
  if (api_version != "v1") return;
  if (kind == "ConfigMap") note_kube_proxy_config(objects_, object);
  if (kind != "Namespace") return;
  const Node labels = object["metadata"]["labels"];
  for (std::size_t i = 0; i < labels.size(); ++i) {
    objects_.uses(unmodelled_annotation(labels.key(i).text(), labels[i].text()), labels[i]);
  }
}

void ManifestReader::note_list(const Document& document) {
  const bool known = list_.input == document.input() && list_.document == document.number();
  if (document.item() < 0 || known) return;
  list_ = {.input = document.input(),
           .document = document.number(),
           .first = objects_.objects_begun(),
           .objects = manifests_.objects,
           .not_used = manifests_.not_used};
}

void ManifestReader::forget_list() {
  if (list_.input == nullptr) return;
  objects_.forget_from(list_.first);
  manifests_.objects = list_.objects;
  manifests_.not_used = list_.not_used;
}

/// @return  False for a kind of the Gateway API that is not read.
bool ManifestReader::read_of_gateways(Node object, std::string_view kind) {
  if (kind == "GatewayClass") {
    read_gateway_class(objects_, object);
  } else if (kind == "Gateway") {
    read_gateway(objects_, object);
  } else if (kind == "HTTPRoute" || kind == "GRPCRoute") {
    read_route(objects_, object, kind);
  } else {
    return false;
  }
  return true;
}

void ManifestReader::read(Node object) {
  note_list(object.document());
  const Node kind_node = object["kind"];
  const Node version_node = object["apiVersion"];
  const std::string_view kind = kind_node.text();
  const std::string_view api_version = version_node.text();
  if (tell_foreign(object)) return;
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
  objects_.begin_object();
  const ApiKind what = classify(api_version, kind);
  const std::string_view group = api_group(api_version);
  if (serves_http_ && group == "gateway.networking.k8s.io" && read_of_gateways(object, kind)) return;
  if (serves_http_ && is_built_in_group(group)) {
    if (kind == "Ingress") {
      tell_old_ingress(object, api_version);
      read_ingress(objects_, object);
      return;
    }
    if (kind == "IngressClass") {
      read_ingress_class(objects_, object);
      return;
    }
    if (kind == "Secret") note_secret(objects_, object);
  }
  if (enforces_policies_ && is_built_in_group(group)) {
    if (kind == "NetworkPolicy") {
      read_network_policy(objects_, object);
      return;
    }
    if (kind == "Namespace") note_namespace(objects_, object);
  }
  if (what == ApiKind::Unused) {
    if (kind == "Ingress" && is_built_in_group(group)) tell_old_ingress(object, api_version);
    const bool misspelt = group.empty() || group == "apps" || group == "extensions" || group == "discovery.k8s.io";
    if (misspelt && std::ranges::find(known_kinds(), kind) == known_kinds().end()) {
      if (const std::string_view near = nearest(kind, known_kinds()); !near.empty()) {
        diagnostics_.error(kind_node, fmt::format("unknown kind '{}'; did you mean '{}'?", kind, near));
        return;
      }
    }
    count_unused(object, api_version, kind);
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
    read_controller(objects_, object, api_version, kind);
  }
}

/// What stands beside manifests in a project's folder and is none: named for what it is, and passed over.
bool ManifestReader::tell_foreign(Node object) {
  const std::string_view kind = object["kind"].text();
  const std::string_view api_version = object["apiVersion"].text();
  const std::string_view path = object.mark().file;
  const std::string_view file = path.substr(path.find_last_of('/') + 1);
  std::string what;
  std::string instead;
  if (api_group(api_version) == "kustomize.config.k8s.io" || (kind.empty() && file.starts_with("kustomization."))) {
    what = "a kustomization: its patches, names and overlays are not applied here";
    instead = "kubectl kustomize FOLDER | knetsim validate -";
  } else if (kind.empty() && file.starts_with("Chart.")) {
    what = "a Helm chart's own file, no manifest: its templates are not rendered here";
    instead = "helm template CHART | knetsim validate -";
  } else if (kind.empty() && api_version.empty() && file.find("values") != std::string_view::npos) {
    what = "the values of a Helm chart, no manifest: its templates are not rendered here";
    instead = "helm template CHART | knetsim validate -";
  } else {
    return false;
  }
  foreign_.push_back({.said = Diagnostic::at(Severity::Notice, object.mark(), {}, what, instead),
                      .patches = patch_files(object, path)});
  return true;
}

/// A patch is a part of an object, and wrong as a whole one: what is wrong with it is no news to its author.
void ManifestReader::tell_patches(ForeignFile& file, std::span<const Diagnostic> errors) {
  for (const std::string& patch : file.patches) {
    const auto at_fault = [&](const Diagnostic& error) {
      return std::filesystem::path(error.file).lexically_normal().string() == patch;
    };
    if (std::ranges::none_of(errors, at_fault)) continue;
    file.said.severity = Severity::Error;
    file.said.message += fmt::format("; {} is one of its patches, no manifest of its own", patch);
    return;
  }
}

Manifests ManifestReader::finish(std::span<const Diagnostic> beside) {
  std::vector<Diagnostic> errors = foreign_.empty() ? std::vector<Diagnostic>() : diagnostics_.errors();
  errors.insert(errors.end(), beside.begin(), beside.end());
  for (ForeignFile& one : foreign_) {
    tell_patches(one, errors);
    // Where there is nothing else, nothing would be simulated without a word.
    if (manifests_.objects == 0) one.said.severity = Severity::Error;
    diagnostics_.add(std::move(one.said));
  }
  objects_.tell_unmodelled();
  objects_.take_out_superseded();
  return std::move(manifests_);
}

}  // namespace knetsim
