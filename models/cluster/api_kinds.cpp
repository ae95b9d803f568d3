#include "models/cluster/api_kinds.h"

#include <algorithm>
#include <array>

namespace knetsim {
namespace {

// Kubernetes' changelogs and the deprecation guide (kubernetes.io/docs/reference/using-api/deprecation-guide/).
constexpr std::array kServed{
    ServedVersion{"Node", "v1", 0, 0},
    ServedVersion{"Pod", "v1", 0, 0},
    ServedVersion{"Service", "v1", 0, 0},
    ServedVersion{"Endpoints", "v1", 0, 0},
    ServedVersion{"ReplicationController", "v1", 0, 0},
    ServedVersion{"EndpointSlice", "discovery.k8s.io/v1", 21, 0},
    ServedVersion{"EndpointSlice", "discovery.k8s.io/v1beta1", 17, 25},
    ServedVersion{"Deployment", "apps/v1", 9, 0},
    ServedVersion{"Deployment", "apps/v1beta2", 8, 16},
    ServedVersion{"Deployment", "apps/v1beta1", 6, 16},
    ServedVersion{"Deployment", "extensions/v1beta1", 2, 16},
    ServedVersion{"ReplicaSet", "apps/v1", 9, 0},
    ServedVersion{"ReplicaSet", "apps/v1beta2", 8, 16},
    ServedVersion{"ReplicaSet", "extensions/v1beta1", 2, 16},
    ServedVersion{"DaemonSet", "apps/v1", 9, 0},
    ServedVersion{"DaemonSet", "apps/v1beta2", 8, 16},
    ServedVersion{"DaemonSet", "extensions/v1beta1", 2, 16},
    ServedVersion{"StatefulSet", "apps/v1", 9, 0},
    ServedVersion{"StatefulSet", "apps/v1beta2", 8, 16},
    ServedVersion{"StatefulSet", "apps/v1beta1", 5, 16},
};

constexpr std::array<std::string_view, 23> kBuiltInGroups{"",
                                                          "admissionregistration.k8s.io",
                                                          "apiextensions.k8s.io",
                                                          "apiregistration.k8s.io",
                                                          "apps",
                                                          "authentication.k8s.io",
                                                          "authorization.k8s.io",
                                                          "autoscaling",
                                                          "batch",
                                                          "certificates.k8s.io",
                                                          "coordination.k8s.io",
                                                          "discovery.k8s.io",
                                                          "events.k8s.io",
                                                          "extensions",
                                                          "flowcontrol.apiserver.k8s.io",
                                                          "internal.apiserver.k8s.io",
                                                          "networking.k8s.io",
                                                          "node.k8s.io",
                                                          "policy",
                                                          "rbac.authorization.k8s.io",
                                                          "resource.k8s.io",
                                                          "scheduling.k8s.io",
                                                          "storage.k8s.io"};

// The kinds that are read, and the others of their groups, so that a misspelt one is told from one that is not used.
constexpr std::array<std::string_view, 34> kKnownKinds{"Node",
                                                       "Pod",
                                                       "Service",
                                                       "Endpoints",
                                                       "ReplicationController",
                                                       "EndpointSlice",
                                                       "Deployment",
                                                       "ReplicaSet",
                                                       "DaemonSet",
                                                       "StatefulSet",
                                                       "Binding",
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

bool is_read(std::string_view kind) { return std::ranges::find(kServed, kind, &ServedVersion::kind) != kServed.end(); }

}  // namespace

std::string_view api_group(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view{} : api_version.substr(0, slash);
}

bool is_built_in_group(std::string_view group) {
  return std::ranges::find(kBuiltInGroups, group) != kBuiltInGroups.end();
}

ApiKind classify(std::string_view api_version, std::string_view kind) {
  if (served(api_version, kind) != nullptr) return ApiKind::Used;
  return is_read(kind) && is_built_in_group(api_group(api_version)) ? ApiKind::Unknown : ApiKind::Unused;
}

const ServedVersion* served(std::string_view api_version, std::string_view kind) {
  for (const ServedVersion& row : kServed) {
    if (row.kind == kind && row.api_version == api_version) return &row;
  }
  return nullptr;
}

const ServedVersion* newest(std::string_view kind, std::uint32_t minor) {
  const ServedVersion* today = nullptr;
  for (const ServedVersion& row : kServed) {
    if (row.kind != kind) continue;
    if (row.from <= minor && (row.until == 0 || minor < row.until)) return &row;
    if (today == nullptr) today = &row;
  }
  return today;
}

std::span<const std::string_view> known_kinds() { return kKnownKinds; }

}  // namespace knetsim
