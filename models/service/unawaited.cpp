#include "models/service/unawaited.h"

#include <utility>

namespace knetsim {
namespace {

/// What the passage of one more small packet takes on this machine, beyond the socket and NIC work that the figures
/// of Ack and Close hold for the two ends.
bool of_passage(StepKind kind, bool end) {
  const StepKindInfo& known = info(kind);
  if (known.traits.opening) return false;
  return known.side == StepSide::Way || (known.side == StepSide::Device && !end);
}

}  // namespace

void append_unawaited(std::vector<Step>& steps, std::span<const Step> passages, const UnawaitedPlace& at) {
  const bool end = at.origin || at.last;
  const auto add = [&](StepKind kind, const char* note, const Count& count) {
    steps.push_back({.kind = kind, .place = at.place, .node = at.node, .count = count, .note = note});
  };
  bool lookup_held = end;  // one lookup and one ip_rcv are in the ends' own figures
  bool receive_held = end;
  if (at.opening) {
    if (at.origin) add(StepKind::Close, "", 1);
    if (at.last) add(StepKind::Close, "passive close", kPassiveClose);
  } else {
    if (at.origin) add(StepKind::Ack, "received", 1);
    if (at.last) add(StepKind::Ack, "sent", 1);
  }
  for (const Step& passage : passages) {
    if (passage.passage != Passage::Message || passage.when == Condition::OuterUntracked ||
        !of_passage(passage.kind, end)) {
      continue;
    }
    if (passage.kind == StepKind::ConntrackLookup && std::exchange(lookup_held, false)) continue;
    if (passage.kind == StepKind::IpReceive && std::exchange(receive_held, false)) continue;
    Step step = passage;
    step.place = at.place;
    step.when = Condition::Always;
    step.passage = at.opening ? Passage::Unawaited : Passage::Ack;
    step.wire_bytes = 0;
    if (at.opening) step.count *= kUnawaitedPackets;
    step.note = at.opening ? "FINs and ACKs" : "ACK";
    steps.push_back(std::move(step));
  }
}

}  // namespace knetsim
