#include "models/service/flow_class.h"

namespace knetsim {

FlowClass flow_class(const Cluster& cluster, const EdgeTarget& target, PodIndex client_index,
                     const Candidates& candidates, const Chosen& chosen) {
  const Pod& client = cluster.pods[client_index];
  const Pod& server = cluster.pods[chosen.endpoint.pod];
  FlowClass flow{.transport = target.transport,
                 .exposure = target.exposure,
                 .client_host_network = cluster.spec(client).host_network,
                 .client_external = cluster.is_external(client_index),
                 .untracked = target.untracked};
  if (target.loopback) {
    flow.locality = Locality::SamePod;
    return flow;
  }
  flow.server_host_network = cluster.spec(server).host_network;
  if (const auto& outside = cluster.nodes[server.node].external) {
    flow.server_external = true;
    flow.kept_range = outside->kept_range;
  }
  flow.locality = server.node == client.node ? Locality::SameNode : Locality::Remote;
  flow.in_socket = candidates.in_socket && (target.exposure != Exposure::HostPort || server.node == client.node);
  // What a pod's system call sends to the pod itself stays on the loopback of its network namespace.
  if (flow.in_socket && chosen.endpoint.pod == client_index && !flow.client_host_network) {
    flow.locality = Locality::SamePod;
  }
  if (!target.by_proxy()) return flow;
  const Service& service = cluster.services[cluster.service_ports[target.port].service];
  const bool asks_node = asks_from_outside(target.exposure) && !flow.in_socket;
  flow.local_policy = candidates.local_policy;
  flow.local_inside = asks_node && service.internal_traffic_local;
  if (target.exposure == Exposure::ExternalIp && !flow.in_socket) {
    flow.load_balancer = target.external >= addresses_of(service, IpFamily::V4).external_ips;
    flow.firewalled = target.admitted.has_value();
  }
  flow.affinity = service.client_ip_affinity;
  flow.remembered = chosen.remembered;
  if (asks_node) {
    flow.ingress = candidates.asked == client.node   ? IngressNode::ClientNode
                   : candidates.asked == server.node ? IngressNode::ServerNode
                                                     : IngressNode::ThirdNode;
  }
  return flow;
}

}  // namespace knetsim
