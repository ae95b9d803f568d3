#include "models/service/datapath.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "models/service/addressing.h"
#include "models/service/unawaited.h"

namespace knetsim {

namespace {

constexpr std::size_t kRoles = 3;

/// What a machine's rules made of the connection's first packet, for the packets that follow.
struct Mapping {
  bool destination = false;  ///< The destination was translated to an endpoint ...
  bool outside = false;      ///< ... by IPVS at INPUT, which looks up every packet itself.
  bool source = false;       ///< The source was masqueraded.
  bool program = false;      ///< Whichever it was, by a program of a device, which sees to every packet itself.

  /// What conntrack's stored mapping does to later packets: of the client's, and of the answers.
  bool nat_destination() const { return destination && !outside && !program; }
  bool nat_source() const { return source && !program; }
};
using Mappings = std::array<Mapping, kRoles>;

const char* name_of(Hook hook) {
  switch (hook) {
    case Hook::Prerouting:
      return "PREROUTING";
    case Hook::Input:
      return "INPUT";
    case Hook::Forward:
      return "FORWARD";
    case Hook::Output:
      return "OUTPUT";
    case Hook::Postrouting:
      return "POSTROUTING";
  }
  return "";
}

std::size_t index_of(NodeRole role) { return static_cast<std::size_t>(role); }

/// Takes one packet from socket to socket, machine by machine.
class Assembler {
 public:
  Assembler(const FlowClass& flow, PacketClass packet, const Datapath& datapath, Mappings mappings)
      : flow_(flow),
        packet_(packet),
        datapath_(datapath),
        mappings_(mappings),
        machines_(machines_of(flow)),
        reply_(packet == PacketClass::SynAck || packet == PacketClass::Response),
        first_(packet == PacketClass::First),
        new_connection_(first_) {
    if (reply_) std::reverse(machines_.begin(), machines_.end());
    from_host_ = reply_ ? flow.server_host_network : flow.client_host_network;
    to_host_ = reply_ ? flow.client_host_network : flow.server_host_network;
    at_input_ = asks_service(flow.exposure) && datapath.proxy.info().translation == Translation::Input;
    skips_stack_ = datapath.cni.skips_host_stack();
  }

  Walk run() {
    walk_.nodes = machines_;
    if (tunnelled_leg()) {
      walk_.encapsulation = datapath_.cni.tunnel().encapsulation;
      walk_.outer_bytes = datapath_.cni.tunnel().header_bytes;
    }
    place_ = packet_ == PacketClass::SynAck ? Place::SoftirqCore : Place::SendingCpu;
    if (flow_.locality == Locality::SamePod && (flow_.exposure == Exposure::PodIp || flow_.in_socket)) {
      pod_loopback();
      return std::move(walk_);
    }
    for (std::size_t i = 0; i < machines_.size(); ++i) pass_machine(i);
    receive_in_thread();
    return std::move(walk_);
  }

  const Mappings& mappings() const { return mappings_; }

 private:
  Step& add(StepKind kind, std::string note = {}) {
    walk_.steps.push_back({.kind = kind, .place = place_, .node = node_, .note = std::move(note)});
    return walk_.steps.back();
  }
  StepSink sink(Condition when = Condition::Always) { return {walk_.steps, place_, node_, when}; }
  Mapping& mapping() { return mappings_[index_of(node_)]; }
  bool tcp() const { return flow_.transport == Transport::Tcp; }
  bool data() const { return packet_ == PacketClass::Request || packet_ == PacketClass::Response || !tcp(); }

  /// Whether packets between the server's machine and the one before it are carried in the tunnel: pods' addresses are,
  /// but who asks a port of the server's machine itself is on the way to a node.
  bool tunnelled_leg() const {
    const bool to_pod = !flow_.server_host_network && translating_node(flow_) != NodeRole::Server;
    return machines_.size() > 1 && to_pod && datapath_.cni.tunnel();
  }
  /// Leg i leads from machine i to the next.
  bool tunnelled(std::size_t leg) const {
    const bool to_server = reply_ ? leg == 0 : leg + 2 == machines_.size();
    return to_server && tunnelled_leg();
  }

  // ---- sockets

  /// The packet as the socket has it.
  void at_socket(SocketHook hook) {
    if (outside()) return;
    HookPacket packet{.flow = flow_, .state = first_ ? CtState::New : CtState::Established, .reply = reply_};
    auto into = sink();
    datapath_.proxy.at_socket(hook, packet, into);
  }

  void send_from_socket() {
    if (!tcp() || first_) at_socket(tcp() ? SocketHook::Connect : SocketHook::SendMsg);
    if (first_ && tcp()) {
      add(StepKind::Connect);
    } else if (packet_ != PacketClass::SynAck) {
      add(StepKind::SendSyscall);
      add(StepKind::CopyIn);
    }
    const char* what = packet_ == PacketClass::SynAck ? "SYN-ACK" : first_ && tcp() ? "SYN" : "";
    add(tcp() ? StepKind::TcpTransmit : StepKind::UdpTransmit, what);
  }

  /// What arrives at an established socket finds its route there (tcp_v4_early_demux), and what loopback_xmit() hands
  /// over brings it along.
  bool looks_up_its_route() const {
    if (looped_) return false;
    return tcp() ? first_ || packet_ == PacketClass::SynAck : !reply_;
  }

  void receive_at_socket() {
    if (looks_up_its_route()) add(StepKind::RouteInput);
    if (!tcp()) {
      add(StepKind::UdpReceive);
    } else if (first_) {
      add(StepKind::TcpAccept);
      add(StepKind::Accept);
    } else if (packet_ == PacketClass::SynAck) {
      add(StepKind::TcpConnected);
    } else {
      add(StepKind::TcpReceive);
    }
  }

  void receive_in_thread() {
    if (first_ && tcp()) return;  // a SYN wakes nobody: the SYN-ACK goes out from the receive core
    place_ = Place::ReceivingCpu;
    add(StepKind::WakeUp).when = Condition::IdleResource;
    add(StepKind::ReceiveSyscall, packet_ == PacketClass::SynAck ? "connect() returns" : "");
    if (!tcp()) at_socket(SocketHook::RecvMsg);
    if (data()) add(StepKind::CopyOut);
  }

  /// Containers of one pod meet on the loopback of the pod's own network namespace, in which kube-proxy has no rules.
  void pod_loopback() {
    node_ = NodeRole::Client;
    const std::size_t begin = walk_.steps.size();
    send_from_socket();
    add(StepKind::Loopback, "in the pod's network namespace");
    looped_ = true;
    add(StepKind::IpReceive);
    receive_at_socket();
    add_unawaited(begin, true, true);
    receive_in_thread();
  }

  // ---- machines

  /// Whether this machine is outside of the cluster: a plain Linux without rules, conntrack or programs.
  bool outside() const {
    return (flow_.client_external && node_ == NodeRole::Client) || (flow_.server_external && node_ == NodeRole::Server);
  }

  void pass_machine(std::size_t i) {
    node_ = machines_[i];
    const bool origin = i == 0;
    const bool last = i + 1 == machines_.size();
    const bool from_pod = origin && !from_host_;
    local_ = {.from_pod = from_pod, .to_pod = last && !to_host_};
    const std::size_t begin = walk_.steps.size();
    start_packet(i);
    if (origin) {
      send_from_socket();
    } else {
      place_ = Place::SoftirqCore;
      receive_from_nic(tunnelled(i - 1));
    }
    if (from_pod) {
      auto into = sink();
      datapath_.cni.leave_pod(into);
      if (first_) datapath_.cni.track_connection(into);
      at_device(DeviceHook::FromPod);
    }
    // The packet stays on the node's bridge, as br_nf_pre_routing_finish decides.
    const bool frames = from_pod && last && !to_host_ && datapath_.cni.bridged() && !at_input_;
    local_.bridged = frames;
    const bool of_stack = (origin && from_host_) || (last && to_host_);
    if (!packet_state_.redirected && (of_stack || !skips_stack_)) pass_stack(origin, last, frames);
    if (last) {
      if (!to_host_) into_pod(frames);
      receive_at_socket();
    } else {
      if (tunnelled(i)) enter_tunnel();
      at_device(DeviceHook::ToNic);
      add(StepKind::Qdisc);
      add(StepKind::DriverTransmit);
    }
    add_unawaited(begin, origin, last);
    if (!last) {
      place_ = Place::Nic;
      add(StepKind::NicTransmit);
      place_ = Place::Wire;
      add(StepKind::Wire);
      place_ = Place::Nic;
      add(StepKind::NicReceive);
    }
  }

  void receive_from_nic(bool in_tunnel) {
    add(StepKind::Interrupt).when = Condition::IdleResource;
    add(StepKind::NapiPoll);
    packet_state_.outer = in_tunnel;
    at_device(DeviceHook::FromNic);
    packet_state_.outer = false;
    if (!in_tunnel) return;
    add(StepKind::IpReceive, "outer packet");
    leave_tunnel();
  }

  /// The node's IP stack, from ip_rcv() or a local socket to the device or socket that comes next.
  void pass_stack(bool origin, bool last, bool frames) {
    if (outside()) {
      if (!origin) add(StepKind::IpReceive);
      return;
    }
    if (origin && from_host_) {
      entry_hook(Hook::Output);
      exit_hook(Hook::Postrouting);
      if (last && to_host_) over_loopback();
      return;
    }
    if (!frames) add(StepKind::IpReceive);
    entry_hook(Hook::Prerouting);
    if (local_service()) {
      add(StepKind::Route, "the Service's address is local");
      pass_input_as_service();
      exit_hook(Hook::Postrouting);
      if (last && to_host_) over_loopback();
    } else if (last && to_host_) {
      exit_hook(Hook::Input);
    } else {
      if (!frames) {
        add(StepKind::Route);
      } else if (packet_state_.translated || (reply_ && mapping().source)) {
        add(StepKind::Route, "to the same bridge: stays a bridged frame");
      }
      at_hook(Hook::Forward);
      exit_hook(Hook::Postrouting);
    }
  }

  void into_pod(bool frames) {
    std::vector<Step> steps;
    StepSink into{steps, place_, node_};
    at_device(DeviceHook::ToPod);
    datapath_.cni.enter_pod(into);
    if (first_) datapath_.cni.track_connection(into);
    for (Step& step : steps) {
      // A frame that stays on the bridge is forwarded there once (br_handle_frame_finish).
      if (frames && step.kind == StepKind::Bridge) continue;
      walk_.steps.push_back(std::move(step));
    }
    add(StepKind::IpReceive, "in the pod");
  }

  void over_loopback() {
    add(StepKind::Loopback);
    looped_ = true;
    add(StepKind::IpReceive);
    // loopback_xmit() keeps the skb's conntrack entry: no second lookup, and its NAT bindings stand.
    packet_state_.nat_bound = true;
    packet_state_.from_local_process = false;
    new_connection_ = false;
    at_hook(Hook::Prerouting);
    at_hook(Hook::Input);
  }

  // ---- programs

  void at_device(DeviceHook hook) {
    if (outside()) return;
    auto into = sink();
    const HookPacket before = packet_state_;
    datapath_.proxy.at_device(hook, packet_state_, into);
    if (!new_connection_) return;
    Mapping& known = mapping();
    if (packet_state_.translated && !before.translated) known.destination = known.program = true;
    if (packet_state_.masqueraded && !before.masqueraded) known.source = known.program = true;
  }

  // ---- netfilter

  bool has_nat() const { return datapath_.has_nat() || datapath_.cni.has_felix(); }

  AddressKind client_address() const { return knetsim::client_address(flow_, node_); }
  AddressKind endpoint_address() const { return knetsim::endpoint_address(flow_, node_); }
  bool masqueraded_before(std::size_t i) const {
    return std::any_of(machines_.begin(), machines_.begin() + static_cast<std::ptrdiff_t>(i),
                       [this](NodeRole role) { return mappings_[index_of(role)].source; });
  }
  bool translated_before(std::size_t i) const {
    return std::any_of(machines_.begin(), machines_.begin() + static_cast<std::ptrdiff_t>(i),
                       [this](NodeRole role) { return mappings_[index_of(role)].destination; });
  }

  /// The packet as machine i's first hook sees it.
  void start_packet(std::size_t i) {
    const bool host_process = i == 0 && from_host_;
    packet_state_ = {.flow = flow_,
                     // What is untracked is not new to any rule either: nat chains and NEW guards pass it by.
                     .state = first_ && !flow_.untracked ? CtState::New : CtState::Established,
                     .reply = reply_,
                     .from_local_process = host_process,
                     .from_pod = i == 0 && !from_host_,
                     .to_pod = i + 1 == machines_.size() && !to_host_,
                     .to_tunnel = i + 1 < machines_.size() && tunnelled(i),
                     .by_bridge_port = i == 0 && !from_host_ && datapath_.cni.bridged(),
                     .by_program = mapping().program};
    new_connection_ = first_ && !flow_.untracked;
    if (!reply_) {
      packet_state_.source = masqueraded_before(i) ? AddressKind::OtherNode : client_address();
      packet_state_.destination = translated_before(i) ? endpoint_address() : service_address(flow_, node_);
    } else {
      packet_state_.source = endpoint_address();
      packet_state_.destination = client_address();
      for (std::size_t j = i; j < machines_.size(); ++j) {  // masqueraded here or further on: addressed to that node
        if (mappings_[index_of(machines_[j])].source) {
          packet_state_.destination = j == i ? AddressKind::ThisNode : AddressKind::OtherNode;
          break;
        }
      }
    }
  }

  void rules_at(Hook hook, HookPacket& packet) {
    add(StepKind::NetfilterHook, name_of(hook));
    StepSink into = sink();
    // What iptables' filter table accepts its other rules do not see; another table's chains do.
    if (datapath_.policies != nullptr && policy_rules_at(hook, packet, into) && hook == Hook::Forward &&
        !datapath_.proxy.info().own_tables) {
      return;
    }
    rules_at_hook(datapath_.proxy, datapath_.host_ports, datapath_.masquerade, hook, packet, into, datapath_.felix);
  }

  bool policy_rules_at(Hook hook, const HookPacket& packet, StepSink& into) const {
    PolicyPassage passage;
    if (!packet.outer) {
      passage = local_;
      passage.is_new = packet.state == CtState::New;
      passage.from_node = packet.from_local_process;
      passage.for_service = hook == Hook::Input && local_service();
    }
    return datapath_.policies->at_hook(hook, passage, into);
  }

  void at_hook(Hook hook) { rules_at(hook, packet_state_); }

  /// A packet for an address that IPVS holds on a device of the node: routed to INPUT, whatever it is for.
  bool local_service() const {
    if (reply_ || !at_input_ || packet_state_.translated) return false;
    return packet_state_.destination == AddressKind::ClusterIp ||
           packet_state_.destination == AddressKind::ExternalIp ||
           (flow_.exposure == Exposure::NodePort && packet_state_.destination == AddressKind::ThisNode);
  }

  /// PREROUTING or OUTPUT: conntrack's lookup, the rules, and the change of the destination (of a reply: back to the
  /// client).
  void entry_hook(Hook hook) {
    if (!flow_.untracked) add(StepKind::ConntrackLookup);
    Mapping& known = mapping();
    const bool mapped = reply_ ? known.nat_source() : known.nat_destination();
    if (!new_connection_ && mapped) apply_mapping();
    at_hook(hook);
    if (new_connection_ && packet_state_.translated) known.destination = true;
    const bool changed = new_connection_ ? known.nat_destination() : mapped;
    if (new_connection_ && has_nat()) add(StepKind::NatSetup, "destination");
    if (changed) {
      add(StepKind::NatMangle, reply_ ? "destination, back to the client" : "destination");
      if (hook == Hook::Output && !at_input_)
        add(StepKind::Route, "again, to the new destination");  // ip_route_me_harder
    }
  }

  /// Or comes into it on another node, from a source that is no pod: what the CNI masquerades where it does
  /// (flannel-io/flannel pkg/trafficmngr/iptables, masqRules). What stays on its node, or is the node's own, does not.
  bool leaves_pod_network() const {
    if (reply_ || !datapath_.cni.masquerades()) return false;
    const bool to_pod = packet_state_.destination == AddressKind::Pod;
    return packet_state_.source == AddressKind::Pod
               ? packet_state_.destination == AddressKind::OtherNode
               : packet_state_.source == AddressKind::OtherNode && to_pod && node_ == NodeRole::Ingress;
  }

  void apply_mapping() {
    if (reply_) {
      packet_state_.destination = client_address();
    } else {
      packet_state_.translated = true;
      packet_state_.destination = endpoint_address();
    }
  }

  /// INPUT for a Service's address (IPVS): the endpoint is chosen there, and the packet goes out again through OUTPUT.
  void pass_input_as_service() {
    Mapping& known = mapping();
    at_hook(Hook::Input);
    if (packet_state_.translated || known.outside) {
      known.destination = known.outside = true;
      packet_state_.translated = true;
      packet_state_.destination = endpoint_address();
      add(StepKind::NatMangle, "destination, by IPVS");
    }
    // ip_vs_nat_xmit: the route to the endpoint is cached with the destination.
    const bool bound = std::exchange(packet_state_.nat_bound, true);
    at_hook(Hook::Output);
    packet_state_.nat_bound = bound;
  }

  /// POSTROUTING or INPUT: the rules, the change of the source (of a reply: back to the service), and a new entry's
  /// confirmation.
  void exit_hook(Hook hook) {
    Mapping& known = mapping();
    at_hook(hook);
    if (hook == Hook::Postrouting && new_connection_ && leaves_pod_network()) packet_state_.masqueraded = true;
    if (new_connection_ && packet_state_.masqueraded) known.source = true;
    if (new_connection_ && has_nat()) add(StepKind::NatSetup, "source");
    if (reply_ ? known.destination && !known.program : known.nat_source())
      add(StepKind::NatMangle, reply_ ? "source, back to the service" : "source");
    if (new_connection_) add(StepKind::ConntrackInsert);
  }

  // ---- the tunnel's own packets

  // An outer packet is UDP of this node that never sees a reply on its 5-tuple, hence NEW for ever: filter rules see it
  // so each time, nat chains once, while the tuple has no entry (net/netfilter/nf_conntrack_core.c, resolve_normal_ct;
  // nf_nat_core.c, nf_nat_inet_fn). That of a tunnel without ports is the same in both directions, and established
  // (nf_conntrack_proto_generic.c).
  bool outer_per_flow() const { return !hides_flows(datapath_.cni.tunnel().encapsulation); }

  void outer_hook(Hook hook) {
    HookPacket outer{
        .flow = {.transport = Transport::Udp},
        .state = !datapath_.cni.tunnel().tracked ? CtState::Untracked
                 : outer_per_flow()              ? CtState::New
                                                 : CtState::Established,
        .source = hook == Hook::Output || hook == Hook::Postrouting ? AddressKind::ThisNode : AddressKind::OtherNode,
        .destination =
            hook == Hook::Output || hook == Hook::Postrouting ? AddressKind::OtherNode : AddressKind::ThisNode,
        .from_local_process = hook == Hook::Output,
        .outer = true,
        .ipip = datapath_.cni.tunnel().encapsulation == Encapsulation::Ipip};
    std::vector<Step> always;
    const std::size_t begin = walk_.steps.size();
    rules_at(hook, outer);  // a model ties nat rules for outer packets to Condition::OuterUntracked
    for (std::size_t i = begin; i < walk_.steps.size(); ++i)
      walk_.steps[i].note = "outer packet: " + walk_.steps[i].note;
  }

  void outer_nat_setup(const char* which) {
    if (has_nat() && outer_per_flow())
      add(StepKind::NatSetup, std::string("outer packet: ") + which).when = Condition::OuterUntracked;
  }

  void enter_tunnel() {
    auto into = sink();
    datapath_.cni.encapsulate(into);
    if (passes_hooks()) outer_passes(Hook::Output, Hook::Postrouting);
  }

  /// Of flannel's exempt ones the hooks are left out.
  bool passes_hooks() const { return datapath_.cni.tunnel().tracked || datapath_.cni.has_felix(); }

  void outer_passes(Hook entry, Hook exit) {
    const bool tracked = datapath_.cni.tunnel().tracked;
    if (tracked) add(StepKind::ConntrackLookup, "outer packet");
    outer_hook(entry);
    if (tracked) outer_nat_setup("destination");
    outer_hook(exit);
    if (!tracked) return;
    outer_nat_setup("source");
    if (outer_per_flow()) add(StepKind::ConntrackInsert, "outer packet").when = Condition::OuterUntracked;
  }

  void leave_tunnel() {
    if (passes_hooks()) outer_passes(Hook::Prerouting, Hook::Input);
    auto into = sink();
    datapath_.cni.decapsulate(into);
  }

  // ---- packets that nobody waits for

  /// Adds the connection's other packets for this machine, whose own steps begin at `begin`: the ACKs of data, or the
  /// handshake's last packet and the close of a first packet.
  void add_unawaited(std::size_t begin, bool origin, bool last) {
    if (!tcp() || packet_ == PacketClass::SynAck) return;
    std::vector<Step> passages;
    if (first_) {
      // Established packets of this connection walk a shorter list than this one: take theirs.
      Assembler later(flow_, PacketClass::Request, datapath_, mappings_);
      later.want_ = node_;
      const Walk walk = later.run();
      passages.assign(walk.steps.begin() + static_cast<std::ptrdiff_t>(later.wanted_.first),
                      walk.steps.begin() + static_cast<std::ptrdiff_t>(later.wanted_.second));
    } else {
      if (want_ && *want_ == node_) wanted_ = {begin, walk_.steps.size()};
      passages.assign(walk_.steps.begin() + static_cast<std::ptrdiff_t>(begin), walk_.steps.end());
    }
    append_unawaited(walk_.steps, passages,
                     {.opening = first_, .origin = origin, .last = last, .place = place_, .node = node_});
  }

  FlowClass flow_;
  PacketClass packet_;
  const Datapath& datapath_;
  Mappings mappings_;
  std::vector<NodeRole> machines_;
  bool reply_ = false;
  bool first_ = false;
  bool new_connection_ = false;  ///< Conntrack has no confirmed entry for the packet yet.
  bool looped_ = false;          ///< It has come over a loopback device.
  bool from_host_ = false;
  bool to_host_ = false;
  PolicyPassage local_;  ///< What of the machine that it passes is an end of it.
  bool at_input_ =
      false;  ///< The Service's addresses are the node's own: its packets go through INPUT, and frames go up.
  bool skips_stack_ = false;  ///< Programs carry pods' packets past the node's IP stack.
  Walk walk_;
  Place place_ = Place::SendingCpu;
  NodeRole node_ = NodeRole::Client;
  HookPacket packet_state_;
  std::optional<NodeRole> want_;  ///< Whose steps the caller wants to know.
  std::pair<std::size_t, std::size_t> wanted_{0, 0};
};

}  // namespace

Walk describe(const FlowClass& flow, PacketClass packet, const Datapath& datapath) {
  Assembler first(flow, PacketClass::First, datapath, {});
  Walk walk = first.run();
  if (packet == PacketClass::First) {
    const Mappings& made = first.mappings();
    for (std::size_t i = walk.nodes.size(); i-- > 1 && !walk.masqueraded_by;) {
      if (made[index_of(walk.nodes[i - 1])].source) walk.masqueraded_by = walk.nodes[i - 1];
    }
    walk.leaves_for_endpoint = flow.exposure == Exposure::PodIp || flow.in_socket ||
                               (!walk.nodes.empty() && made[index_of(walk.nodes.front())].destination);
    return walk;
  }
  return Assembler(flow, packet, datapath, first.mappings()).run();
}

}  // namespace knetsim
