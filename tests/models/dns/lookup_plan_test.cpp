// Goal: a resolver asks for the names, in the order, that its source says, and as often as was published. Method: by hand,
// and the count of queries of coredns/deployment's guide.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../cluster/load.h"
#include "models/dns/lookup_plan.h"

namespace knetsim {
namespace {

using ::testing::ElementsAre;

ResolvConf cluster_first(std::vector<std::string> host_search = {}) {
  return resolv_conf(PodSpec{}, "default", {.domain = "cluster.local", .host_search = std::move(host_search)},
                     Libc::Glibc);
}

std::vector<std::string> names_of(const std::vector<QueryRound>& rounds) {
  std::vector<std::string> names;
  for (const QueryRound& round : rounds) names.push_back(round.queries.front().name);
  return names;
}

std::vector<std::string> asked(const LookupPlan& plan) { return names_of(plan.rounds); }

struct LookupPlanTest : ::testing::Test {
  Loaded loaded = load_text(
      "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n" +
      deployment("web", 1));
  ClusterZone zone{loaded.cluster, "cluster.local"};
};

// ndots 5 and three search domains: an external name of fewer dots costs 6 queries that lead nowhere before the answer's 2.
TEST_F(LookupPlanTest, AnExternalNameCostsSixQueriesBeforeTheAnswersTwo) {
  const LookupPlan plan = lookup_plan("api.example.com", cluster_first(), zone, {});
  EXPECT_THAT(asked(plan), ElementsAre("api.example.com.default.svc.cluster.local", "api.example.com.svc.cluster.local",
                                       "api.example.com.cluster.local", "api.example.com"));
  EXPECT_EQ(plan.queries(), 8U);
  EXPECT_TRUE(plan.found());
  for (std::size_t i = 0; i < 3; ++i) {
    for (const NameQuery& query : plan.rounds[i].queries) {
      EXPECT_EQ(query.answer, Answer::NxDomain);
      EXPECT_FALSE(query.forwarded);
    }
  }
  EXPECT_EQ(lookup_plan("api.example.com.", cluster_first(), zone, {}).queries(), 2U);
}

// coredns/deployment, kubernetes/Scaling_CoreDNS.md: with one local domain beside, "a single client query actually
// generates 5 backend queries" (of dnsperf, which asks for A alone).
TEST_F(LookupPlanTest, WithALocalDomainThereAreFiveRounds) {
  const LookupPlan plan = lookup_plan("infoblox.com", cluster_first({"mydomain.com"}), zone, {});
  EXPECT_EQ(plan.rounds.size(), 5U);
  EXPECT_TRUE(plan.rounds[3].queries[0].forwarded) << "nobody in the cluster knows the local domain";
  EXPECT_EQ(plan.rounds[3].queries[0].answer, Answer::NxDomain);
}

TEST_F(LookupPlanTest, AServiceOfTheOwnNamespaceIsFoundAtOnceAndOneOfAnotherInTheSecondRound) {
  EXPECT_THAT(asked(lookup_plan("web", cluster_first(), zone, {})), ElementsAre("web.default.svc.cluster.local"));
  EXPECT_THAT(asked(lookup_plan("web.default", cluster_first(), zone, {})),
              ElementsAre("web.default.default.svc.cluster.local", "web.default.svc.cluster.local"));
}

TEST_F(LookupPlanTest, ANameOfNdotsDotsIsAskedForAsItIsFirst) {
  ResolvConf conf = cluster_first();
  conf.ndots = 2;
  EXPECT_THAT(tried_names("api.example.com", conf, Libc::Glibc),
              ElementsAre("api.example.com", "api.example.com.default.svc.cluster.local",
                          "api.example.com.svc.cluster.local", "api.example.com.cluster.local"));
  EXPECT_THAT(tried_names("api.example.com", conf, Libc::Musl), ElementsAre("api.example.com"));
  EXPECT_EQ(lookup_plan("api.example.com", conf, zone, {}).queries(), 2U);
  // Five dots are five, and not fewer than that.
  EXPECT_EQ(tried_names("a.b.c.d.e.f", cluster_first(), Libc::Glibc).front(), "a.b.c.d.e.f");
  EXPECT_NE(tried_names("a.b.c.d.e", cluster_first(), Libc::Glibc).front(), "a.b.c.d.e");
}

// The name of the namespace is there without records: glibc tries on, musl has its answer.
TEST_F(LookupPlanTest, ANameWithoutRecordsEndsMuslsSearch) {
  const LookupPlan glibc = lookup_plan("default", cluster_first(), zone, {});
  const LookupPlan musl = lookup_plan("default", cluster_first(), zone, {.libc = Libc::Musl});
  EXPECT_THAT(asked(glibc), ElementsAre("default.default.svc.cluster.local", "default.svc.cluster.local",
                                        "default.cluster.local", "default"));
  EXPECT_THAT(asked(musl), ElementsAre("default.default.svc.cluster.local", "default.svc.cluster.local"));
  EXPECT_FALSE(glibc.found());
  EXPECT_FALSE(musl.found());
}

// glibc 2.41 resolv/res_query.c, __res_context_search: behind a search domain that was not answered ("done++") comes the
// name as it is; behind ECONNREFUSED nothing ("return (-1)"); behind SERVFAIL the next search domain.
TEST_F(LookupPlanTest, WhereARoundIsNotAnsweredGlibcAsksForTheNameAsItIs) {
  const LookupPlan plan = lookup_plan("web", cluster_first(), zone, {});
  EXPECT_THAT(names_of(plan.further), ElementsAre("web.svc.cluster.local", "web.cluster.local", "web"));
  EXPECT_EQ(plan.rounds[0].after_failure, 3);
  EXPECT_FALSE(plan.rounds[0].after_refusal);
  EXPECT_EQ(plan.further[0].after_failure, 3);
  EXPECT_FALSE(plan.further[2].after_failure);
  EXPECT_FALSE(plan.further[2].found);
}

// The same: a name of so many dots is tried as it is ("tried_as_is++"), and the search list follows whatever became of it;
// there a failure is the end.
TEST_F(LookupPlanTest, ANameOfNdotsDotsThatIsNotAnsweredIsSearchedFor) {
  ResolvConf conf = cluster_first();
  conf.ndots = 1;
  const LookupPlan plan = lookup_plan("web.default", conf, zone, {});
  EXPECT_THAT(asked(plan), ElementsAre("web.default")) << "there is an upstream that knows any";
  EXPECT_THAT(names_of(plan.further), ElementsAre("web.default.default.svc.cluster.local",
                                                  "web.default.svc.cluster.local", "web.default.cluster.local"));
  EXPECT_EQ(plan.rounds[0].after_failure, 1);
  EXPECT_EQ(plan.rounds[0].after_refusal, 1);
  for (const QueryRound& round : plan.further) EXPECT_FALSE(round.after_failure);
  EXPECT_TRUE(lookup_plan("web.default.", conf, zone, {}).further.empty()) << "a dot at the end is the end";
}

// The same, root_on_list: the search domain "." is the name as it is, which is not asked for again.
TEST_F(LookupPlanTest, TheRootAsSearchDomainStandsForTheNameAsItIs) {
  EXPECT_THAT(tried_names("api.example.com", cluster_first({"."}), Libc::Glibc),
              ElementsAre("api.example.com.default.svc.cluster.local", "api.example.com.svc.cluster.local",
                          "api.example.com.cluster.local", "api.example.com"));
}

// musl 1.2.5 src/network/lookup_name.c, name_from_dns and name_from_dns_search: EAI_AGAIN ends the search.
TEST_F(LookupPlanTest, MuslAsksNothingBehindAFailure) {
  const LookupPlan plan = lookup_plan("api.example.com", cluster_first(), zone, {.libc = Libc::Musl});
  EXPECT_EQ(plan.rounds.size(), 4U);
  EXPECT_TRUE(plan.further.empty());
  for (const QueryRound& round : plan.rounds) EXPECT_FALSE(round.after_failure || round.after_refusal);
}

// The same guide: with autopath one round in place of five.
TEST_F(LookupPlanTest, WithAutopathTheFirstQuestionIsAnswered) {
  const LookupPlan plan = lookup_plan("infoblox.com", cluster_first({"mydomain.com"}), zone, {.autopath = true});
  EXPECT_THAT(asked(plan), ElementsAre("infoblox.com.default.svc.cluster.local"));
  EXPECT_EQ(plan.queries(), 2U);
  EXPECT_TRUE(plan.found());
  EXPECT_TRUE(plan.rounds[0].queries[0].forwarded);
  EXPECT_EQ(plan.rounds[0].after_failure, 4);
  EXPECT_EQ(plan.further.back().queries[0].name, "infoblox.com");
}

// glibc 2.41 resolv/nss_dns/dns-host.c, _nss_dns_gethostbyname4_r: with RES_NOAAAA it searches for T_A.
TEST_F(LookupPlanTest, WithNoAaaaAddressesOfIPv4AloneAreAskedFor) {
  ResolvConf conf = cluster_first();
  conf.no_aaaa = true;
  EXPECT_EQ(lookup_plan("api.example.com", conf, zone, {}).queries(), 4U);
}

TEST_F(LookupPlanTest, SrvIsOneQuestionARound) {
  const LookupPlan plan =
      lookup_plan("_http._tcp.web", cluster_first(), zone, {.records = LookupOptions::Records::Srv});
  EXPECT_EQ(plan.rounds[0].queries.size(), 1U);
}

}  // namespace
}  // namespace knetsim
