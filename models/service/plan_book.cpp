#include "models/service/plan_book.h"

#include <algorithm>
#include <utility>

#include "sim/core/ensure.h"

namespace knetsim {

const PlanBook::Entry& PlanBook::at(const FlowClass& flow) {
  std::unique_ptr<Entry>& entry = entries_[flow];
  if (!entry) {
    entry = std::make_unique<Entry>();
    entry->plans.epoch = epoch_;
    for (std::size_t i = 0; i < entry->walks.size(); ++i) {
      const auto packet = static_cast<PacketClass>(i);
      if (flow.transport == Transport::Udp && packet == PacketClass::SynAck) {
        continue;
      }
      entry->walks[i] = describe(flow, packet, *datapath_);
      entry->plans.plan[i] =
          compile(entry->walks[i], profile_, tables_, {.packet = packet, .transport = flow.transport, .mtu = mtu_});
    }
    entry->nodes = entry->walks[0].nodes;
    // What a client does itself where it waits for the end is part of what the end takes at its machine.
    Plan& first = entry->plans[FlowPacket::First];
    first.reading_end_ps =
        std::min(first.closing_ps[0],
                 empty_segment_thread_ps(entry->plans[FlowPacket::Response], tables_, StagePlace::ReceiverCore) +
                     empty_segment_thread_ps(entry->plans[FlowPacket::Request], tables_, StagePlace::SenderCore));
  }
  return *entry;
}

void PlanBook::renew(const Datapath& datapath) {
  datapath_.emplace(datapath);
  retired_.push_back(std::exchange(entries_, {}));
  ++epoch_;
}

PlanBook::Known PlanBook::known(const FlowPlans& plans) const {
  KNETSIM_ENSURE(plans.epoch <= epoch_, "plans of another book");
  for (const auto& [flow, entry] : plans.epoch == epoch_ ? entries_ : retired_[plans.epoch]) {
    if (&entry->plans == &plans) return {flow, entry.get()};
  }
  KNETSIM_ENSURE(false, "plans of another book");
  return {};
}

}  // namespace knetsim
