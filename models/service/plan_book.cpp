#include "models/service/plan_book.h"

#include <algorithm>

#include "models/walk/bindings.h"
#include "sim/core/ensure.h"

namespace knetsim {
namespace {

template <class Walks>
PlanBook::OpeningRules opening_rules(const Walks& walks) {
  PlanBook::OpeningRules rules;
  for (const PacketClass packet : {PacketClass::First, PacketClass::SynAck}) {
    for (const Step& step : walks[static_cast<std::size_t>(packet)].steps) {
      if (!info(step.kind).traits.rule || step.passage != Passage::Message) continue;
      auto& counts = step.when == Condition::OuterUntracked ? rules.untracked : rules.tracked;
      counts[static_cast<std::size_t>(step.node)] += step.count;
    }
  }
  return rules;
}

double value(const Count& count, const FlowSymbols& connection, const MachineSymbols& node) {
  double sum = count.fixed;
  for (const Count::Term& term : count.terms) {
    sum += term.coefficient * symbol_value(symbol_index(term.symbol), connection, node);
  }
  return sum;
}

}  // namespace

double PlanBook::OpeningRules::value(const FlowSymbols& connection, const std::array<const MachineSymbols*, 3>& node,
                                     double outer_untracked) const {
  double rules = 0;
  for (std::size_t role = 0; role < node.size(); ++role) {
    if (node[role] == nullptr) continue;
    rules += knetsim::value(tracked[role], connection, *node[role]);
    if (outer_untracked > 0) rules += outer_untracked * knetsim::value(untracked[role], connection, *node[role]);
  }
  return rules;
}

const PlanBook::Entry& PlanBook::at(const FlowClass& flow) {
  std::unique_ptr<Entry>& entry = entries_[flow];
  if (!entry) {
    entry = std::make_unique<Entry>();
    for (std::size_t i = 0; i < entry->walks.size(); ++i) {
      const auto packet = static_cast<PacketClass>(i);
      if (flow.transport == Transport::Udp && packet == PacketClass::SynAck) {
        continue;
      }
      entry->walks[i] = describe(flow, packet, datapath_);
      const bool tcp = flow.transport == Transport::Tcp;
      const FlowMtu mtu = flow_mtu(mtu_, flow, entry->walks[i].outer_bytes, tcp ? kTcpHeaderBytes : kUdpHeaderBytes);
      entry->fits = mtu.fits;
      entry->plans.plan[i] = compile(entry->walks[i], profile_, tables_,
                                     {.packet = packet, .transport = flow.transport, .mtu = mtu.outer});
    }
    entry->nodes = entry->walks[0].nodes;
    entry->opening = opening_rules(entry->walks);
    // What a client does itself where it waits for the end is part of what the end takes at its machine.
    Plan& first = entry->plans[FlowPacket::First];
    first.reading_end_ps =
        std::min(first.closing_ps[0],
                 empty_segment_thread_ps(entry->plans[FlowPacket::Response], tables_, StagePlace::ReceiverCore) +
                     empty_segment_thread_ps(entry->plans[FlowPacket::Request], tables_, StagePlace::SenderCore));
  }
  return *entry;
}

PlanBook::Known PlanBook::known(const FlowPlans& plans) const {
  for (const auto& [flow, entry] : entries_) {
    if (&entry->plans == &plans) return {flow, entry.get()};
  }
  KNETSIM_ENSURE(false, "plans of another book");
  return {};
}

}  // namespace knetsim
