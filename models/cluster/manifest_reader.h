#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
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

  /// Another `items` came in the List whose items were read last, and stands in place of those: they do not count.
  void forget_list();
  /// From here on Ingresses, Gateways, their routes and classes are read too, and Secrets known by name: something asks by
  /// URL.
  void serve_http() {
    serves_http_ = true;
    objects_.is_modelled(Unmodelled::Ingress);
  }
  /// From here on NetworkPolicies are read too, and the labels of Namespaces: somebody enforces them.
  void enforce_policies() { enforces_policies_ = true; }
  /// Of this scenario: a use of the feature is not told of. Before finish().
  void is_modelled(Unmodelled feature) { objects_.is_modelled(feature); }

  /// Ends the reading: tells what was used and is not modelled, and hands over what was read.
  /// @param beside  Errors of the same files that others found: where one is of a patch of Kustomize, that is said.
  Manifests finish(std::span<const Diagnostic> beside = {});

 private:
  bool check_version(Node object, std::string_view api_version, std::string_view kind);
  void tell_old_ingress(Node object, std::string_view api_version);
  bool read_of_gateways(Node object, std::string_view kind);
  bool tell_foreign(Node object);
  void count_unused(Node object, std::string_view api_version, std::string_view kind);

  /// The List that an item was read of last, and what was read before it.
  struct OpenList {
    const Input* input = nullptr;
    std::uint32_t document = 0;
    std::size_t first = 0;  ///< Its first object.
    std::size_t objects = 0;
    std::map<std::string, std::size_t> not_used;
  };
  void note_list(const Document& document);

  bool serves_http_ = false;
  bool enforces_policies_ = false;
  OpenList list_;
  Diagnostics& diagnostics_;
  Manifests manifests_;
  ObjectReader objects_;
  /// A file of Helm or Kustomize among the manifests.
  struct ForeignFile {
    Diagnostic said;
    std::vector<std::string> patches{};  ///< Of a kustomization: the files that it lays over others.
  };
  void tell_patches(ForeignFile& file, std::span<const Diagnostic> errors);

  std::vector<ForeignFile> foreign_;
};

}  // namespace knetsim
