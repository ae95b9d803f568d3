#include "models/cost/step_kind.h"

#include <array>

namespace knetsim {

namespace {

using enum CostUnit;
using enum Charge;
using enum StepSide;
using K = StepKind;

// The traits that occur together.
constexpr StepTraits kPlain{};
constexpr StepTraits kThread{.in_thread = true};
constexpr StepTraits kThreadOnce{.in_thread = true, .opening = true};
constexpr StepTraits kOnce{.opening = true};
constexpr StepTraits kTracking{.tracking = true};
constexpr StepTraits kEntry{.opening = true, .tracking = true, .makes_entry = true};
constexpr StepTraits kProgram{.of_program = true};
constexpr StepTraits kMapEntry{.opening = true, .makes_entry = true, .of_program = true};
constexpr StepTraits kRule{.rule = true};
constexpr StepTraits kScanned{.rule = true, .scanned = true};
constexpr StepTraits kComputed{.computed = true};

// Functions as named in Linux v6.1. Latency without CPU: hardware, and a sleeping core's way back; CPU without latency:
// what nobody waits for.
constexpr std::array<StepKindInfo, kStepKinds> kKinds = {{
    {K::Connect, "connect", Connection, LatencyAndCpu, Sender, kThreadOnce,
     "socket(), connect() up to the SYN (tcp_v4_connect)"},
    {K::SendSyscall, "syscall.send", Message, LatencyAndCpu, Sender, kThread,
     "sendmsg() entry, tcp_sendmsg, tcp_write_xmit"},
    {K::CopyIn, "copy.in", Byte, LatencyAndCpu, Sender, kThread, "copy from user space"},
    {K::TcpTransmit, "tcp.transmit", Skb, LatencyAndCpu, Sender, kPlain, "tcp_transmit_skb, ip_queue_xmit"},
    {K::UdpTransmit, "udp.transmit", Skb, LatencyAndCpu, Sender, kPlain, "udp_sendmsg, ip_make_skb, ip_send_skb"},
    {K::Veth, "veth", Skb, LatencyAndCpu, Way, kPlain, "veth_xmit and the backlog of its peer (process_backlog)"},
    {K::Bridge, "bridge", Skb, LatencyAndCpu, Way, kPlain, "br_handle_frame, forwarding-database lookup, br_forward"},
    {K::Route, "route", Skb, LatencyAndCpu, Way, kPlain, "ip_route_input, fib lookup, ip_forward"},
    {K::RouteInput, "route.input", Skb, LatencyAndCpu, Way, kOnce,
     "the route of an arriving packet to a socket that has none cached (ip_route_input_slow)"},
    {K::NetfilterHook, "netfilter.hook", Skb, LatencyAndCpu, Way, kTracking,
     "a hook passed: its functions in turn, without lookup and rules (nf_hook_slow, nf_nat_inet_fn, nf_confirm)"},
    {K::ConntrackLookup, "conntrack.lookup", Skb, LatencyAndCpu, Way, kTracking,
     "nf_conntrack_in: hash, lookup, protocol state"},
    {K::ConntrackInsert, "conntrack.insert", Connection, LatencyAndCpu, Way, kEntry,
     "new entry: init_conntrack, nf_conntrack_confirm"},
    {K::IptablesTable, "iptables.table", Skb, LatencyAndCpu, Way, kPlain,
     "a table entered at a hook, legacy (ipt_do_table)"},
    {K::NftChain, "nft.chain", Skb, LatencyAndCpu, Way, kPlain, "a base chain entered at a hook (nft_do_chain)"},
    {K::Rule, "rule", CostUnit::Rule, LatencyAndCpu, Way, kScanned,
     "one iptables rule, legacy back end (ipt_do_table)"},
    {K::NftRule, "rule.nft", CostUnit::Rule, LatencyAndCpu, Way, kScanned,
     "one iptables rule, nft back end (nft_do_chain)"},
    {K::XtMatch, "xt.match", Match, LatencyAndCpu, Way, kPlain,
     "one match extension of an iptables rule, legacy (xt_match::match)"},
    {K::NftMatch, "xt.match.nft", Match, LatencyAndCpu, Way, kPlain,
     "one match extension of an iptables rule, nft (nft_match_eval)"},
    {K::NftExpression, "nft.rule", CostUnit::Rule, LatencyAndCpu, Way, kRule,
     "one nftables rule of native expressions (nft_do_chain)"},
    {K::VerdictMap, "nft.map", Lookup, LatencyAndCpu, Way, kPlain,
     "one nftables set or verdict-map lookup (nft_hash_lookup)"},
    {K::IpSet, "ipset", Lookup, LatencyAndCpu, Way, kPlain, "one ipset match (ip_set_test)"},
    {K::IpvsLookup, "ipvs.lookup", Lookup, LatencyAndCpu, Way, kPlain, "IPVS connection table (ip_vs_conn_in_get)"},
    {K::IpvsService, "ipvs.service", Lookup, LatencyAndCpu, Way, kOnce, "IPVS service table (ip_vs_service_find)"},
    {K::IpvsSchedule, "ipvs.schedule", Lookup, LatencyAndCpu, Way, kOnce,
     "one destination looked at by an IPVS scheduler"},
    {K::IpvsConnection, "ipvs.connection", Connection, LatencyAndCpu, Way, kOnce,
     "new IPVS connection (ip_vs_conn_new)"},
    {K::BpfProgram, "bpf.program", Skb, LatencyAndCpu, Way, kProgram,
     "an eBPF program entered, headers read (tcf_classify, __cgroup_bpf_run_filter_sock_addr)"},
    {K::BpfLookup, "bpf.lookup", Lookup, LatencyAndCpu, Way, kProgram,
     "one look-up in an eBPF map (htab_map_lookup_elem)"},
    {K::BpfUpdate, "bpf.update", Connection, LatencyAndCpu, Way, kMapEntry,
     "a new entry of an eBPF map (htab_lru_map_update_elem)"},
    {K::BpfRewrite, "bpf.rewrite", Skb, LatencyAndCpu, Way, kProgram,
     "an address and a port rewritten (bpf_skb_store_bytes, bpf_l3_csum_replace, bpf_l4_csum_replace)"},
    {K::BpfRedirect, "bpf.redirect", Skb, LatencyAndCpu, Way, kProgram,
     "a packet handed on past the IP stack (veth_xmit, bpf_fib_lookup, bpf_redirect_peer, bpf_redirect_neigh)"},
    {K::NatSetup, "nat.setup", Connection, LatencyAndCpu, Way, kEntry,
     "one NAT binding of a new connection (nf_nat_setup_info)"},
    {K::NatMangle, "nat.mangle", Skb, LatencyAndCpu, Way, kPlain,
     "addresses and checksums rewritten (nf_nat_manip_pkt)"},
    {K::VxlanEncap, "vxlan.encap", Skb, LatencyAndCpu, Way, kPlain,
     "vxlan_xmit, outer UDP and IP headers (udp_tunnel_xmit_skb)"},
    {K::VxlanDecap, "vxlan.decap", Skb, LatencyAndCpu, Way, kPlain, "vxlan_rcv, gro_cells_receive"},
    {K::IpipEncap, "ipip.encap", Skb, LatencyAndCpu, Way, kPlain,
     "ipip_tunnel_xmit, outer IP header (ip_tunnel_xmit, iptunnel_xmit)"},
    {K::IpipDecap, "ipip.decap", Skb, LatencyAndCpu, Way, kPlain, "ipip_rcv, ip_tunnel_rcv, gro_cells_receive"},
    {K::Loopback, "loopback", Skb, LatencyAndCpu, Way, kPlain, "loopback_xmit and its backlog"},
    {K::Qdisc, "qdisc", Skb, LatencyAndCpu, Device, kPlain, "__dev_queue_xmit, qdisc enqueue and dequeue"},
    {K::DriverTransmit, "driver.transmit", Skb, LatencyAndCpu, Device, kPlain,
     "the driver's ring and doorbell, its completion"},
    {K::NicTransmit, "nic.transmit", Message, LatencyOnly, Device, kPlain, "DMA and the sending NIC"},
    {K::Wire, "wire", WirePacket, LatencyOnly, Way, kComputed,
     "links between two nodes: serialisation, propagation, queues"},
    {K::SwitchForward, "switch", Message, LatencyOnly, Device, kComputed, "forwarding latency of one switch"},
    {K::NicReceive, "nic.receive", Message, LatencyOnly, Device, kPlain,
     "the receiving NIC, DMA, interrupt moderation"},
    {K::Interrupt, "interrupt", Message, LatencyAndCpu, Device, kPlain,
     "hard interrupt and NAPI schedule, once per busy batch"},
    {K::NapiPoll, "napi", WirePacket, LatencyAndCpu, Device, kPlain, "driver's poll, skb and GRO (napi_gro_receive)"},
    {K::IpReceive, "ip.receive", Skb, LatencyAndCpu, Way, kPlain, "ip_rcv, ip_local_deliver"},
    {K::TcpReceive, "tcp.receive", Skb, LatencyAndCpu, Receiver, kPlain,
     "tcp_v4_rcv on an established socket, the waker's part"},
    {K::TcpAccept, "tcp.accept", Connection, LatencyAndCpu, Receiver, kOnce,
     "SYN to SYN-ACK and the child socket (tcp_conn_request)"},
    {K::Accept, "accept", Connection, CpuOnly, Receiver, kThreadOnce, "accept(), beside the client's first request"},
    {K::TcpConnected, "tcp.connected", Connection, LatencyAndCpu, Receiver, kOnce,
     "SYN-ACK at the client, its ACK (tcp_rcv_synsent_state_process)"},
    {K::UdpReceive, "udp.receive", Skb, LatencyAndCpu, Receiver, kPlain, "udp_rcv, socket queue, the waker's part"},
    {K::Ack, "ack", CostUnit::Ack, CpuOnly, BothEnds, kPlain, "one pure ACK, sent or received (tcp_send_ack, tcp_ack)"},
    {K::WakeUp, "wake-up", CostUnit::WakeUp, LatencyOnly, Receiver, kThread,
     "the sleeping thread's core: IPI, exit from idle, switch"},
    {K::ReceiveSyscall, "syscall.receive", Message, LatencyAndCpu, Receiver, kThread,
     "epoll_wait() or recvmsg() taken up again, and exit"},
    {K::CopyOut, "copy.out", Byte, LatencyAndCpu, Receiver, kThread, "copy to user space"},
    {K::Close, "close", Connection, CpuOnly, BothEnds, kThread, "close(), FINs and their ACKs, TIME_WAIT"},
    {K::Interruption, "interruption", Message, LatencyAndCpu, Way, kComputed,
     "ticks, other interrupts, a hypervisor's turns"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kStepKinds; ++i) {
    if (static_cast<std::size_t>(kKinds[i].kind) != i) return false;
  }
  return true;
}
static_assert(in_order(), "kKinds stands in the order of StepKind");

constexpr std::array<std::string_view, 10> kUnitNames = {"connection", "message", "skb",  "packet", "ack",
                                                         "byte",       "wake-up", "rule", "lookup", "match"};

}  // namespace

std::span<const StepKindInfo> step_kinds() { return kKinds; }

const StepKindInfo& info(StepKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<StepKind> step_kind_named(std::string_view name) {
  for (const StepKindInfo& entry : kKinds) {
    if (entry.name == name) return entry.kind;
  }
  return std::nullopt;
}

std::string_view name_of(CostUnit unit) { return kUnitNames[static_cast<std::size_t>(unit)]; }

}  // namespace knetsim
