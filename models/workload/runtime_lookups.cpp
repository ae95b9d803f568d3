// Names in TrafficRuntime: what a resolver asks, round by round, and what a name server does with a question.

#include <utility>

#include "models/workload/runtime.h"

namespace knetsim {

bool TrafficRuntime::take_step(AttemptIndex index, const SearchNames& step, ThreadWork& before, Time now) {
  KNETSIM_ENSURE(before.cpu == Duration{}, "a look-up is the only step of its script");
  leaves_thread(index, now);
  const LookupSpec& lookup = plan_.lookups[step.lookup];
  AskingNames first;
  if (lookup.one_by_one) first.mode = AskingNames::Mode::OneByOne;
  if (lookup.reopens) first.mode = AskingNames::Mode::Reopening;
  ask(index, first, now);
  return false;
}

const LookupRound& TrafficRuntime::round_of(const Attempt& attempt, const AskingNames& state) const {
  const LookupSpec& lookup = plan_.lookups[std::get<SearchNames>(step_of(attempt)).lookup];
  return state.after_failure ? *lookup.after_failure : lookup.rounds[state.round];
}

/// Sends the questions of the round from `next.place` on, as its mode says.
void TrafficRuntime::ask(AttemptIndex index, AskingNames next, Time now) {
  Attempt& attempt = attempts_[index];
  const auto questions = static_cast<std::uint32_t>(round_of(attempt, next).questions.size());
  if (next.mode == AskingNames::Mode::Reopening) close_socket(next);
  next.calls = CallGroup(next.mode == AskingNames::Mode::Together ? questions : 1);
  attempt.state = next;
  start_next_call(index, now);
}

void TrafficRuntime::close_socket(AskingNames& state) {
  if (state.socket == AskingNames::kNoSocket) return;
  sockets_.release(state.socket);
  state.socket = AskingNames::kNoSocket;
}

void TrafficRuntime::on(AttemptIndex index, const AskingNames& state, CallsEnded /*news*/, Time now) {
  Attempt& attempt = attempts_[index];
  using Mode = AskingNames::Mode;
  AskingNames next = state;
  if (attempt.abandoned) {
    close_socket(next);
    discard(index, now);
    return;
  }
  const LookupRound& round = round_of(attempt, state);
  const std::uint32_t failures = state.calls.failures();
  if (failures == 0) {
    next.place = static_cast<std::uint8_t>(state.place + state.calls.size());
    if (next.place < round.questions.size()) {
      ask(index, next, now);
    } else {
      round_answered(index, next, now);
    }
    return;
  }
  // One of two is answered: glibc asks both anew, and is content with the one when that was tried in every way.
  const bool half = failures < state.calls.size() || state.place > 0;
  next.place = 0;
  if (half && state.mode == Mode::Reopening) {
    round_answered(index, next, now);
  } else if (half) {
    next.mode = state.mode == Mode::Together ? Mode::OneByOne : Mode::Reopening;
    ask(index, next, now);
  } else {
    round_failed(index, next, now);
  }
}

/// @param state  Its socket is closed.
void TrafficRuntime::round_answered(AttemptIndex index, AskingNames state, Time now) {
  Attempt& attempt = attempts_[index];
  const LookupSpec& lookup = plan_.lookups[std::get<SearchNames>(step_of(attempt)).lookup];
  close_socket(state);
  if (round_of(attempt, state).found) {
    ended(index, Outcome::Ok, now);
    return;
  }
  const AskingNames next{.calls = {}, .round = static_cast<std::uint16_t>(state.round + 1), .mode = state.mode};
  if (!state.after_failure && next.round < lookup.rounds.size()) {
    ask(index, next, now);
    return;
  }
  attempt.failure = Failure::Call;  // there is no such name
  failed_unsent(index, now);
}

/// No question of the round was answered. @param state  Its socket is closed.
void TrafficRuntime::round_failed(AttemptIndex index, AskingNames state, Time now) {
  Attempt& attempt = attempts_[index];
  const LookupSpec& lookup = plan_.lookups[std::get<SearchNames>(step_of(attempt)).lookup];
  close_socket(state);
  if (state.attempt + 1U < lookup.attempts) {
    ++state.attempt;
    ask(index, state, now);
    return;
  }
  const bool was_as_it_is = state.after_failure || !lookup.after_failure ||
                            round_of(attempt, state).questions == lookup.after_failure->questions;
  if (!was_as_it_is) {
    ask(index, {.calls = {}, .mode = state.mode, .after_failure = true}, now);
    return;
  }
  attempt.failure = Failure::Unreachable;
  failed_unsent(index, now);
}

/// What one question of a round is drawn by: where it stands, of which round and which attempt at it.
void TrafficRuntime::put_question(Request& request, const Attempt& resolver, const AskingNames& state,
                                  std::uint32_t place) const {
  const std::uint32_t at = state.place + place;
  request.question = round_of(resolver, state).questions[at];
  const std::uint64_t which = (std::uint64_t{state.round} << 32) | (std::uint64_t{state.attempt} << 24) |
                              (static_cast<std::uint64_t>(state.mode) << 16) | (state.after_failure ? 1U << 8 : 0U) |
                              at;
  request.id = hash_combine(request.id, which);
}

/// Of a question's datagram. Those of one round leave from one socket, but where the resolver opens one for each: the
/// second is a packet of the first one's flow, as are those that are sent again from it.
Dial TrafficRuntime::dial_for_question(AttemptIndex index, std::uint64_t id, Time now) {
  Attempt& attempt = attempts_[index];
  const Request& request = attempt.request;
  Attempt* const resolver = request.caller == kNoAttempt ? nullptr : &attempts_[request.caller];
  auto* const asking = resolver == nullptr ? nullptr : std::get_if<AskingNames>(&resolver->state);
  if (asking == nullptr || resolver->abandoned)
    return dialer_.dial(request.edge, request.client, id, now);  // a server asks
  if (asking->socket != AskingNames::kNoSocket) {
    attempt.connection.borrowed = true;
    attempt.connection.exchanges = 1;
    return sockets_[asking->socket];
  }
  asking->socket = sockets_.take();
  return sockets_[asking->socket] = dialer_.dial(request.edge, request.client, id, now);
}

TrafficRuntime::Turn TrafficRuntime::turn_at(AttemptIndex index, AnswerRule rule, Time now) {
  const Attempt& attempt = attempts_[index];
  const QuestionIndex asked = attempt.request.question;
  if (asked == kNoQuestion) return Turn::End;  // another client's datagram: as one that it knows by itself
  const Question& question = plan_.questions[asked];
  const Server server = server_of(attempt);
  const std::uint64_t key = (std::uint64_t{asked} << 32) | server.pod;
  switch (rule) {
    case AnswerRule::EndWhereKnown:
      return question.known_to == servers_.app_index(server) || kept_answers_.has(key, now) ? Turn::End
                                                                                            : Turn::PassOver;
    case AnswerRule::Keep:
      if (attempt.outcome == Outcome::Ok) kept_answers_.keep(key, now + question.keep);
      return Turn::PassOver;
    case AnswerRule::WhereInCluster:
      return question.known_to != kNoIndex ? Turn::Take : Turn::PassOver;
    case AnswerRule::WhereBeyond:
      return question.known_to == kNoIndex ? Turn::Take : Turn::PassOver;
    case AnswerRule::None:
      break;
  }
  return Turn::Take;
}

}  // namespace knetsim
