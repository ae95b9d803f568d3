#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "models/proxy/endpoint_chooser.h"

namespace knetsim {

/// Maglev's look-up table: which of a Service's endpoints a connection's hash leads to. Every endpoint has the same share
/// of it to within one part in a hundred where there are a hundred entries for each, and where endpoints come or go most
/// entries of those that stay are as they were. All nodes make the same one.
///
/// Each endpoint goes through the entries in an order of its own, and takes the next that is free when it is its turn.
/// @source Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section 3.4.
/// The hash is this project's own, not Cilium's murmur3 (pkg/maglev): shares are alike, entries are not.
class MaglevTable {
 public:
  /// Of more endpoints than entries some have none. @param entries  M, a prime. @pre There is an endpoint.
  MaglevTable(std::span<const Endpoint> endpoints, std::uint32_t entries);

  /// The index of an endpoint, among those that the table was made for.
  std::uint32_t at(std::uint64_t hash) const { return table_[hash % table_.size()]; }
  /// Shape (M,).
  std::span<const std::uint32_t> entries() const { return table_; }

 private:
  std::vector<std::uint32_t> table_;
};

/// The table of a size for what a node has by its NIC from other machines, equal chances for all else: Cilium's
/// loadBalancer.algorithm=maglev. @source cilium/cilium bpf/bpf_lxc.c (LB_SELECTION), bpf/lib/lb.h.
std::unique_ptr<EndpointChooser> maglev_chooser(std::uint32_t entries, RandomStreams streams);

}  // namespace knetsim
