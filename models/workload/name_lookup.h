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
  bool found = false;                    ///< The answers end the look-up well.
};

/// How a resolver looks a name up, step by step. Rounds follow one another as long as all questions are answered.
///
/// Where a question of a round is not answered within its edge's timeout, glibc asks the round's questions anew: if none
/// was answered, with another of its attempts and from another socket; if one of two was, one after the other from the
/// same socket, and next time from a socket each. When its attempts are over it asks for the name as it is.
/// @source glibc 2.41 resolv/res_send.c (send_dg, __res_context_send), resolv/res_query.c (__res_context_search)
struct LookupSpec {
  std::vector<LookupRound> rounds;  ///< Not empty.
  std::optional<LookupRound> after_failure;
  std::uint32_t attempts = 2;  ///< At a round. musl asks again by itself (its edge's retries): 1.
  bool one_by_one = false;     ///< The option single-request.
  bool reopens = false;        ///< The option single-request-reopen.
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
