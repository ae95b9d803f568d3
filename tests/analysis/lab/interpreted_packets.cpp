#include "interpreted_packets.h"

#include <gtest/gtest.h>

namespace knetsim {

void pass(RulesetInterpreter& node, RulePacket& packet, const std::vector<Hook>& hooks, const RuleChoice& choice) {
  for (const Hook hook : hooks) {
    EXPECT_EQ(node.at_hook(hook, packet, choice).verdict, Verdict::Accept) << "hook " << static_cast<int>(hook);
  }
}

RulePacket connection_at(RulesetInterpreter& node, const RulePacket& syn, const RuleChoice& choice,
                         const HooksPassed& hooks) {
  RulePacket left = syn;
  pass(node, left, hooks.there, choice);
  RulePacket answer{.source = left.destination, .destination = syn.source, .state = CtState::Established};
  pass(node, answer, hooks.back);
  for (int packet = 0; packet < 2; ++packet) {  // ACK, RST
    RulePacket later = onward(left, syn.source);
    later.state = CtState::Established;
    pass(node, later, hooks.there);
  }
  return left;
}

RulePacket onward(const RulePacket& left, Ipv4 source) {
  return {.transport = left.transport,
          .source = source,
          .destination = left.destination,
          .destination_port = left.destination_port};
}

void stopped_at(RulesetInterpreter& node, const RulePacket& syn, const std::vector<Hook>& hooks, Verdict verdict,
                std::uint32_t syns) {
  for (std::uint32_t sent = 0; sent < syns; ++sent) {
    RulePacket packet = syn;
    pass(node, packet, {hooks.begin(), hooks.end() - 1});
    EXPECT_EQ(node.at_hook(hooks.back(), packet, {}).verdict, verdict);
  }
}

RulePacket outer_packet(Ipv4 source, Ipv4 destination) {
  return {.transport = Transport::Udp, .source = source, .destination = destination, .destination_port = 8472};
}

void tunnel_packets(RulesetInterpreter& from, Ipv4 source, RulesetInterpreter& to, Ipv4 destination, int packets) {
  for (int packet = 0; packet < packets; ++packet) {
    RulePacket sent = outer_packet(source, destination);
    sent.nat_bound = packet > 0;
    RulePacket received = sent;
    pass(from, sent, kSent);
    pass(to, received, kReceived);
  }
}

}  // namespace knetsim
