#pragma once

#include <vector>

#include "models/proxy/ruleset_interpreter.h"

namespace knetsim {

// The packets of the lab's connections, taken through the interpreters of the nodes that they pass.

inline const std::vector<Hook> kForwarded = {Hook::Prerouting, Hook::Forward, Hook::Postrouting};
inline const std::vector<Hook> kSent = {Hook::Output, Hook::Postrouting};
inline const std::vector<Hook> kReceived = {Hook::Prerouting, Hook::Input};

/// One packet at hooks that all accept it; changes the packet.
void pass(RulesetInterpreter& node, RulePacket& packet, const std::vector<Hook>& hooks, const RuleChoice& choice = {});

/// The hooks of one node that a connection's packets pass, to the server and back to the client.
struct HooksPassed {
  std::vector<Hook> there = kForwarded;
  std::vector<Hook> back = kForwarded;
};
/// The four packets of a connection that is opened and reset, at one node: SYN, SYN-ACK, ACK, RST.
/// @return  The SYN as the rules have left it.
RulePacket connection_at(RulesetInterpreter& node, const RulePacket& syn, const RuleChoice& choice = {},
                         const HooksPassed& hooks = {});
/// What the next node receives of a packet that this one has let go, from `source`.
RulePacket onward(const RulePacket& left, Ipv4 source);

/// SYNs that each end at the last of `hooks`, with `verdict` there.
void stopped_at(RulesetInterpreter& node, const RulePacket& syn, const std::vector<Hook>& hooks, Verdict verdict,
                std::uint32_t syns);

/// A tunnel's own packet (VXLAN), of a tuple that conntrack has not seen.
RulePacket outer_packet(Ipv4 source, Ipv4 destination);
/// The outer packets of one direction of a tunnel: the first is tracked, the others find their entry, and all
/// are NEW.
void tunnel_packets(RulesetInterpreter& from, Ipv4 source, RulesetInterpreter& to, Ipv4 destination, int packets);

}  // namespace knetsim
