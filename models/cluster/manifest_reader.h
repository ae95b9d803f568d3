#pragma once

#include <string_view>

#include "models/cluster/object_reader.h"

namespace knetsim {

/// Reads Kubernetes objects as they are: Node, Pod, Deployment, ReplicaSet, ReplicationController, StatefulSet,
/// DaemonSet, Service, EndpointSlice and Endpoints are used, every other kind is counted. One pass reports every
/// mistake; a field that Kubernetes has and knetsim has no use for is accepted.
class ManifestReader {
 public:
  explicit ManifestReader(Diagnostics& diagnostics) : diagnostics_(diagnostics), objects_(manifests_, diagnostics) {}
  ManifestReader(const ManifestReader&) = delete;
  ManifestReader& operator=(const ManifestReader&) = delete;

  /// One object, such as read_documents() hands out: a document or an item of a List. Nothing of it is kept but marks.
  void read(Node object);
  void read(const Document& document) { read(document.root()); }

  /// Ends the reading: tells what was used and is not modelled, and hands over what was read.
  Manifests finish();

 private:
  bool check_version(Node object, std::string_view api_version, std::string_view kind);
  bool check_ingress(Node object, std::string_view api_version);
  void count_unused(Node object, std::string_view kind);

  Diagnostics& diagnostics_;
  Manifests manifests_;
  ObjectReader objects_;
};

}  // namespace knetsim
