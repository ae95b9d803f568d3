// Goal: the time of a kube-proxy sync agrees with published runs.
// Method: the sizes of each run put into the model. Rows that the slopes are taken from must come back; those that are
// not used in the fit are compared within a factor, which is how far such machines differ.
#include <gtest/gtest.h>

#include "models/proxy/proxy_model.h"

namespace knetsim {
namespace {

RuleSizes sizes(std::uint32_t services, std::uint64_t endpoints) {
  return {.service_ports = services, .services_rules = services, .endpoints = endpoints};
}

double full(const char* mode, const RuleSizes& of) {
  return make_proxy(mode, {.choices = {{"backend", "nft"}}})->sync_cost(of).full_seconds;
}
SyncCost nftables(Version kubernetes, Version kernel, const RuleSizes& of) {
  return make_proxy("nftables", {.kubernetes = kubernetes, .kernel = kernel})->sync_cost(of);
}
double partial(const char* mode, const RuleSizes& of) { return make_proxy(mode)->sync_cost(of).partial_seconds; }

// kubernetes/kubernetes#130119, one machine: 40.1 s and 3 min 14 s.
TEST(SyncCost, FullSyncOfTenThousandServicesIsThePublishedOne) {
  EXPECT_NEAR(full("iptables", sizes(10'000, 20'000)), 40.1, 0.01);
  EXPECT_NEAR(nftables({1, 32}, {6, 8}, sizes(10'000, 20'000)).full_seconds, 194.0, 2);
}

// kubernetes/kubernetes#135639: 13 min 15 s on Linux 6.1.
TEST(SyncCost, FullNftablesSyncOfManyEndpointsIsThePublishedOne) {
  EXPECT_NEAR(nftables({1, 33}, {6, 1}, sizes(5'006, 250'011)).full_seconds, 795.3, 8);
}

struct MeasuredLoad {
  Version kubernetes;
  std::uint32_t services;
  std::uint32_t endpoints_of_each;
  double cpu_seconds;
};

// Measured with nft 1.0.6 on Linux 6.18 (sync_cost.cpp), kube-proxy's own work not included: a table over itself.
TEST(SyncCost, FullNftablesSyncOnANewKernelIsTheMeasuredOne) {
  for (const MeasuredLoad& of : {MeasuredLoad{{1, 35}, 4'000, 2, 4.95}, MeasuredLoad{{1, 35}, 1'000, 20, 1.86},
                                 MeasuredLoad{{1, 35}, 1'000, 50, 4.48}, MeasuredLoad{{1, 35}, 10, 5'000, 2.45},
                                 MeasuredLoad{{1, 36}, 4'000, 2, 3.43}, MeasuredLoad{{1, 36}, 10, 5'000, 0.21}}) {
    const std::uint64_t endpoints = std::uint64_t{of.services} * of.endpoints_of_each;
    const SyncCost model = nftables(of.kubernetes, {6, 18}, sizes(of.services, endpoints));
    const double own = 1.29 / (3'595 + 138'792) * static_cast<double>(of.services + endpoints);
    const double list = of.kubernetes == Version{1, 36} ? 63.3 / 44'125 / 44'125 * of.services * of.services : 0;
    EXPECT_NEAR((model.full_seconds - own - list) / of.cpu_seconds, 1, 0.15) << of.services;
  }
}

// Rules grow with Services plus endpoints: a table of the same Services with ten times the endpoints takes longer, on
// every kernel, layout and kind of sync.
TEST(SyncCost, NftablesSyncsCountEndpoints) {
  for (const Version kubernetes : {Version{1, 29}, Version{1, 33}, Version{1, 36}, Version{1, 37}}) {
    for (const Version kernel : {Version{5, 15}, Version{6, 18}}) {
      const SyncCost few = nftables(kubernetes, kernel, sizes(1'000, 2'000));
      const SyncCost many = nftables(kubernetes, kernel, sizes(1'000, 20'000));
      EXPECT_GT(many.full_seconds, 1.2 * few.full_seconds);
      EXPECT_GT(many.partial_seconds, 1.2 * few.partial_seconds);
    }
  }
}

// kubernetes/kubernetes#138073: 2.84 s with 38,841 rules written; our partial sync writes the 3,600 of the top chains,
// and the 1.29 s of building remain.
TEST(SyncCost, PartialIptablesSyncStillLooksAtEveryEndpoint) {
  EXPECT_NEAR(partial("iptables", sizes(3'595, 138'792)), 1.29 + 1.52 * 3'600 / 38'841, 0.01);
}

// kubernetes/kubernetes#126013: adding one Service to 10,000.
TEST(SyncCost, PartialNftablesSyncIsThePublishedOne) {
  EXPECT_NEAR(nftables({1, 32}, {6, 8}, sizes(10'000, 20'000)).partial_seconds, 0.141, 1e-9);
}

// kubernetes/kubernetes#139513: Kubernetes 1.36 lists 44,125 Services for 63.3 s in every sync; without the list one of
// 1.33 s was seen, which is not fitted.
TEST(SyncCost, OnlyOneVersionListsTheTableInEverySync) {
  const auto partial_of = [](int minor) {
    return nftables({1, minor}, {6, 18}, sizes(44'125, 44'152)).partial_seconds;
  };
  EXPECT_NEAR(partial_of(36) - partial_of(37), 63.3, 0.1);
  EXPECT_EQ(partial_of(35), partial_of(37));
  EXPECT_GT(partial_of(37), 1.33 / 4);
  EXPECT_LT(partial_of(37), 1.33);
}

// Measured with iptables-legacy 1.8.9 on Linux 6.18 (sync_cost.cpp): a table of 10,000 Services of ten endpoints, two
// rules each, is saved, asked for six times and restored in 6.0 s of CPU time; that of 5,000 in 2.5 s.
TEST(SyncCost, FullSyncOfTheLegacyBackEndIsTheMeasuredOneWithinAThird) {
  const auto commands = [](std::uint32_t services) {
    const RuleSizes of = sizes(services, 10ULL * services);
    const double build = 1.29 / (3'595 + 138'792) * 11 * services;
    return make_proxy("iptables", {.kubernetes = {1, 14}})->sync_cost(of).full_seconds - build;
  };
  EXPECT_NEAR(commands(10'000) / 6.0, 1, 0.33);
  EXPECT_NEAR(commands(5'000) / 2.5, 1, 0.33);
}

TEST(SyncCost, OlderVersionsHaveNoPartialSync) {
  for (const char* const mode : {"iptables", "nftables"}) {
    const SyncCost model = make_proxy(mode, {.kubernetes = {1, 25}})->sync_cost(sizes(1'000, 10'000));
    EXPECT_EQ(model.partial_seconds, model.full_seconds) << mode;
  }
}

// kubernetes/kubernetes#84906: 1,500 Services of two addresses each, cluster and external IP.
TEST(SyncCost, IpvsHasNoPartialSync) {
  RuleSizes of = sizes(1'500, 15'000);
  of.services_rules = 3'000;
  EXPECT_NEAR(full("ipvs", of), 0.73, 1e-9);
  EXPECT_EQ(full("ipvs", of), partial("ipvs", of));
}

// Not fitted: 100,000 endpoints of one Service in iptables mode, about 88.5 s (A. Ojea's comparison for nftables mode);
// kubernetes/kubernetes#139513, 44,125 Services in nftables mode, 16 min 44 s on a kernel that is not stated.
TEST(SyncCost, OtherPublishedRunsAreWithinAFactorOfTwo) {
  const double one_service = full("iptables", sizes(1, 100'000));
  EXPECT_GT(one_service, 88.5 / 2);
  EXPECT_LT(one_service, 88.5 * 2);
  const double published = 16 * 60 + 44;
  EXPECT_LT(nftables({1, 36}, {6, 18}, sizes(44'125, 44'152)).full_seconds, published);
  EXPECT_GT(nftables({1, 36}, {6, 8}, sizes(44'125, 44'152)).full_seconds, published);
  EXPECT_LT(nftables({1, 36}, {6, 8}, sizes(44'125, 44'152)).full_seconds, 2 * published);
}

}  // namespace
}  // namespace knetsim
