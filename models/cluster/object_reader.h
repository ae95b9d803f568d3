#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "models/cluster/keys.h"
#include "models/cluster/manifests.h"
#include "models/cluster/quantity.h"
#include "models/cluster/selector.h"
#include "models/cluster/superseded.h"
#include "models/cluster/unmodelled.h"
#include "sim/input/diagnostics.h"
#include "sim/input/document.h"

namespace knetsim {

/// Not there, or null: for the API server that is the same.
inline bool is_absent(Node node) { return !node.exists() || node.is_null(); }

/// What every object has in common, read once.
struct ObjectMeta {
  std::string_view kind;
  std::string_view ns;  ///< "default" where the manifest names none; "" for a Node.
  std::string_view name;
  LabelSetId labels = 0;
  OwnerReference owner;
  bool terminating = false;  ///< Has a deletionTimestamp.
  Mark mark;                 ///< Of metadata.name.
};

/// Reads typed values from the fields of Kubernetes objects. What is wrong goes to the diagnostics and the value counts
/// as absent, so that one pass tells every mistake. Texts that are kept are interned in the cluster's pool.
class ObjectReader {
 public:
  /// @param kubernetes_minor  Of the cluster's version 1.MINOR.
  ObjectReader(Manifests& manifests, Diagnostics& diagnostics, std::uint32_t kubernetes_minor)
      : manifests_(manifests), diagnostics_(diagnostics), kubernetes_minor_(kubernetes_minor) {
    manifests_.kubernetes_minor = kubernetes_minor;
  }
  std::uint32_t kubernetes_minor() const { return kubernetes_minor_; }

  Manifests& manifests() { return manifests_; }
  Cluster& cluster() { return manifests_.cluster; }
  std::string_view intern(std::string_view text) { return manifests_.cluster.strings.intern(text); }

  /// A value that a template or a variable was to fill in is named so.
  void error(Node node, std::string message, std::string accepted = {});
  void notice(Node node, std::string message, std::string accepted = {}) {
    diagnostics_.notice(node, std::move(message), std::move(accepted));
  }
  /// Takes note that the manifests use a feature; told once by tell_unmodelled().
  void uses(Unmodelled feature, Node where);
  void tell_unmodelled();
  /// The feature is none of those after all, where the scenario has a model for it.
  void is_modelled(Unmodelled feature) { uses_[static_cast<std::size_t>(feature)] = {}; }
  /// Everything that is read from here on is of one more object.
  void begin_object();
  std::size_t objects_begun() const { return starts_.size(); }
  /// Nothing of the objects from this one on counts: another list came in their place.
  void forget_from(std::size_t object);
  /// Takes out what a later object stands in place of.
  void take_out_superseded() { superseded_.take_out(manifests_); }
  void note_masked(Node node);
  void note_masked_port(Node node);
  /// Stands for an address that is masked and may be no pod's, node's or Service's own; another one each time.
  IpAddress made_up_address(IpFamily family = IpFamily::V4);

  /// True for a mapping; an error for anything else but absent and null.
  bool mapping(Node node);
  bool sequence(Node node);
  /// A list of mappings. A null among them is an error: for the API server it is a mapping without its required keys.
  bool mappings(Node node);
  /// A key that the structure does not have: an error with the near name, if there is one; else noted, since it may
  /// come from a Kubernetes newer than the lists here.
  void unknown_key(Node key, std::span<const std::string_view> known);

  /// Interned text; "" when absent or not a text. A plain YAML scalar that reads as a number or bool is an error, as it
  /// is for the API server.
  std::string_view text(Node node);
  struct IntegerRange {
    std::int64_t least = 0;
    std::int64_t most = 2147483647;
    std::string_view accepted = "a whole number";
  };
  std::optional<std::int64_t> integer(Node node, IntegerRange range);
  std::optional<std::uint16_t> port(Node node);
  bool boolean(Node node, bool fallback);
  /// Index of the text in `allowed`; empty when absent or none of them (an error with the near name).
  std::optional<std::size_t> choice(Node node, std::span<const std::string_view> allowed);
  /// The same of a value that has to be there: without it an error at `holder`.
  std::optional<std::size_t> needed_choice(Node node, std::string_view name, Node holder,
                                           std::span<const std::string_view> allowed);
  std::optional<Protocol> protocol(Node node);
  /// Empty also for one that is masked in the dump, which is told once.
  std::optional<IpAddress> ip(Node node);
  /// A mapping of texts: labels, a node selector. Interned, in the order of the file.
  std::vector<Label> labels(Node node, bool check_values = true);
  /// matchLabels and matchExpressions; absent: the selector that matches everything.
  Selector label_selector(Node node) { return Selector::from_label_selector(node, diagnostics_); }
  /// A Kubernetes quantity, at least zero; empty when absent or wrong.
  std::optional<Quantity> quantity(Node node);
  /// cpu and memory of `requests`, `limits`, `allocatable` ...; other names are passed over.
  StatedResources resources(Node node, bool node_status = false);

  /// Errors for an address or node port that another Service states too.
  void claim_cluster_ip(const IpAddress& ip, Node where, const ObjectMeta& service);
  void claim_node_port(std::uint16_t port, Protocol protocol, Node where, const ObjectMeta& service);

  /// Keeps a pod's spec. Pods of one owner mostly have equal ones: a spec equal to the owner's last is not kept again.
  PodSpecIndex add_spec(const OwnerReference& owner, std::string_view ns, PodSpec spec);

  /// metadata; empty when it has no usable name (an error). Of two objects of one kind and name the last counts, with a
  /// notice, as when kubectl applies one after the other.
  std::optional<ObjectMeta> metadata(Node object, std::string_view kind, bool namespaced = true);

 private:
  struct Use {
    Mark mark;
    std::string path;
    std::string object;
    std::size_t count = 0;
  };
  void wrong_kind(Node node, std::string_view expected);

  Manifests& manifests_;
  Diagnostics& diagnostics_;
  std::uint32_t kubernetes_minor_;
  std::array<Use, static_cast<std::size_t>(Unmodelled::kCount)> uses_;
  std::map<std::string, Use, std::less<>> unknown_keys_;
  Use masked_;
  Use masked_ports_;
  std::uint32_t made_up_ = 0;
  /// An object's identity, of interned strings: compared by address.
  struct Identity {
    const char* kind = nullptr;
    const char* ns = nullptr;
    const char* name = nullptr;
    bool operator==(const Identity&) const = default;
  };
  struct IdentityHash {
    std::size_t operator()(const Identity& identity) const {
      const auto mix = [](std::uint64_t hash, const char* address) {
        hash = (hash ^ reinterpret_cast<std::uintptr_t>(address)) * 0xff51afd7ed558ccdu;
        return hash ^ (hash >> 32);
      };
      return mix(mix(mix(0, identity.name), identity.ns), identity.kind);
    }
  };
  struct Seen {
    Mark mark;
    std::size_t object = 0;
  };
  /// Who has an address or a port.
  struct Claim {
    std::string label;
    std::size_t object = 0;
  };
  void supersede_earlier(const ObjectMeta& meta, Node where);
  Claim claim_of(const ObjectMeta& service) const;

  std::vector<TableSizes> starts_;  ///< Of each object: what was read before it.
  std::vector<bool> gone_;          ///< By object: another one stands in its place.
  Superseded superseded_;
  std::unordered_map<Identity, Seen, IdentityHash> seen_;
  std::map<IpAddress, Claim> cluster_ips_;
  std::map<std::pair<std::uint16_t, Protocol>, Claim> node_ports_;
  std::unordered_map<std::uint64_t, PodSpecIndex> last_spec_;  ///< By owner's identity; compared in full before use.
};

/// The values of one structure, found in one pass over its keys: `fields[kKeys["containers"]]`, absent when not there.
template <std::size_t N>
class FieldValues {
 public:
  FieldValues(ObjectReader& reader, Node node, const Keys<N>& keys) {
    if (!reader.mapping(node)) return;
    const std::size_t size = node.size();
    for (std::size_t i = 0; i < size; ++i) {
      const Node key = node.key(i);
      const std::size_t index = keys.find(key.text());
      if (index == Keys<N>::kNotFound) {
        reader.unknown_key(key, keys.names());
      } else {
        values_[index] = node[i];
      }
    }
  }
  Node operator[](std::size_t index) const { return values_[index]; }

 private:
  std::array<Node, N> values_{};
};

/// An address that somebody made unreadable before a dump was handed on: "x.x.x.x", "10.x.x.x", "10.1.2.N", "<redacted>", "***".
bool is_masked(std::string_view text);
/// The same of a port: "3xxxx", "<redacted>".
bool is_masked_port(std::string_view text);

// The kinds that are used. Each adds what it reads to the reader's Manifests.
void read_node(ObjectReader& reader, Node object);
void read_pod(ObjectReader& reader, Node object);
void read_service(ObjectReader& reader, Node object);
void read_ingress(ObjectReader& reader, Node object);
void read_ingress_class(ObjectReader& reader, Node object);
void read_gateway_class(ObjectReader& reader, Node object);
void read_gateway(ObjectReader& reader, Node object);
/// @param kind  HTTPRoute or GRPCRoute.
void read_route(ObjectReader& reader, Node object, std::string_view kind);
void read_network_policy(ObjectReader& reader, Node object);
/// Its name and labels.
void note_namespace(ObjectReader& reader, Node object);
/// Its name alone.
void note_secret(ObjectReader& reader, Node object);
void read_endpoint_slice(ObjectReader& reader, Node object);
void read_endpoints(ObjectReader& reader, Node object);
/// Deployment, ReplicaSet, ReplicationController, StatefulSet, DaemonSet.
void read_controller(ObjectReader& reader, Node object, std::string_view api_version, std::string_view kind);
/// Keeps the labels of a template whose pods are not run: a Job's, a CronJob's, another project's controller's.
void note_template(ObjectReader& reader, Node object, std::string_view kind);

/// Keeps the mode that kube-proxy's ConfigMap states, of a ConfigMap that is one.
void note_kube_proxy_config(ObjectReader& reader, Node object);

/// spec of a Pod or of a template.
PodSpec read_pod_spec(ObjectReader& reader, Node node);
/// The parts of a pod's spec that decide where it may run.
struct SchedulingNodes {
  Node node_selector;
  Node affinity;
  Node tolerations;
};
/// @param placed  The pod has a nodeName: rules that placement does not know are no matter for it.
SchedulingRules read_scheduling_rules(ObjectReader& reader, const SchedulingNodes& nodes, bool placed);
/// Features that annotations ask for.
void note_annotations(ObjectReader& reader, Node annotations);

inline constexpr Keys kObjectKeys({"apiVersion", "kind", "metadata", "spec", "status"});
inline constexpr Keys kMetadataKeys({"name", "generateName", "namespace", "selfLink", "uid", "resourceVersion",
                                     "generation", "creationTimestamp", "deletionTimestamp",
                                     "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences",
                                     "finalizers", "managedFields", "initializers", "clusterName"});

}  // namespace knetsim
