#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "models/cluster/cluster.h"
#include "models/proxy/proxy_model.h"
#include "models/service/client_affinity.h"
#include "models/service/edge_target.h"
#include "models/service/resolver.h"
#include "sim/core/random.h"

namespace knetsim {

/// The endpoint of a connection.
struct Chosen {
  Endpoint endpoint{};
  std::uint32_t index = 0;  ///< In its list ...
  std::uint32_t of = 0;     ///< ... of so many.
  bool remembered = false;  ///< By session affinity, without the chooser.
};

/// Picks who answers: for a Service whoever session affinity knows, else as the proxy mode's chooser has it; for what
/// is addressed directly any, with equal chances.
class ServiceChooser {
 public:
  /// The references outlive it.
  ServiceChooser(const Cluster& cluster, const Resolver& resolver, const ProxyModel& proxy, RandomStreams streams)
      : cluster_(cluster),
        resolver_(resolver),
        proxy_(proxy),
        streams_(streams),
        chooser_(proxy.make_chooser(streams)) {}

  /// @param id  Of the connection. @pre There are candidates.
  Chosen choose(const EdgeTarget& target, PodIndex client, const Candidates& candidates, std::uint64_t id, Time now);
  /// Destinations that the mode looks at to choose among so many.
  double looked_at(std::uint32_t endpoints) const { return chooser_->looked_at(endpoints); }

  /// A connection has begun that `asked` chose `server` for, and has ended. @pre target.by_proxy()
  void opened(const EdgeTarget& target, NodeIndex asked, PodIndex server) {
    chooser_->opened(virtual_server(target, asked), server, target.transport);
  }
  void closed(const EdgeTarget& target, NodeIndex asked, PodIndex server, Time now) {
    chooser_->closed(virtual_server(target, asked), server, target.transport, now);
  }

 private:
  Chosen among(const EdgeTarget& target, PodIndex client, const Candidates& candidates, std::uint64_t id, Time now);
  /// Nothing where it is no endpoint any more.
  static std::optional<Chosen> same_again(std::span<const Endpoint> endpoints, PodIndex known);
  /// Of the address of its packets at the node: a pod's own; its node's with hostNetwork, or where the pod network
  /// masquerades it; outside of the cluster one that clients behind a NAT share.
  std::uint64_t client_key(PodIndex client, NodeIndex asked) const;
  /// As the asked node sees it, with addresses where the chooser reads them.
  NewConnection connection_of(const EdgeTarget& target, PodIndex client, NodeIndex asked, std::uint64_t id) const;
  /// A Service port has a virtual server at its cluster IP, one at the node's port and one at each external address:
  /// whoever asks shares them.
  static std::uint64_t virtual_server(const EdgeTarget& target, NodeIndex node);
  ClientAffinity& affinity(const EdgeTarget& target, NodeIndex node);

  const Cluster& cluster_;
  const Resolver& resolver_;
  const ProxyModel& proxy_;
  RandomStreams streams_;
  std::unique_ptr<EndpointChooser> chooser_;
  std::unordered_map<std::uint64_t, ClientAffinity> affinities_;  // by virtual server, or by Service port and node
};

}  // namespace knetsim
