#include "models/service/addressing.h"

namespace knetsim {

std::vector<NodeRole> machines_of(const FlowClass& flow) {
  const bool third = asks_from_outside(flow.exposure) && !flow.in_socket && flow.ingress == IngressNode::ThirdNode;
  if (third) return {NodeRole::Client, NodeRole::Ingress, NodeRole::Server};
  if (flow.locality == Locality::Remote) return {NodeRole::Client, NodeRole::Server};
  return {NodeRole::Client};
}

NodeRole translating_node(const FlowClass& flow) {
  if (flow.in_socket) return NodeRole::Client;
  if (flow.exposure == Exposure::HostPort)
    return flow.locality == Locality::Remote ? NodeRole::Server : NodeRole::Client;
  if (!asks_from_outside(flow.exposure)) return NodeRole::Client;
  switch (flow.ingress) {
    case IngressNode::ThirdNode:
      return NodeRole::Ingress;
    case IngressNode::ServerNode:
      return flow.locality == Locality::Remote ? NodeRole::Server : NodeRole::Client;
    default:
      return NodeRole::Client;
  }
}

AddressKind client_address(const FlowClass& flow, NodeRole seen_by) {
  if (!flow.client_host_network) return AddressKind::Pod;
  return seen_by == NodeRole::Client ? AddressKind::ThisNode : AddressKind::OtherNode;
}

AddressKind endpoint_address(const FlowClass& flow, NodeRole seen_by) {
  if (!flow.server_host_network) return AddressKind::Pod;
  const bool here = seen_by == NodeRole::Server || (flow.locality != Locality::Remote && seen_by == NodeRole::Client);
  return here ? AddressKind::ThisNode : AddressKind::OtherNode;
}

AddressKind service_address(const FlowClass& flow, NodeRole seen_by) {
  if (flow.in_socket) return endpoint_address(flow, seen_by);
  switch (flow.exposure) {
    case Exposure::ClusterIp:
      return AddressKind::ClusterIp;
    case Exposure::ExternalIp:
      return AddressKind::ExternalIp;
    case Exposure::PodIp:
      return endpoint_address(flow, seen_by);
    case Exposure::NodePort:
    case Exposure::HostPort:
      return seen_by == translating_node(flow) ? AddressKind::ThisNode : AddressKind::OtherNode;
  }
  return AddressKind::Pod;
}

}  // namespace knetsim
