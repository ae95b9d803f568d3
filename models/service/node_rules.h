#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/proxy/proxy_model.h"
#include "models/walk/bindings.h"
#include "models/walk/netfilter.h"

namespace knetsim {

/// Services beside those of the manifests: rules without traffic.
struct BackgroundServices {
  std::uint32_t services = 0;
  std::uint32_t endpoints_per_service = 0;
};

/// Sizes of the rules that kube-proxy of each node writes who knows of the endpoints in `view`, shape (nodes,), none on machines outside. Where a
/// policy is Local nodes differ by the endpoints that they have, where topology hints decide by those meant for
/// them, and by their containers with hostPorts. Time and memory are linear in nodes, ports, endpoints and pods.
/// @param proxy  Says which hints count.
std::vector<RuleSizes> rule_sizes(const Cluster& cluster, const EndpointView& view,
                                  const BackgroundServices& background, const ProxyModel& proxy);

/// Endpoints that a proxy knows of, whether or not it has rules for them; the background ones included.
std::uint64_t known_endpoints(const Cluster& cluster, const EndpointView& view, const BackgroundServices& background);

/// What each node's rules are at the moment: their sizes, and as many symbols.
class NodeRules {
 public:
  explicit NodeRules(std::vector<RuleSizes> sizes) : sizes_(std::move(sizes)) {
    symbols_.reserve(sizes_.size());
    for (const RuleSizes& one : sizes_) symbols_.push_back(symbols_of(one));
  }

  const RuleSizes& sizes(NodeIndex node) const { return sizes_[node]; }
  const MachineSymbols& symbols(NodeIndex node) const { return symbols_[node]; }
  void set(NodeIndex node, const RuleSizes& sizes) {
    sizes_[node] = sizes;
    symbols_[node] = symbols_of(sizes);
  }
  std::span<const RuleSizes> sizes() const { return sizes_; }

 private:
  std::vector<RuleSizes> sizes_;
  std::vector<MachineSymbols> symbols_;
};

}  // namespace knetsim
