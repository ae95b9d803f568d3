// Cilium in kube-proxy's place. A program at each control group's connect(), sendmsg() and recvmsg() translates what pods
// and processes of the cluster ask, whichever way: the client's node chooses, its packets carry the endpoint's address,
// and no rule and no NAT of conntrack is met. What comes by a NIC (a host port of this node, or a node port asked by a
// pod whose sockets are left alone) a program of the traffic-control layer translates packet by packet, tracks in maps
// and, for an endpoint elsewhere, sends on with the node's own address, past the IP stack.
//
// Look-ups are counted from the programs: bpf/bpf_sock.c (__sock4_xlate_fwd, __sock4_xlate_rev), bpf/lib/lb.h (lb4_local),
// bpf/lib/nodeport.h (nodeport_lb4, tail_nodeport_nat_egress_ipv4, rev_nodeport_lb4), bpf/bpf_lxc.c.
#include <charconv>

#include "models/cluster/cluster.h"
#include "models/proxy/hook_packets.h"
#include "models/proxy/maglev.h"
#include "models/proxy/proxy_model.h"
#include "models/proxy/sync_cost.h"

namespace knetsim {
namespace {

constexpr const char* kAlgorithm = "algorithm";
constexpr const char* kTableSize = "maglevTableSize";
constexpr const char* kSockets = "socketLB";
constexpr const char* kTopology = "serviceTopology";
constexpr const char* kTableEntries = "16381";

// A map entry written by a system call: measured, 0.43 to 0.66 us (Intel Xeon, Linux 6.18;
// benchmarks/models/cost/bpf_bench.cpp). The agent's own work is taken as that of a kube-proxy that builds its input, an
// assumption.
constexpr double kSecondsPerEntry = 0.55e-6;

class Ebpf final : public ProxyModel {
 public:
  explicit Ebpf(const ProxyParams& params)
      : pods_sockets_(params.choice(kSockets, "all") == "all"),
        maglev_(params.choice(kAlgorithm, "random") == "maglev"),
        topology_(params.choice(kTopology, "off") == "on") {
    const std::string_view size = params.choice(kTableSize, kTableEntries);
    std::from_chars(size.data(), size.data() + size.size(), entries_);
  }

  void at_hook(Hook /*hook*/, HookPacket& /*packet*/, StepSink& /*sink*/) const override {}

  bool in_socket(Exposure exposure, bool host_network) const override {
    return exposure != Exposure::PodIp && (pods_sockets_ || host_network);
  }

  // @source bpf/bpf_sock.c. A direct match of the address and port, else, by the identity of the address, one of the
  // port alone; the slot, the endpoint; and what recvmsg() and getpeername() translate back by, looked up and, where it
  // is new, written. Answers: what was written, and its Service.
  void at_socket(SocketHook hook, const HookPacket& packet, StepSink& sink) const override {
    const FlowClass& flow = packet.flow;
    const bool of_client = packet.reply == (hook == SocketHook::RecvMsg);
    const bool of_node = of_client ? flow.client_host_network : flow.server_host_network;
    sink.add(StepKind::BpfProgram, 1, program_name(hook));
    if (!pods_sockets_ && !of_node) return;
    const bool translated = of_client && flow.in_socket;
    if (hook == SocketHook::RecvMsg) {
      sink.add(StepKind::BpfLookup, translated ? 2 : 1, translated ? "reverse entry, service" : "no reverse entry");
      return;
    }
    if (!translated) {
      sink.add(StepKind::BpfLookup, 2, "no service; identity of the address");
      return;
    }
    const double port_of_node = flow.exposure == Exposure::NodePort || flow.exposure == Exposure::HostPort ? 2 : 0;
    const double affinity = flow.affinity ? 2 : 0;
    const double slot = flow.remembered ? 0 : 1;
    sink.add(StepKind::BpfLookup, 3 + port_of_node + affinity + slot,
             flow.remembered ? "service, affinity, endpoint, reverse entry" : "service, slot, endpoint, reverse entry");
    if (packet.state == CtState::New) {
      sink.add(StepKind::BpfUpdate, flow.affinity && !flow.remembered ? 2 : 1, "reverse entry");
    }
  }

  void at_device(DeviceHook hook, HookPacket& packet, StepSink& sink) const override {
    switch (hook) {
      case DeviceHook::FromNic:
        from_nic(packet, sink);
        return;
      case DeviceHook::ToNic:
        sink.add(StepKind::BpfProgram, 1, "to-netdev");
        sink.add(StepKind::BpfLookup, 1, "no entry of a node port");
        return;
      case DeviceHook::FromPod:
        from_pod(packet, sink);
        return;
      case DeviceHook::ToPod:
        // The answer to a pod whose packets were translated at its device.
        if (packet.reply && packet.by_program && sink.node == NodeRole::Client && !asked_by_nic(packet.flow)) {
          sink.add(StepKind::BpfLookup, 1, "reverse entry");
          sink.add(StepKind::BpfRewrite, 1, "source, back to the service");
        }
        return;
    }
  }

  std::unique_ptr<EndpointChooser> make_chooser(RandomStreams streams) const override {
    return maglev_ ? maglev_chooser(entries_, streams) : random_chooser(streams);
  }
  // Affinity goes by the frontend's number (rev_nat_id), and by the client's network namespace or address.
  bool remembers_by_virtual_server() const override { return true; }
  // Hints for zones alone, of Services that ask for them by the annotation or by the name PreferClose, not beside the
  // internal policy Local. @source cilium/cilium pkg/loadbalancer, reflectors (convertService, getTopologyAware)
  // and writer; flag --enable-service-topology.
  HintsRead hints_read(const Service& service) const override {
    const bool asks =
        service.topology_mode != TopologyMode::None || service.distribution == TrafficDistribution::PreferClose;
    return topology_ && asks && !service.internal_traffic_local ? HintsRead::Zones : HintsRead::None;
  }
  Unread unread_hints(const Service& service) const override {
    if (!topology_) return {"Cilium reads them where it is told to alone", "cluster.proxy.serviceTopology: on"};
    if (hints_read(service) == HintsRead::Zones) return {"Cilium reads none for nodes", "hints for zones"};
    return {"Cilium reads those of Services with the annotation topology-mode or trafficDistribution PreferClose alone",
            "trafficDistribution: PreferClose"};
  }
  // connect() ends with EHOSTUNREACH, and what comes by a NIC is refused (--service-no-backend-response: reject).
  Reach reach(const Asking& asking, const EndpointCounts& known) const override {
    if (!asking.admitted) return Reach::Dropped;
    if (asking.local_policy) return known.local > 0 ? Reach::Local : Reach::Refused;
    return known.cluster > 0 ? Reach::Cluster : Reach::Refused;
  }
  // Of each Service port an entry and one an endpoint; as many for a node port at every address and at the node's own;
  // and the endpoints themselves. A change writes those of one Service.
  SyncCost sync_cost(const RuleSizes& sizes) const override {
    const double ports = sizes.service_ports;
    const auto endpoints = static_cast<double>(sizes.endpoints);
    const double each = ports > 0 ? 1 + endpoints / ports : 1;
    const double entries = ports * each + 2.0 * sizes.node_ports * each + endpoints;
    return {.full_seconds = kSecondsPerEntry * entries + kBuildSecondsPerObject * (ports + endpoints),
            .partial_seconds = (kSecondsPerEntry + kBuildSecondsPerObject) * each};
  }

 private:
  static std::string program_name(SocketHook hook) {
    return hook == SocketHook::Connect ? "connect4" : hook == SocketHook::SendMsg ? "sendmsg4" : "recvmsg4";
  }
  /// Of a flow that no socket translated: whether another machine's NIC brings it to the one that does.
  static bool asked_by_nic(const FlowClass& flow) {
    if (asks_from_outside(flow.exposure)) return flow.ingress != IngressNode::ClientNode;
    return flow.exposure == Exposure::HostPort && flow.locality == Locality::Remote;
  }
  /// A request for a Service that no socket has translated, at the machine whose programs do.
  static bool asks_here(const HookPacket& packet, NodeRole node) {
    if (packet.outer || packet.reply || packet.flow.in_socket || packet.translated) return false;
    switch (packet.flow.exposure) {
      case Exposure::PodIp:
        return false;
      case Exposure::ClusterIp:
        return packet.destination == AddressKind::ClusterIp;
      case Exposure::NodePort:
        return asks_node_port(packet, node);
      case Exposure::HostPort:
        return packet.destination == AddressKind::ThisNode;
      case Exposure::ExternalIp:
        return asks_external_ip(packet);
    }
    return false;
  }

  // lb4_local() behind lb4_lookup_service(): the connection to the Service, the endpoint, and for a new one the slot or
  // the table, affinity, and the entry.
  void translate_here(HookPacket& packet, StepSink& sink, bool by_nic) const {
    const FlowClass& flow = packet.flow;
    sink.add(StepKind::BpfLookup, 3, "service, its connection, endpoint");
    if (flow.firewalled && by_nic) sink.add(StepKind::BpfLookup, 1, "source range");
    if (packet.state == CtState::New) {
      const double slot = flow.remembered ? 0 : by_nic && maglev_ ? 2 : 1;
      const double affinity = flow.affinity ? 2 : 0;
      if (slot + affinity > 0) sink.add(StepKind::BpfLookup, slot + affinity, by_nic && maglev_ ? "maglev" : "slot");
      sink.add(StepKind::BpfUpdate, flow.affinity && !flow.remembered ? 2 : 1, "connection to the service");
    }
    sink.add(StepKind::BpfRewrite, 1, "destination");
    translate(packet, sink.node);
  }

  void from_pod(HookPacket& packet, StepSink& sink) const {
    if (asks_here(packet, sink.node)) {
      translate_here(packet, sink, false);
    } else if (packet.reply && packet.by_program && asked_by_nic(packet.flow)) {
      // The answer of an endpoint of this node: rev_nodeport_lb4() sends it out by the route of its new source.
      sink.add(StepKind::BpfProgram, 1, "from-container: node port");
      sink.add(StepKind::BpfLookup, 3, "connection, reverse entry, route");
      sink.add(StepKind::BpfRewrite, 1, "source, back to the service");
      packet.redirected = true;
    }
  }

  void from_nic(HookPacket& packet, StepSink& sink) const {
    sink.add(StepKind::BpfProgram, 1, "from-netdev");
    if (asks_here(packet, sink.node)) {
      translate_here(packet, sink, true);
      const bool here = packet.destination != AddressKind::OtherNode && sink.node != NodeRole::Ingress;
      sink.add(StepKind::BpfLookup, 2, "endpoint of this node, connection");
      if (packet.state == CtState::New) sink.add(StepKind::BpfUpdate, 1, "connection of the node port");
      if (here) return;
      sink.add(StepKind::BpfProgram, 1, "nat-egress");
      sink.add(StepKind::BpfLookup, 2, "source mapping, route");
      if (packet.state == CtState::New) sink.add(StepKind::BpfUpdate, 2, "source mapping, both ways");
      sink.add(StepKind::BpfRewrite, 1, "source");
      packet.masqueraded = packet.redirected = true;
      return;
    }
    const bool answer = packet.reply && packet.by_program && sink.node == NodeRole::Ingress;
    sink.add(StepKind::BpfProgram, 1, "nat-ingress");
    sink.add(StepKind::BpfLookup, 2, answer ? "no service; source mapping" : "no service; no source mapping");
    if (!answer) return;
    sink.add(StepKind::BpfRewrite, 1, "destination, back to the client");
    sink.add(StepKind::BpfProgram, 1, "node port");
    sink.add(StepKind::BpfLookup, 3, "connection, reverse entry, route");
    sink.add(StepKind::BpfRewrite, 1, "source, back to the service");
    packet.redirected = true;
  }

  bool pods_sockets_;
  bool maglev_;
  bool topology_;
  std::uint32_t entries_ = 0;
};

}  // namespace

ProxyInfo ebpf_info() {
  return {
      .name = "ebpf",
      .summary =
          "Cilium in kube-proxy's place: translation in connect(), in programs at devices for what comes by a NIC",
      .source = "cilium/cilium bpf/bpf_sock.c, bpf/lib/lb.h, bpf/lib/nodeport.h; kubeproxy-free documentation",
      .params =
          {{.key = kAlgorithm,
            .fallback = "random",
            .doc = "Of ebpf: how it picks the endpoint of a connection that comes by a NIC (loadBalancer.algorithm).",
            .source = "cilium/cilium Documentation/network/kubernetes/kubeproxy-free.rst",
            .values = {{"random", "any, with equal chances"},
                       {"maglev", "by a consistent hash, the same on all nodes"}}},
           {.key = kTableSize,
            .fallback = kTableEntries,
            .doc = "Of ebpf with maglev: entries of a Service's table (maglev.tableSize), some 100 an endpoint.",
            .source = "cilium/cilium Documentation/network/kubernetes/kubeproxy-free.rst",
            .values = {{"251", ""},
                       {"509", ""},
                       {"1021", ""},
                       {"2039", ""},
                       {"4093", ""},
                       {"8191", ""},
                       {"16381", ""},
                       {"32749", ""},
                       {"65521", ""},
                       {"131071", ""}}},
           {.key = kSockets,
            .fallback = "all",
            .doc = "Of ebpf: whose sockets are translated in the system call.",
            .source = "cilium/cilium Documentation/network/kubernetes/kubeproxy-free.rst, socketLB.hostNamespaceOnly",
            .values = {{"all", "pods' and nodes' processes'"},
                       {"hostNamespaceOnly", "nodes' processes' alone: pods' packets at their own device"}}},
           {.key = kTopology,
            .fallback = "off",
            .doc = "Of ebpf: whether endpoints' hints for zones are looked at (loadBalancer.serviceTopology).",
            .source = "cilium/cilium Documentation/network/kubernetes/kubeproxy-free.rst",
            .values = {{"off", "every endpoint, whatever its zone"},
                       {"on", "those of the own zone, of Services with PreferClose or the annotation topology-mode"}}}},
      .serves = {Exposure::PodIp, Exposure::ClusterIp, Exposure::NodePort, Exposure::HostPort, Exposure::ExternalIp},
      .translation = Translation::Connect,
      .kube_proxy = false,
      .host_ports = true,
      .ranges_hold_inside = false,  // of what comes by a NIC alone: bpf/lib/nodeport.h, nodeport_lb4
      .since_kubernetes = {1, 12},
      .since_kernel = {4, 19},
      .make = [](const ProxyParams& params) -> std::unique_ptr<ProxyModel> { return std::make_unique<Ebpf>(params); }};
}

}  // namespace knetsim
