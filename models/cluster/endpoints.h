#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "models/cluster/endpoint.h"
#include "models/cluster/endpoint_hints.h"
#include "sim/core/time.h"

namespace knetsim {

/// The endpoints that a proxy may use, of every Service port and family: those that are ready, and those that terminate
/// but still serve, which take over where none is ready (k/k pkg/proxy/topology.go, CategorizeEndpoints; a node's own
/// ones do so by themselves where a policy is Local). Immutable once built.
class EndpointTable {
 public:
  EndpointTable() = default;
  explicit EndpointTable(std::size_t service_ports) : ranges_(2 * service_ports) {}

  /// What the policy Cluster sends to: the ready ones, else those that terminate.
  std::span<const Endpoint> endpoints(ServicePortIndex port, IpFamily family) const {
    const Range& range = ranges_[slot(port, family)];
    return range.ready > 0 ? std::span(all_).subspan(range.begin, range.ready) : everywhere(port, family);
  }
  /// All of them, the ready ones first.
  std::span<const Endpoint> everywhere(ServicePortIndex port, IpFamily family) const {
    const Range& range = ranges_[slot(port, family)];
    return std::span(all_).subspan(range.begin, range.count);
  }
  /// What their hints leave to nodes; null where hints decide nothing.
  std::shared_ptr<const HintedEndpoints> hinted(ServicePortIndex port, IpFamily family) const;
  bool has_hints() const { return !hinted_.empty(); }
  /// Replaces the endpoints of one port and family, ready or terminating. Ports may be set in any order, each once.
  void set(ServicePortIndex port, IpFamily family, std::span<const Endpoint> endpoints,
           std::shared_ptr<const HintedEndpoints> hinted = nullptr);
  std::size_t size() const { return all_.size(); }
  std::size_t service_ports() const { return ranges_.size() / 2; }

 private:
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t count = 0;
    std::uint32_t ready = 0;  ///< The first of them.
  };
  static std::size_t slot(ServicePortIndex port, IpFamily family) {
    return 2 * std::size_t{port} + static_cast<std::size_t>(family);
  }
  std::vector<Range> ranges_{};
  std::vector<Endpoint> all_{};
  std::unordered_map<std::size_t, std::shared_ptr<const HintedEndpoints>> hinted_{};  // by slot; never iterated
};

/// What one node's proxy knows: a version and the endpoints as of that version. A cheap handle; it stays valid, and
/// keeps its content, when the node learns of a later version.
class EndpointView {
 public:
  EndpointView(std::uint64_t version, std::shared_ptr<const EndpointTable> table)
      : version_(version), table_(std::move(table)) {}

  std::uint64_t version() const { return version_; }
  /// Endpoints of a Service port that the policy Cluster sends to, in the order of its slices or, without slices, of
  /// the pods.
  std::span<const Endpoint> endpoints(ServicePortIndex port, IpFamily family = IpFamily::V4) const {
    return table_->endpoints(port, family);
  }
  /// With those that terminate and serve while others are ready.
  std::span<const Endpoint> everywhere(ServicePortIndex port, IpFamily family = IpFamily::V4) const {
    return table_->everywhere(port, family);
  }
  /// Whether hints decide anything for any port: kept_at() need not be asked else.
  bool has_hints() const { return table_->has_hints(); }
  /// What a node keeps for the policy Cluster: what hints leave to it, else endpoints().
  std::span<const Endpoint> kept_at(const NodePlace& at, HintsRead read, ServicePortIndex port,
                                    IpFamily family = IpFamily::V4) const;
  /// Null where hints decide nothing at any node.
  std::shared_ptr<const HintedEndpoints> hinted(ServicePortIndex port, IpFamily family = IpFamily::V4) const {
    return table_->hinted(port, family);
  }

 private:
  std::uint64_t version_;
  std::shared_ptr<const EndpointTable> table_;
};

/// The seam between Services and those who look endpoints up: each node has its own view, since news of an endpoint
/// reaches nodes at different times. Until advance() is called every node sees version 0.
class EndpointViews {
 public:
  EndpointViews() : versions_{std::make_shared<const EndpointTable>()} {}
  explicit EndpointViews(EndpointTable table) : versions_{std::make_shared<const EndpointTable>(std::move(table))} {}

  /// The view of `node`.
  EndpointView at(NodeIndex node) const;
  /// The newest version, as the API server has it.
  EndpointView latest() const { return version(versions_.size() - 1); }
  /// One of the versions so far.
  EndpointView version(std::uint64_t number) const { return {number, versions_[number]}; }
  /// When that version came to be; the start of the run for the first, 0.
  Time published_at(std::uint64_t number) const { return number == 0 ? kTimeZero : published_[number - 1]; }
  /// Adds a version that no node has seen yet. @return  Its number.
  std::uint64_t publish(EndpointTable table, Time at);
  /// `node` learns of `version`; versions only grow.
  void advance(NodeIndex node, std::uint64_t version);

 private:
  std::vector<std::shared_ptr<const EndpointTable>> versions_{};
  std::vector<Time> published_{};      ///< Of all but the first version.
  std::vector<std::uint64_t> seen_{};  ///< Version by node; shorter than the nodes while the rest is at 0.
};

}  // namespace knetsim
