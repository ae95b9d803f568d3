#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/workload/indices.h"
#include "sim/core/time.h"
#include "sim/core/units.h"

namespace knetsim {

/// Places in TrafficPlan::questions and lookups.
using QuestionIndex = std::uint32_t;
using LookupIndex = std::uint32_t;
inline constexpr QuestionIndex kNoQuestion = ~QuestionIndex{0};

/// What a request to a name server asks, whose answer servers may keep.
struct Question {
  std::string text;  ///< For people: "A web.shop.svc.cluster.local".
  Bytes query{};     ///< Of the messages.
  Bytes reply{};
  AppIndex known_to = kNoIndex;  ///< The application that knows the answer by itself; kNoIndex: one beyond the cluster.
  Duration keep{};               ///< How long others may keep the answer.
};

/// Questions that a resolver asks together.
struct LookupRound {
  std::vector<QuestionIndex> questions;  ///< One or two.
  bool found = false;                    ///< The answers end the look-up well ...
  std::uint8_t found_by = 0;             ///< ... that to the question in this place.
  /// Place of the round, among all of the look-up, that comes where no answer came; nothing: the look-up fails.
  std::optional<std::uint16_t> after_failure{};
  std::optional<std::uint16_t> after_refusal{};  ///< The same where each attempt was refused (ECONNREFUSED).
};

/// Whose resolver looks names up.
enum class NameResolver : std::uint8_t {
  /// Where a question of a round is not answered within its edge's timeout, it asks the round's questions anew, from the
  /// same socket: if none was answered, that is another of its attempts; if one of two was, one after the other, then
  /// each from a socket of its own, and then the one answer has to do. What a server refuses or fails at ends the attempt.
  /// A socket that was told of a closed port is replaced.
  Glibc,
  /// Sends a question again by itself (its edge's retries), whatever becomes of the other one, and hears of nothing but
  /// answers: its socket is not connected, and an answer that is a refusal or a failure is none. A question without an
  /// answer ends the look-up.
  Musl,
};

/// How a resolver looks a name up, step by step. Rounds follow one another as long as all questions are answered, or the
/// server reports a failure of its own; `LookupRound::after_failure` says what follows else.
/// @source glibc 2.41 resolv/res_send.c (send_dg, reopen, __res_context_send), resolv/res_query.c
///         (__res_context_search); musl 1.2.5 src/network/res_msend.c (__res_msend_rc), src/network/lookup_name.c
///         (name_from_dns)
struct LookupSpec {
  std::vector<LookupRound> rounds;     ///< Not empty.
  std::vector<LookupRound> further{};  ///< Behind them, those that failures alone lead to.
  std::uint32_t attempts = 2;          ///< At a round. musl has one, and its edge's retries.
  bool one_by_one = false;             ///< The option single-request.
  bool reopens = false;                ///< The option single-request-reopen.
  NameResolver resolver = NameResolver::Glibc;

  const LookupRound& round(std::size_t place) const {
    return place < rounds.size() ? rounds[place] : further[place - rounds.size()];
  }
  std::size_t all() const { return rounds.size() + further.size(); }
};

/// What a server does with a request's question at a step of its application.
enum class AnswerRule : std::uint8_t {
  None,           ///< Nothing: it takes the step.
  EndWhereKnown,  ///< The steps end where it knows the answer or has kept it.
  Keep,           ///< It keeps the answer, as long as that may be kept.
  WhereInCluster,  ///< It takes the step where an application of the cluster knows the answer, and passes it over else ...
  WhereBeyond,     ///< ... or the other way round.
};

/// Answers that are kept for a while, by whom and to what a key says.
class KeptAnswers {
 public:
  bool has(std::uint64_t key, Time now) const {
    const auto found = until_.find(key);
    return found != until_.end() && now < found->second;
  }
  void keep(std::uint64_t key, Time until) { until_.insert_or_assign(key, until); }

 private:
  std::unordered_map<std::uint64_t, Time> until_;  // looked up, never iterated
};

}  // namespace knetsim
