#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/control/proxy_sync.h"
#include "models/proxy/proxy_model.h"
#include "models/service/client_affinity.h"
#include "models/service/node_rules.h"
#include "models/service/plan_book.h"
#include "models/service/service_reach.h"
#include "models/workload/dial.h"
#include "sim/core/random.h"

namespace knetsim {

/// What an edge asks for, looked up.
struct EdgeTarget {
  Exposure exposure = Exposure::ClusterIp;
  Transport transport = Transport::Tcp;
  ServicePortIndex port = kNoIndex;  ///< ClusterIp and NodePort.
  std::vector<Endpoint> direct;      ///< PodIp and HostPort: one of these, at random.
  NodeIndex through = kNoIndex;      ///< NodePort: always this node; kNoIndex: any node, at random.
  bool loopback = false;             ///< To a container of the client's own pod.
  ServiceIndex service = kNoIndex;   ///< That was asked for, headless ones too; kNoIndex for pods and host ports.
};

struct DialerOptions {
  Duration sync_period = std::chrono::seconds(30);  ///< KUBE-SERVICES gets a new order at the end of each sync.
  const ProxySync* sync = nullptr;                  ///< Knows when they end; null: they take no time.
  const NodeRules* rules = nullptr;  ///< What nodes have, which may change; null: nothing. Outlives the dialer.
  std::uint32_t client_nodes_times_server_nodes = 1;
  bool cni_masquerades = false;  ///< CniModel::masquerades()
};

/// Opens connections by the rules of exposure types and of the proxy mode.
///
/// The position of a Service's rule is drawn anew for each node and sync: kube-proxy rewrites KUBE-SERVICES whole, in
/// the order of a Go map (k/k pkg/proxy/iptables/proxier.go). A tunnel's outer tuple is untracked with probability
/// exp(-rate 30 s / ports): no other flow of this pair of nodes has used its source port within the UDP timeout; the
/// rate is that of the run so far.
class ServiceDialer final : public Dialer {
 public:
  /// All references outlive the dialer. @param targets  shape (edges,)
  /// @param endpoints  Of this run: what nodes know may change under it.
  ServiceDialer(const Cluster& cluster, const EndpointViews& endpoints, std::vector<EdgeTarget> targets, PlanBook& book,
                const ProxyModel& proxy, RandomStreams streams, const DialerOptions& options);

  Dial dial(EdgeIndex edge, PodIndex client, std::uint64_t id, Time now) override;
  void hung_up(EdgeIndex edge, HostId chosen_at, PodIndex server, Time now) override;

 private:
  struct Chosen {
    std::optional<Endpoint> endpoint;
    std::uint32_t index = 0;  ///< In its list.
    std::uint32_t of = 0;     ///< Size of the list.
  };
  /// One connection to a Service on its way to an endpoint.
  struct Call {
    EdgeIndex edge;
    PodIndex client;
    NodeIndex asked;  ///< The node whose rules choose.
    std::uint64_t id;
    Time now;
  };
  /// Sets what of the flow is the Service's. Nothing chosen where nobody answers, and `dial` then says how that ends.
  Chosen choose_of_service(const Call& call, FlowClass& flow, Dial& dial);
  Chosen choose(const Call& call, std::span<const Endpoint> endpoints);
  /// The endpoint that affinity knows, without the chooser; nothing where it is no endpoint any more.
  static Chosen same_again(std::span<const Endpoint> endpoints, PodIndex known);
  /// Of its packets at the node: a pod's own; its node's with hostNetwork, or where the pod network masquerades it.
  std::uint64_t client_key(PodIndex client, NodeIndex asked) const;
  /// As the asked node sees it, with addresses where the chooser reads them.
  NewConnection connection_of(const Call& call) const;
  /// Whether a node's proxy chooses who answers the edge's connections.
  bool is_chosen(EdgeIndex edge) const { return !targets_[edge].loopback && targets_[edge].port != kNoIndex; }
  Transport transport(EdgeIndex edge) const { return targets_[edge].transport; }
  /// A Service port has a virtual server at its cluster IP and one at the node's port: whoever asks shares them.
  std::uint64_t virtual_server(EdgeIndex edge, NodeIndex node) const;
  ClientAffinity& affinity(EdgeIndex edge, NodeIndex node);
  /// Of a rule, in a chain of `of`, which the node's kube-proxy writes in a new order at each sync. @param rule  Its
  /// key.
  float position(NodeIndex node, std::uint64_t rule, Purpose purpose, std::uint32_t of, Time now) const;
  const RuleSizes& sizes_at(NodeIndex node) const;

  const Cluster& cluster_;
  std::vector<EdgeTarget> targets_;
  PlanBook& book_;
  const ProxyModel& proxy_;
  RandomStreams streams_;
  DialerOptions options_;
  std::vector<std::uint64_t> node_keys_;  // shape (nodes,): of their names, what is drawn for one is keyed by it
  std::vector<std::uint64_t> port_keys_;  // shape (service ports,), likewise
  ServiceReach reach_;
  std::unique_ptr<EndpointChooser> chooser_;
  std::unordered_map<std::uint64_t, ClientAffinity> affinities_;  // by virtual server, or by Service port and node
  std::uint64_t dialed_ = 0;
};

}  // namespace knetsim
