#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hand_walks.h"
#include "models/service/dialer.h"

namespace knetsim {

inline constexpr std::uint16_t kTargetPort = 8'080;

/// Pods 0 (client) and 1 (server) on node 0, pod 2 (server) on node 1; one Service over both servers.
class TwoNodes {
 public:
  TwoNodes() {
    cluster_.nodes.resize(2);
    cluster_.pod_specs.resize(1);
    cluster_.pods.resize(3);
    for (Pod& pod : cluster_.pods) pod.spec = 0;
    cluster_.pods[0].node = cluster_.pods[1].node = 0;
    cluster_.pods[2].node = 1;
    cluster_.service_ports.push_back({.service = 0, .port = 80, .node_port = 30'080, .target_port = kTargetPort});
    cluster_.services.push_back({.first_port = 0, .port_count = 1});
    serve({1, 2});
  }

  Service& service() { return cluster_.services[0]; }
  void make_client_a_process() {
    cluster_.pod_specs.push_back({.host_network = true});
    cluster_.pods[0].spec = static_cast<PodSpecIndex>(cluster_.pod_specs.size() - 1);
  }
  void take_node_port_away() { cluster_.service_ports[0].node_port = 0; }
  void serve(const std::vector<PodIndex>& servers, const std::vector<bool>& ready = {}) {
    std::vector<Endpoint> endpoints;
    for (const PodIndex pod : servers) {
      const bool is_ready = ready.empty() || ready[endpoints.size()];
      endpoints.push_back({.port = kTargetPort, .ready = is_ready, .pod = pod, .node = cluster_.pods[pod].node});
    }
    EndpointTable table(1);
    table.set(0, IpFamily::V4, endpoints);
    cluster_.endpoints = EndpointViews(std::move(table));
  }
  const Cluster& cluster() const { return cluster_; }

  /// Connections of a new run, one over each edge in turn; plans are made while they are dialed.
  /// @param spacing  Between one and the next.
  std::vector<Dial> dial(std::vector<EdgeTarget> edges, const std::string& mode = "iptables",
                         Duration spacing = std::chrono::seconds(1), bool udp = false) const {
    for (EdgeTarget& edge : edges) edge.transport = udp ? Transport::Udp : Transport::Tcp;
    const CostProfile profile = hand_profile();
    const PlanTables tables = plan_tables(profile);
    ProxyParams params = hand_params();
    const auto proxy = make_proxy(mode, params);
    const auto cni = cni_kind_named("bridge")->make({});
    PlanBook book({*proxy, *cni}, profile, tables, 1'500);
    ServiceDialer dialer(cluster_, cluster_.endpoints, edges, book, *proxy, RandomStreams(1), {});
    std::vector<Dial> dials;
    for (EdgeIndex edge = 0; edge < edges.size(); ++edge) {
      dials.push_back(dialer.dial(edge, 0, edge, Time{} + edge * spacing));
      dials.back().flow.plans = nullptr;  // they go with the book
    }
    return dials;
  }
  Dial dial(const EdgeTarget& edge) const { return dial(std::vector{edge}).front(); }

 private:
  Cluster cluster_;
};

}  // namespace knetsim
