#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "models/cluster/object_reader.h"

namespace knetsim {

/// Reads Kubernetes objects as they are: Node, Pod, Deployment, ReplicaSet, ReplicationController, StatefulSet,
/// DaemonSet, Service, EndpointSlice and Endpoints of Kubernetes' own groups are used, every other kind is counted, one
/// of another group by the same name included. One pass reports every
/// mistake; a field that Kubernetes has and knetsim has no use for is accepted.
class ManifestReader {
 public:
  static constexpr std::uint32_t kNewestKubernetes = 36;

  /// @param kubernetes_minor  Of the cluster's version 1.MINOR: which versions of the API it serves, and what it fills
  /// in.
  explicit ManifestReader(Diagnostics& diagnostics, std::uint32_t kubernetes_minor = kNewestKubernetes)
      : diagnostics_(diagnostics), objects_(manifests_, diagnostics, kubernetes_minor) {}
  ManifestReader(const ManifestReader&) = delete;
  ManifestReader& operator=(const ManifestReader&) = delete;

  /// One object, such as read_documents() hands out: a document or an item of a List. Nothing of it is kept but marks.
  void read(Node object);
  void read(const Document& document) { read(document.root()); }

  /// Ends the reading: tells what was used and is not modelled, and hands over what was read.
  Manifests finish();

 private:
  bool check_version(Node object, std::string_view api_version, std::string_view kind);
  void tell_old_ingress(Node object, std::string_view api_version);
  bool tell_foreign(Node object);
  void count_unused(Node object, std::string_view api_version, std::string_view kind);

  Diagnostics& diagnostics_;
  Manifests manifests_;
  ObjectReader objects_;
  std::vector<Diagnostic> foreign_;  ///< Files of Helm and Kustomize among the manifests.
};

}  // namespace knetsim
