// Goal: a resolver asks round after round, again where it is not answered, and gives up, as glibc and musl do; a name server
// answers what it knows or has kept at once. Method: walks that cost nothing and constant times, so that every figure is a
// sum, along the lines of glibc 2.41 resolv/res_send.c and res_query.c and of musl 1.2.5 src/network/res_msend.c and
// lookup_name.c; the queue in front of a name server against M/M/k.

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "support/single_server.h"

namespace knetsim {
namespace {

using namespace std::chrono_literals;
using testing::SingleServer;

constexpr double kAnswer = 5e-3;
constexpr Duration kTimeout = 50ms;

/// Requests that take 10 ms, whose server's name is looked up first: edge 1 is the look-up, edge 2 its questions, to an
/// application of the same pod that takes 5 ms for each.
SingleServer with_names(std::vector<LookupRound> rounds, std::uint32_t questions = 8) {
  SingleServer server = SingleServer::open_loop(1, Distribution::constant(10e-3), 16);
  server.cores = 16;
  server.duration = 10s;
  server.drain = 10s;
  TrafficPlan& plan = server.plan;
  EdgeSpec lookup = plan.edges[0];
  lookup.name = "lookup";
  lookup.script = {SearchNames{.questions = 2, .lookup = 0}};
  EdgeSpec question = plan.edges[0];
  question.name = "question";
  question.udp = true;
  question.connections.requests = 1;
  question.timeout = kTimeout;
  question.loopback = true;
  question.app = 1;
  plan.apps.push_back({.name = "names",
                       .steps = {{.work_seconds = Distribution::constant(kAnswer), .sleep_seconds = {}, .calls = {}}},
                       .workers = 16});
  plan.edges.push_back(lookup);
  plan.edges.push_back(question);
  plan.edges[0].script = with_step(plan.edges[0].script, Resolve{.lookup = 1});
  for (std::uint32_t i = 0; i < questions; ++i) {
    plan.questions.push_back({.text = "A", .query = Bytes(40), .reply = Bytes(80), .known_to = 1});
  }
  plan.lookups.push_back({.rounds = std::move(rounds)});
  return server;
}

const LookupRound kFound{.questions = {0, 1}, .found = true};
const LookupRound kNotFound{.questions = {2, 3}, .found = false};

LookupSpec& lookup_of(SingleServer& server) { return server.plan.lookups[0]; }

void expect_latency(const EdgeStats& stats, std::uint64_t ok, double ms) {
  ASSERT_EQ(stats.ok, ok);
  EXPECT_NEAR(static_cast<double>(stats.latency_ns.quantile(0.5)) * 1e-6, ms, 0.01 * ms);
}

TEST(NameLookup, SixQuestionsThatLeadNowhereComeBeforeTheAnswersTwo) {
  SingleServer server = with_names({kNotFound, kNotFound, kNotFound, kFound});
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  expect_latency(outcome.edges[1], 1, 20);
  expect_latency(outcome.stats, 1, 30);
  EXPECT_EQ(outcome.edges[2].ok, 8U);
  EXPECT_EQ(outcome.edges[2].connections, 4U) << "a socket a round";
  EXPECT_EQ(outcome.edges[2].bytes_sent, 8U * 40);
  EXPECT_EQ(outcome.edges[2].bytes_received, 8U * 80);
  EXPECT_EQ(outcome.open_flows, 1U) << "that of the request, which is kept";
  // A part of its own of the request's time.
  EXPECT_EQ(Duration(outcome.sources[0].bands().total().sum.wait[static_cast<std::size_t>(Wait::Lookup)]), 20ms);
}

TEST(NameLookup, OneByOneEachQuestionWaitsForTheLast) {
  for (const bool reopens : {false, true}) {
    SingleServer server = with_names({kNotFound, kFound});
    lookup_of(server).one_by_one = true;
    lookup_of(server).reopens = reopens;
    const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
    expect_latency(outcome.edges[1], 1, 20);
    EXPECT_EQ(outcome.edges[2].connections, reopens ? 4U : 2U);
  }
}

// res_send.c: send_dg() returns 0 at a timeout and leaves the socket open, reopen() opens one where there is none, and
// __res_context_send() closes it behind all attempts. What has led to a silent server does so once more.
TEST(NameLookup, WhatIsNotAnsweredIsAskedAgainFromTheSameSocket) {
  SingleServer server = with_names({kFound});
  server.dialed = {SingleServer::Dialed::Dropped};  // the socket that all questions leave from
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  EXPECT_EQ(outcome.edges[1].errors, 1U);
  EXPECT_EQ(outcome.edges[1].errors_by_failure[static_cast<std::size_t>(Failure::Unreachable)], 1U);
  EXPECT_EQ(outcome.edges[2].asked, 4U);
  EXPECT_EQ(outcome.edges[2].timeouts, 4U);
  EXPECT_EQ(outcome.stats.errors, 1U) << "the request fails with its look-up";
  EXPECT_EQ(outcome.open_flows, 0U);
}

// The server has one worker and takes 30 ms: the second answer of a pair comes too late, at 60 ms. At 50 ms glibc asks both
// anew, one by one. The late answer is read at 60 ms as that to the second (send_dg: "recvresp2 = 1", whichever copy it
// is); the first is taken up then, and answered at 90 ms.
TEST(NameLookup, WhereOneOfTwoIsAnsweredBothAreAskedAnewAndALateAnswerCounts) {
  SingleServer server = with_names({kFound});
  server.plan.apps[1].workers = 1;
  server.plan.apps[1].steps[0].work_seconds = Distribution::constant(30e-3);
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  expect_latency(outcome.edges[1], 1, 90);
  EXPECT_EQ(outcome.edges[2].asked, 3U);
  EXPECT_EQ(outcome.edges[2].connections, 1U) << "one socket";
}

// The same where both answers come at 60 ms: both questions are out again by then, and neither copy is waited for.
TEST(NameLookup, AnswersToTheFirstAttemptEndTheSecond) {
  SingleServer server = with_names({kFound});
  server.plan.apps[1].workers = 2;
  server.plan.apps[1].steps[0].work_seconds = Distribution::constant(60e-3);
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  expect_latency(outcome.edges[1], 1, 60);
  EXPECT_EQ(outcome.edges[2].asked, 4U);
  EXPECT_EQ(outcome.edges[2].timeouts, 2U);
  EXPECT_EQ(outcome.edges[2].ok, 2U);
  EXPECT_EQ(outcome.edges[2].in_flight_end, 0U);
}

TEST(NameLookup, WithASocketEachTheOneAnswerIsEnoughInTheEnd) {
  SingleServer server = with_names({kFound});
  lookup_of(server).reopens = true;
  server.dialed = {SingleServer::Dialed::Connected, SingleServer::Dialed::Dropped};
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  expect_latency(outcome.edges[1], 1, 55);
}

/// As a name of few dots has them: the name as it is comes last, and behind a failure; nothing does behind a refusal.
std::vector<LookupRound> searched(std::vector<LookupRound> rounds) {
  for (std::size_t i = 0; i + 1 < rounds.size(); ++i) {
    rounds[i].after_failure = static_cast<std::uint16_t>(rounds.size() - 1);
  }
  return rounds;
}

// res_query.c, __res_context_search: TRY_AGAIN without SERVFAIL ends the search list, and the name as it is comes.
TEST(NameLookup, AfterItsAttemptsTheNameIsAskedForAsItIs) {
  using enum SingleServer::Dialed;
  SingleServer server = with_names(searched({kNotFound, kNotFound, kFound}));
  server.dialed = {Dropped};
  SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  expect_latency(outcome.edges[1], 1, 2 * 50 + 5);
  EXPECT_EQ(outcome.edges[2].asked, 6U);

  server.dialed = {Dropped, Dropped};
  outcome = server.asked_at({0ms}).run();
  EXPECT_EQ(outcome.edges[1].errors, 1U);
  EXPECT_EQ(outcome.edges[1].errors_by_failure[static_cast<std::size_t>(Failure::Unreachable)], 1U);
  EXPECT_EQ(outcome.edges[2].timeouts, 8U) << "two a round, two rounds, two attempts";
  EXPECT_EQ(outcome.stats.in_flight_end, 0U);
}

TEST(NameLookup, TheNameAsItIsIsNotAskedForTwice) {
  using enum SingleServer::Dialed;
  SingleServer server = with_names(searched({kNotFound, kFound}));
  server.dialed = {Connected, Dropped};
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  EXPECT_EQ(outcome.edges[1].errors, 1U);
  EXPECT_EQ(outcome.edges[2].asked, 6U);
}

// The same function: where the name as it is comes first ("dots >= statp->ndots") the search list follows whatever became
// of it, and there any failure but SERVFAIL is the end.
TEST(NameLookup, ANameOfManyDotsThatIsNotAnsweredIsSearchedFor) {
  using enum SingleServer::Dialed;
  LookupRound as_it_is = kFound;
  as_it_is.after_failure = as_it_is.after_refusal = 1;
  SingleServer server = with_names({as_it_is});
  lookup_of(server).further = {kNotFound, {.questions = {4, 5}, .found = true}};
  server.dialed = {Dropped};
  expect_latency(server.asked_at({0ms}).run().edges[1], 1, 2 * 50 + 5 + 5);
  server.dialed = {Refused, Refused};  // two attempts, a socket each
  expect_latency(server.asked_at({0ms}).run().edges[1], 1, 4 * 0.02 + 5 + 5);

  server.dialed = {Dropped, Dropped};
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  EXPECT_EQ(outcome.edges[1].errors, 1U);
  EXPECT_EQ(outcome.edges[2].asked, 8U);
}

// A socket that was told of a closed port (send_dg: POLLERR, err_out) is closed, and the next attempt begins at once from
// another. "if (errno == ECONNREFUSED)": the search ends, and the name as it is is not asked for.
TEST(NameLookup, WhereNobodyListensNoOtherNameIsTried) {
  using enum SingleServer::Dialed;
  SingleServer server = with_names(searched({kNotFound, kFound}));
  server.dialed = {Refused, Refused};
  SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  EXPECT_EQ(outcome.edges[1].errors, 1U);
  EXPECT_EQ(outcome.edges[1].errors_by_failure[static_cast<std::size_t>(Failure::Refused)], 1U);
  EXPECT_EQ(outcome.edges[2].asked, 4U);

  server.dialed = {Refused};
  outcome = server.asked_at({0ms}).run();
  EXPECT_EQ(outcome.edges[1].ok, 1U) << "the second socket finds somebody";

  // ETIMEDOUT where one attempt was not answered (gotsomewhere): the name as it is comes.
  server.dialed = {Refused, Dropped};
  expect_latency(server.asked_at({0ms}).run().edges[1], 1, 0.04 + 50 + 5);
}

/// A name server whose calls of another one fail: it answers SERVFAIL.
SingleServer with_failing_server(std::vector<LookupRound> rounds) {
  SingleServer server = with_names(std::move(rounds));
  TrafficPlan& plan = server.plan;
  plan.edges.push_back(plan.edges[0]);
  plan.edges[3].name = "upstream";
  plan.edges[3].script = plain_script({});
  plan.apps[1].steps.push_back({.work_seconds = {}, .sleep_seconds = {}, .calls = {3}});
  server.dialed.assign(32, SingleServer::Dialed::Connected);
  return server;
}

// send_dg(): what a server fails at ends the attempt, and does not close the socket of two questions; res_query.c: "try
// next search element, if any".
TEST(NameLookup, WhereTheServerFailsTheNextNameIsTried) {
  using enum SingleServer::Dialed;
  SingleServer server = with_failing_server(searched({kNotFound, kNotFound, kFound}));
  // Sockets and the server's own calls, in order: four of the first name fail.
  server.dialed = {Connected, Refused, Refused, Refused, Refused};
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  EXPECT_EQ(outcome.edges[1].ok, 1U);
  EXPECT_EQ(outcome.edges[2].errors, 4U);
  EXPECT_EQ(outcome.edges[2].ok, 4U) << "the second name is there without records, the third is found";
  EXPECT_EQ(outcome.edges[2].connections, 3U) << "a socket a name";
}

/// As musl: one attempt, whose questions are sent again by themselves.
void ask_as_musl(SingleServer& server) {
  lookup_of(server).resolver = NameResolver::Musl;
  lookup_of(server).attempts = 1;
  server.plan.edges[2].retries.attempts = 1;
}

// musl has 5 s for all: it sends again after half of that, from the same socket, what was not answered. The second question,
// which is sent again at 50 ms, is answered at 60 ms: its first copy is.
TEST(NameLookup, MuslSendsAgainFromTheSameSocketAndTakesTheAnswerToEitherCopy) {
  SingleServer server = with_names({kFound});
  ask_as_musl(server);
  server.plan.apps[1].workers = 1;
  server.plan.apps[1].steps[0].work_seconds = Distribution::constant(30e-3);
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  expect_latency(outcome.edges[1], 1, 60);
  EXPECT_EQ(outcome.edges[2].asked, 2U);
  EXPECT_EQ(outcome.edges[2].ok, 2U);
  EXPECT_EQ(outcome.edges[2].retried, 1U);
  EXPECT_EQ(outcome.edges[2].connections, 1U);
}

// The third copy of a question is out when the first is answered.
TEST(NameLookup, AnAnswerToACopyBeforeTheLastOneCounts) {
  SingleServer server = with_names({{.questions = {0}, .found = true}});
  ask_as_musl(server);
  server.plan.edges[2].retries.attempts = 3;
  server.plan.apps[1].steps[0].work_seconds = Distribution::constant(110e-3);
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  expect_latency(outcome.edges[1], 1, 110);
  EXPECT_EQ(outcome.edges[2].retried, 2U);
  EXPECT_EQ(outcome.stats.ok, 1U);
}

// lookup_name.c, name_from_dns: one of two without an answer is EAI_AGAIN, which ends the search. Nothing is asked one by
// one: __res_msend_rc() has no such mode.
TEST(NameLookup, MuslIsNotContentWithOneAnswerOfTwoAndDoesNotAskOneByOne) {
  SingleServer server = with_names({kNotFound, kFound});
  ask_as_musl(server);
  server.plan.apps[1].workers = 1;
  server.plan.apps[1].steps[0].work_seconds = Distribution::constant(45e-3);
  server.plan.edges[2].retries.attempts = 0;
  const SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  EXPECT_EQ(outcome.edges[1].errors, 1U);
  EXPECT_EQ(outcome.edges[1].errors_by_failure[static_cast<std::size_t>(Failure::Unreachable)], 1U);
  EXPECT_EQ(outcome.edges[2].asked, 2U);
  EXPECT_EQ(outcome.edges[2].ok, 1U);
}

// Its socket is bound and not connected: Linux tells it of no closed port. And "ignore all other codes such as refusal".
TEST(NameLookup, MuslWaitsWhereNobodyListensOrTheServerFails) {
  using enum SingleServer::Dialed;
  SingleServer server = with_names({kFound});
  ask_as_musl(server);
  server.dialed = {Refused};
  SingleServer::Outcome outcome = server.asked_at({0ms}).run();
  EXPECT_EQ(outcome.edges[1].errors, 1U);
  EXPECT_EQ(outcome.edges[1].errors_by_failure[static_cast<std::size_t>(Failure::Unreachable)], 1U);
  EXPECT_EQ(outcome.edges[2].timeouts, 2U);
  EXPECT_EQ(outcome.edges[2].retried, 2U);

  SingleServer failing = with_failing_server({kFound});
  ask_as_musl(failing);
  failing.dialed = {Connected, Refused, Refused};
  outcome = failing.asked_at({0ms}).run();
  expect_latency(outcome.edges[1], 1, 50 + 5 + 10);
}

TEST(NameLookup, ANameThatIsNotThereIsAnError) {
  const SingleServer::Outcome outcome = with_names({kNotFound, kNotFound}).asked_at({0ms}).run();
  EXPECT_EQ(outcome.edges[1].errors, 1U);
  EXPECT_EQ(outcome.stats.errors, 1U);
  EXPECT_EQ(outcome.stats.connections, 0U);
  EXPECT_EQ(outcome.edges[2].ok, 4U);
}

TEST(NameLookup, WhatAProcessHasKeptItDoesNotLookUp) {
  SingleServer server = with_names({kFound});
  std::get<Resolve>(server.plan.edges[0].script[0]).kept_for = 100ms;
  // Found at 5 ms, and kept until 105 ms.
  const SingleServer::Outcome outcome = server.asked_at({0ms, 50ms, 104ms, 106ms, 150ms}).run();
  EXPECT_EQ(outcome.stats.ok, 5U);
  EXPECT_EQ(outcome.edges[1].asked, 2U);
}

/// The names are known 20 ms away; what comes from there is kept for 100 ms.
SingleServer with_upstream() {
  SingleServer server = with_names({{.questions = {0}, .found = true}});
  server.plan.apps[1].steps = {
      {.work_seconds = Distribution::constant(1e-3), .sleep_seconds = {}, .calls = {}},
      {.work_seconds = {}, .sleep_seconds = {}, .calls = {}, .answers = AnswerRule::EndWhereKnown},
      {.work_seconds = {},
       .sleep_seconds = Distribution::constant(20e-3),
       .calls = {},
       .answers = AnswerRule::WhereBeyond},
      {.work_seconds = {}, .sleep_seconds = {}, .calls = {}, .answers = AnswerRule::Keep}};
  server.plan.questions[0].known_to = kNoIndex;
  server.plan.questions[0].keep = 100ms;
  return server;
}

TEST(NameLookup, AServerKeepsWhatItHadToAskFor) {
  SingleServer server = with_upstream();
  // Kept from 21 ms to 121 ms; those at 0 and 10 ms both ask.
  const SingleServer::Outcome outcome = server.asked_at({0ms, 10ms, 30ms, 115ms, 140ms}).run();
  EXPECT_EQ(outcome.edges[1].ok, 5U);
  const Histogram& latency = outcome.edges[1].latency_ns;
  EXPECT_NEAR(latency.mean() * 1e-6, (21 + 21 + 1 + 1 + 21) / 5.0, 0.05);
}

// coredns/coredns plugin/forward/forward.go, ServeDNS: beyond max_concurrent a question is answered with REFUSED, at once and
// without asking anybody; what is not forwarded is not counted. res_send.c: such an answer ends an attempt, and glibc asks
// again at once. Two of four look-ups are forwarded and take 21 ms, the other two fail after two attempts of 1 ms.
TEST(NameLookup, BeyondItsBoundAServerRefusesToForward) {
  SingleServer server = with_upstream();
  server.plan.apps[1].steps[2].at_most = 2;
  SingleServer::Outcome outcome = server.asked_at({0ms, 0ms, 0ms, 0ms}).run();
  EXPECT_EQ(outcome.edges[1].ok, 2U);
  EXPECT_EQ(outcome.edges[1].errors_by_failure[static_cast<std::size_t>(Failure::Refused)], 2U);
  EXPECT_EQ(outcome.edges[2].errors_by_failure[static_cast<std::size_t>(Failure::Refused)], 4U);
  EXPECT_EQ(outcome.edges[2].bytes_received, 2U * 80 + 4U * 40) << "a refusal is the question with a code";

  server.plan.questions[0].keep = 0ms;
  outcome = server.asked_at({0ms, 0ms, 21500us, 21500us}).run();
  EXPECT_EQ(outcome.edges[1].ok, 4U) << "the first two have ended";

  server.plan.questions[0].known_to = 1;
  outcome = server.asked_at({0ms, 0ms, 0ms, 0ms}).run();
  EXPECT_EQ(outcome.edges[1].ok, 4U);
}

TEST(NameLookup, AServerAsksNobodyForItsOwnZone) {
  SingleServer server = with_upstream();
  server.plan.questions[0].known_to = 1;
  expect_latency(server.asked_at({0ms, 10ms}).run().edges[1], 2, 1);
}

// Look-ups of one question that come as a Poisson process to a name server of three workers on three cores with exponential
// work, at load 0.8: the mean time in the system is 1/mu + C / (k mu - lambda), C by Erlang's C formula (Kleinrock, Queueing
// Systems I, 1975, 3.5). Twelve seeds; 99.9 % of a t distribution with 11 degrees of freedom.
TEST(NameLookup, TheQueueAtANameServerIsThatOfMMk) {
  constexpr double kMu = 1000;
  constexpr std::uint32_t kWorkers = 3;
  constexpr double kLambda = 0.8 * kWorkers * kMu;
  const double a = kLambda / kMu;
  double sum = 0;
  double term = 1;
  for (std::uint32_t n = 0; n < kWorkers; ++n) {
    sum += term;
    term *= a / (n + 1);
  }
  const double waits = term / (1 - a / kWorkers);
  const double expected = 1 / kMu + waits / (sum + waits) / (kWorkers * kMu - kLambda);

  std::vector<double> means;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SingleServer server = with_names({{.questions = {0}, .found = true}});
    server.seed = seed;
    server.cores = kWorkers;
    server.warm_up = 1s;
    server.duration = 20s;
    server.plan.apps[1].workers = kWorkers;
    server.plan.apps[1].steps[0].work_seconds = Distribution::exponential(1 / kMu);
    server.plan.edges[2].timeout = 1h;
    server.plan.sources[0].edge = 1;
    server.plan.sources[0].arrivals = PoissonArrivals{kLambda};
    means.push_back(server.run().edges[1].latency_ns.mean() * 1e-9);
  }
  double mean = 0;
  for (const double one : means) mean += one / static_cast<double>(means.size());
  double squares = 0;
  for (const double one : means) squares += (one - mean) * (one - mean);
  const double error = std::sqrt(squares / 11 / 12);
  EXPECT_NEAR(mean, expected, 4.437 * error);
  EXPECT_LT(4.437 * error, 0.05 * expected) << "says nothing else";
}

}  // namespace
}  // namespace knetsim
