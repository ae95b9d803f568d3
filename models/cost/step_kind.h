#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace knetsim {

/// What a cost is charged for. An skb is a GSO/GRO aggregate of up to 64 KiB; a wire packet is one MTU's worth of it.
enum class CostUnit : std::uint8_t { Connection, Message, Skb, WirePacket, Ack, Byte, WakeUp, Rule, Lookup, Match };

/// Whether a cost delays the message, occupies a core, or both.
enum class Charge : std::uint8_t { LatencyAndCpu, LatencyOnly, CpuOnly };

/// What the kernel does in one step of a walk, in the kernel's own words. The order is that of a sending, then of a
/// receiving host; the results name kinds by their text, never by this number.
enum class StepKind : std::uint8_t {
  Connect,          ///< connect(): socket, route, SYN built (tcp_v4_connect)
  SendSyscall,      ///< sendmsg() entry, tcp_sendmsg, tcp_write_xmit
  CopyIn,           ///< copy_from_user, per byte
  TcpTransmit,      ///< per skb: tcp_transmit_skb, ip_queue_xmit, clone
  UdpTransmit,      ///< per datagram: udp_sendmsg, ip_make_skb, ip_send_skb
  Veth,             ///< veth_xmit and the backlog of its peer
  Bridge,           ///< br_handle_frame, forwarding-database lookup, br_forward
  Route,            ///< fib lookup, ip_forward
  RouteInput,       ///< an arriving packet's route to a local socket that has none cached (ip_route_input_slow)
  NetfilterHook,    ///< a hook of netfilter passed by a tracked packet, but for its lookup and rules (nf_hook_slow)
  ConntrackLookup,  ///< nf_conntrack_in on a packet of a known connection
  ConntrackInsert,  ///< a new entry: allocation, nf_conntrack_confirm
  IptablesTable,    ///< a table entered at a hook, legacy back end (ipt_do_table but its rules)
  NftChain,         ///< a base chain entered at a hook, either nft (nft_do_chain but its rules)
  Rule,             ///< one iptables rule evaluated by the legacy back end (ipt_do_table)
  NftRule,          ///< one iptables rule evaluated by the nft back end (nft_do_chain)
  XtMatch,          ///< one match extension of such a rule, legacy back end (ipt_do_table calls xt_match::match)
  NftMatch,         ///< one match extension of such a rule, nft back end (an expression: nft_match_eval)
  NftExpression,    ///< one nftables rule of native expressions evaluated
  VerdictMap,       ///< one nftables set or verdict-map lookup
  IpSet,            ///< one ipset match
  IpvsLookup,       ///< IPVS connection-table lookup, on every packet
  IpvsService,      ///< IPVS service-table lookup
  IpvsSchedule,     ///< IPVS scheduler: one destination looked at
  IpvsConnection,   ///< a new IPVS connection entry
  BpfProgram,       ///< an eBPF program entered at a hook of a device or a control group, packet headers read
  BpfLookup,        ///< one look-up in an eBPF map
  BpfUpdate,        ///< a new entry of an eBPF map
  BpfRewrite,       ///< one address and port of a packet rewritten by a program, checksums included
  BpfRedirect,      ///< a packet handed between a pod and a NIC by programs (bpf_redirect_peer, bpf_redirect_neigh)
  NatSetup,         ///< choice of the NAT mapping of a new connection (nf_nat_setup_info)
  NatMangle,        ///< the stored mapping applied to a packet (nf_nat_packet)
  VxlanEncap,       ///< vxlan_xmit, outer UDP and IP headers
  VxlanDecap,       ///< vxlan_rcv, gro_cells
  IpipEncap,        ///< ipip_tunnel_xmit, outer IP header
  IpipDecap,        ///< ipip_rcv, gro_cells
  Loopback,         ///< loopback_xmit and its backlog
  Qdisc,            ///< __dev_queue_xmit, qdisc enqueue and dequeue
  DriverTransmit,   ///< driver's ring, per skb (TSO) and per wire packet
  NicTransmit,      ///< latency of DMA and the sending NIC
  Wire,             ///< links between two nodes: serialisation, propagation, queues; the engine's own arithmetic
  SwitchForward,    ///< latency of one switch
  NicReceive,       ///< latency of the receiving NIC, DMA, interrupt moderation
  Interrupt,        ///< hard interrupt and NAPI schedule, once per busy batch
  NapiPoll,         ///< driver's poll and GRO, per wire packet
  IpReceive,        ///< ip_rcv to ip_local_deliver, per skb
  TcpReceive,       ///< tcp_v4_rcv on an established socket, per skb
  TcpAccept,        ///< SYN, SYN-ACK and the child socket at the server
  Accept,           ///< accept() at the server; overlaps with the client's first request
  TcpConnected,     ///< SYN-ACK processed at the client, socket established
  UdpReceive,       ///< udp_rcv, per skb
  Ack,              ///< pure ACKs sent and received, per ACK
  WakeUp,           ///< the sleeping thread woken: try_to_wake_up, IPI, exit from idle
  ReceiveSyscall,   ///< epoll or recvmsg() entry and exit
  CopyOut,          ///< copy_to_user, per byte
  Close,            ///< close() and what follows: FINs and their ACKs, TIME_WAIT, the socket's end
  Interruption,     ///< what else the machine does meanwhile: ticks, other interrupts, a hypervisor's turns
  kCount
};

inline constexpr std::size_t kStepKinds = static_cast<std::size_t>(StepKind::kCount);

/// Whose work a step is.
enum class StepSide : std::uint8_t {
  Way,       ///< Of whatever passes: bridges, hooks, rules, tunnels.
  Sender,    ///< The sending socket's, and its thread's.
  Receiver,  ///< The receiving socket's, and its thread's.
  BothEnds,  ///< Of either end, beside its messages: ACKs, the close.
  Device,    ///< Hardware, its driver and the queue in front of it: a pair of namespaces on one machine has none.
};

/// What is true of a kind whatever it costs, for those who sort steps. All false where nothing is said.
struct StepTraits {
  bool in_thread = false;    ///< Done by the application's own thread, in a system call or on its wake-up.
  bool opening = false;      ///< Of the packets that open a connection alone: no later one meets it.
  bool tracking = false;     ///< Conntrack's, and the hooks that are there for it.
  bool makes_entry = false;  ///< Allocates or binds an entry of a table: its time varies more than other work's.
  bool rule = false;         ///< One rule evaluated: what `rules_evaluated` counts.
  bool scanned = false;      ///< A rule of a table that is scanned from its start; profiles give it under `scans`. An
                             ///< established packet, whose few rules stay in the cache, pays the warm figure.
  bool of_program = false;   ///< Done by an eBPF program of the pod network or of the proxy mode.
  bool computed = false;     ///< The network computes it (links, switches), or it has a section of its own in a profile
                             ///< (interruptions): no profile has it among its steps.
};

/// What is known of a kind. A new kind is its name above and its line in step_kind.cpp: nobody else asks which it is.
struct StepKindInfo {
  StepKind kind;
  std::string_view name;  ///< As in profiles, traces and results: "conntrack.lookup".
  CostUnit unit;
  Charge charge;
  StepSide side;
  StepTraits traits;
  std::string_view what;  ///< One line for people, with the kernel functions it stands for.
};

/// All kinds, in the order of StepKind. Shape (kStepKinds,).
std::span<const StepKindInfo> step_kinds();
const StepKindInfo& info(StepKind kind);
std::optional<StepKind> step_kind_named(std::string_view name);
std::string_view name_of(CostUnit unit);

}  // namespace knetsim
