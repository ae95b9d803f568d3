#include "models/workload/attempt.h"

namespace knetsim {

std::optional<Time> connecting_since(const AttemptState& state) {
  if (const auto* connecting = std::get_if<Connecting>(&state)) return connecting->since;
  if (const auto* sent = std::get_if<SynSent>(&state)) return sent->since;
  if (const auto* refused = std::get_if<Refused>(&state)) return refused->connecting_since;
  if (const auto* unanswered = std::get_if<Unanswered>(&state)) return unanswered->connecting_since;
  if (const auto* sending = std::get_if<Sending>(&state)) return sending->connecting_since;
  return std::nullopt;
}

bool in_network(const AttemptState& state) {
  return std::holds_alternative<SynSent>(state) || std::holds_alternative<RequestUnderWay>(state) ||
         std::holds_alternative<ResponseUnderWay>(state);
}

bool at_server(const AttemptState& state) {
  return std::holds_alternative<Queued>(state) || std::holds_alternative<Working>(state) ||
         std::holds_alternative<Sleeping>(state) || std::holds_alternative<Calling>(state) ||
         std::holds_alternative<Answering>(state);
}

}  // namespace knetsim
