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

/// Sends the questions of the round from `next.place` on, as its mode says.
void TrafficRuntime::ask(AttemptIndex index, AskingNames next, Time now) {
  Attempt& attempt = attempts_[index];
  const auto questions = static_cast<std::uint32_t>(round_of(attempt, next).questions.size());
  if (next.mode == AskingNames::Mode::Reopening && next.place > 0) close_socket(next);
  next.calls = CallGroup(next.mode == AskingNames::Mode::Together ? questions : 1);
  attempt.state = next;
  start_next_call(index, now);
}

void TrafficRuntime::close_socket(AskingNames& state) {
  if (state.socket == AskingNames::kNoSocket) return;
  sockets_.release(state.socket);
  state.socket = AskingNames::kNoSocket;
}

AskingNames* TrafficRuntime::asking_of(const Attempt& question) {
  const Request& request = question.request;
  if (request.caller == kNoAttempt || request.question == kNoQuestion) return nullptr;
  return std::get_if<AskingNames>(&attempts_[request.caller].state);
}

std::uint32_t TrafficRuntime::place_of(const Attempt& question, const AskingNames& state) const {
  const std::vector<QuestionIndex>& questions = round_of(attempts_[question.request.caller], state).questions;
  return questions[0] == question.request.question ? 0 : 1;
}

/// What a resolver makes of the end of one of its questions. Who has no answer is in neither set.
void TrafficRuntime::note_answer(AskingNames& state, const Attempt& question, Outcome outcome) const {
  const auto bit = static_cast<std::uint8_t>(1U << place_of(question, state));
  const bool replied = outcome == Outcome::Ok || (outcome == Outcome::Error && question.answer > Bytes{});
  state.got_somewhere = state.got_somewhere || replied;
  if (outcome == Outcome::Ok) {
    state.answered |= bit;
  } else if (replied) {
    state.rejected |= bit;
    state.failed_there = state.failed_there || question.failure != Failure::Refused;
  } else if (outcome == Outcome::Error) {  // at once: the socket was told, or could not be connected
    state.refused = true;
  }
}

/// Of an answer that is a refusal or a failure, and of what closed ports send (Linux v6.1 net/ipv4/udp.c, __udp4_lib_err:
/// sockets that are not connected are told nothing).
bool TrafficRuntime::hears_no_refusal(const Attempt& question) const {
  const Request& request = question.request;
  if (question.abandoned || request.caller == kNoAttempt || request.question == kNoQuestion) return false;
  const Attempt& resolver = attempts_[request.caller];
  return std::holds_alternative<AskingNames>(resolver.state) && lookup_of(resolver).resolver == NameResolver::Musl;
}

/// Whether an answer to a copy that its resolver has given up comes to a socket that is still open: all copies of a question
/// have its identifier, and whichever is answered, it is (res_send.c, "hp->id == anhp->id"; res_msend.c, "find which query
/// this answer goes with").
bool TrafficRuntime::answers_late(const Attempt& question) {
  const AskingNames* const asking = question.socket == 0 ? nullptr : asking_of(question);
  return asking != nullptr && asking->socket != AskingNames::kNoSocket &&
         sockets_[asking->socket].serial == question.socket;
}

/// The resolver's thread has read such an answer. Where the question is out once more, that copy is not waited for any
/// longer; where its turn is yet to come, it is not asked again (glibc sends it, and does not wait for the answer).
/// @param copy  The attempt that is answered.
void TrafficRuntime::answered_late(const Attempt& copy, Time now) {
  AskingNames& asking = *asking_of(copy);
  const ResolverSocket& socket = sockets_[asking.socket];
  const std::uint32_t place = place_of(copy, asking);
  const AttemptIndex live = socket.asked[place];  // there is one: the copy left from this socket
  const Attempt& last = attempts_[live];
  const bool waits = last.serial != 0 && !last.abandoned && last.socket == socket.serial &&
                     last.request.question == copy.request.question;
  if (!waits) {
    asking.answered |= static_cast<std::uint8_t>(1U << place);
    asking.got_somewhere = true;
    return;
  }
  const AttemptIndex heir = leave_behind(live, now);
  if (std::holds_alternative<Unanswered>(last.state)) discard(live, now);
  attempts_[heir].payload = copy.payload;
  report_up(attempts_[heir], Outcome::Ok, now);
  free(heir);
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
  if (state.refused) {  // send_dg() leaves by err_out
    attempt_failed(index, next, now);
    return;
  }
  const auto asked = static_cast<std::uint8_t>(((1U << state.calls.size()) - 1) << state.place);
  if ((asked & ~(state.answered | state.rejected)) == 0) {
    next.place = static_cast<std::uint8_t>(state.place + state.calls.size());
    if ((state.answered & (1U << next.place)) != 0) ++next.place;  // by a copy of before
    if (next.place < round_of(attempt, state).questions.size()) {
      ask(index, next, now);
    } else if (state.answered != 0) {
      round_answered(index, next, now);
    } else {
      attempt_failed(index, next, now);
    }
    return;
  }
  next.got_somewhere = true;
  // One of two is answered: glibc asks both anew, and is content with the one when that was tried in every way.
  const bool half = state.answered != 0 && lookup_of(attempt).resolver == NameResolver::Glibc;
  if (!half) {
    attempt_failed(index, next, now);
  } else if (state.mode == Mode::Reopening) {
    round_answered(index, next, now);
  } else {
    next.mode = state.mode == Mode::Together ? Mode::OneByOne : Mode::Reopening;
    if (next.mode == Mode::Reopening) close_socket(next);
    next.place = next.answered = next.rejected = 0;
    next.failed_there = false;
    ask(index, next, now);
  }
}

void TrafficRuntime::round_answered(AttemptIndex index, AskingNames state, Time now) {
  Attempt& attempt = attempts_[index];
  const LookupRound& round = round_of(attempt, state);
  close_socket(state);
  if (round.found && (state.answered & (1U << round.found_by)) != 0) {
    ended(index, Outcome::Ok, now);
    return;
  }
  const AskingNames next{.calls = {}, .round = static_cast<std::uint16_t>(state.round + 1), .mode = state.mode};
  if (next.round < lookup_of(attempt).all()) {
    ask(index, next, now);
    return;
  }
  attempt.failure = Failure::Call;  // there is no such name
  failed_unsent(index, now);
}

/// An attempt at the round has come to nothing. glibc's next one leaves from the same socket, but where that was told of
/// an error, or its one question was rejected (send_dg: err_out and next_ns close it, a timeout does not).
void TrafficRuntime::attempt_failed(AttemptIndex index, AskingNames state, Time now) {
  const Attempt& attempt = attempts_[index];
  const bool one = round_of(attempt, state).questions.size() == 1;
  if (state.refused || (one && state.rejected != 0)) close_socket(state);
  if (state.attempt + 1U >= lookup_of(attempt).attempts) {
    round_failed(index, state, now);
    return;
  }
  ++state.attempt;
  state.place = state.answered = state.rejected = 0;
  state.refused = state.failed_there = false;
  ask(index, state, now);
}

/// No attempt at the round had an answer.
void TrafficRuntime::round_failed(AttemptIndex index, AskingNames state, Time now) {
  Attempt& attempt = attempts_[index];
  const LookupSpec& lookup = lookup_of(attempt);
  const LookupRound& round = lookup.round(state.round);
  close_socket(state);
  const bool refused = state.refused && !state.got_somewhere;
  std::optional<std::uint16_t> next = refused ? round.after_refusal : round.after_failure;
  if (state.failed_there && state.round + 1U < lookup.all()) next = static_cast<std::uint16_t>(state.round + 1);
  if (next) {
    ask(index, {.calls = {}, .round = *next, .mode = state.mode}, now);
    return;
  }
  const bool denied = state.rejected != 0 && !state.failed_there;
  attempt.failure = refused || denied ? Failure::Refused : state.failed_there ? Failure::Call : Failure::Unreachable;
  failed_unsent(index, now);
}

/// What one question of a round is drawn by: where it stands, of which round and which attempt at it.
void TrafficRuntime::put_question(Request& request, const Attempt& resolver, const AskingNames& state,
                                  std::uint32_t place) const {
  const std::uint32_t at = state.place + place;
  request.question = round_of(resolver, state).questions[at];
  const std::uint64_t which = (std::uint64_t{state.round} << 32) | (std::uint64_t{state.attempt} << 24) |
                              (static_cast<std::uint64_t>(state.mode) << 16) | at;
  request.id = hash_combine(request.id, which);
}

/// Of a question's datagram. Those that leave from one socket are packets of one flow: conntrack leads them all to the
/// server that was chosen for the first.
Dial TrafficRuntime::dial_for_question(AttemptIndex index, std::uint64_t id, Time now) {
  Attempt& attempt = attempts_[index];
  const Request& request = attempt.request;
  AskingNames* const asking = asking_of(attempt);
  if (asking == nullptr) return dialer_.dial(request.edge, request.client, id, now);  // a server asks
  if (asking->socket == AskingNames::kNoSocket) {
    asking->socket = sockets_.take();
    ResolverSocket& socket = sockets_[asking->socket];
    socket = {.dial = dialer_.dial(request.edge, request.client, id, now), .serial = attempt.serial};
    if (hears_no_refusal(attempt)) socket.dial.dropped = true;  // where there is no server
  } else {
    attempt.connection.borrowed = true;
    attempt.connection.exchanges = 1;
  }
  ResolverSocket& socket = sockets_[asking->socket];
  attempt.socket = socket.serial;
  socket.asked[place_of(attempt, *asking)] = index;
  return socket.dial;
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
