// Goal: of a Service's endpoints a node keeps those that kube-proxy keeps by their hints. Method: the cases that
// Kubernetes tests (k/k pkg/proxy/topology_test.go), told anew, and the rule written down endpoint by endpoint beside
// random hints.

#include "models/cluster/endpoint_hints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace knetsim {
namespace {

/// An endpoint, and the zones and nodes that it is meant for.
struct Meant {
  bool ready = true;
  std::vector<ZoneIndex> zones{};
  std::vector<NodeIndex> nodes{};
};

constexpr NodePlace kHere{.node = 7, .zone = 1};

class HintedSlice {
 public:
  explicit HintedSlice(const std::vector<Meant>& all) {
    for (const Meant& one : all) {
      endpoints_.push_back({.ready = one.ready, .pod = static_cast<PodIndex>(endpoints_.size())});
      hints_.push_back(
          {.for_zones = !one.zones.empty(), .for_nodes = !one.nodes.empty(), .zones = one.zones, .nodes = one.nodes});
    }
    hinted_ = HintedEndpoints::of(endpoints_, hints_);
  }

  /// Pods of those that hints leave to a node; none where they decide nothing.
  std::vector<PodIndex> kept(const NodePlace& at = kHere, HintsRead read = HintsRead::ZonesAndNodes) const {
    std::vector<PodIndex> pods;
    if (hinted_ == nullptr) return pods;
    for (const Endpoint& one : hinted_->kept(at, read)) pods.push_back(one.pod);
    return pods;
  }
  bool decides_nothing() const { return hinted_ == nullptr; }

 private:
  std::vector<Endpoint> endpoints_;
  std::vector<EndpointHints> hints_;
  std::shared_ptr<const HintedEndpoints> hinted_;
};

using Pods = std::vector<PodIndex>;

TEST(EndpointHints, EndpointsOfTheOwnZoneAreKept) {
  EXPECT_EQ(HintedSlice({{.zones = {1}}, {.zones = {2}}, {.zones = {1}}}).kept(), (Pods{0, 2}));
  EXPECT_EQ(HintedSlice({{.zones = {2, 1}}, {.zones = {2}}}).kept(), (Pods{0})) << "one of several zones";
}

TEST(EndpointHints, DecideNothingUnlessEveryReadyEndpointHasOne) {
  EXPECT_TRUE(HintedSlice({{.zones = {1}}, {}}).decides_nothing());
  EXPECT_TRUE(HintedSlice({Meant{}, Meant{}}).decides_nothing());
  EXPECT_EQ(HintedSlice({{.zones = {1}}, {.ready = false}}).kept(), (Pods{0})) << "one that is leaving needs none";
  EXPECT_TRUE(HintedSlice(std::vector<Meant>{{.ready = false, .zones = {1}}}).decides_nothing()) << "nobody is ready";
}

TEST(EndpointHints, DecideNothingWhereNoneIsForTheZone) {
  const HintedSlice slice({{.zones = {0}}, {.zones = {2}}});
  EXPECT_TRUE(slice.kept().empty());
  EXPECT_EQ(slice.kept({.node = 1, .zone = 2}), (Pods{1}));
  EXPECT_TRUE(slice.kept({.node = 1, .zone = kNoIndex}).empty()) << "a node without the label";
}

TEST(EndpointHints, NodesComeBeforeZones) {
  const HintedSlice slice({{.zones = {1}, .nodes = {7}}, {.zones = {1}, .nodes = {8}}, {.zones = {2}, .nodes = {9}}});
  EXPECT_EQ(slice.kept(), (Pods{0}));
  EXPECT_EQ(slice.kept(kHere, HintsRead::Zones), (Pods{0, 1})) << "before Kubernetes 1.34";
  EXPECT_EQ(slice.kept({.node = 6, .zone = 1}), (Pods{0, 1})) << "a node of the zone without an endpoint";
  EXPECT_TRUE(slice.kept({.node = 6, .zone = 0}).empty()) << "and one of another zone";
  EXPECT_TRUE(slice.kept(kHere, HintsRead::None).empty());
}

TEST(EndpointHints, ForNodesDecideNothingUnlessEveryReadyEndpointHasOne) {
  EXPECT_EQ(HintedSlice({{.zones = {1}, .nodes = {7}}, {.zones = {1}}}).kept(), (Pods{0, 1}))
      << "those for zones still do";
  EXPECT_TRUE(HintedSlice({{.nodes = {7}}, {.zones = {1}}}).decides_nothing());
  EXPECT_EQ(HintedSlice({{.nodes = {7}}, {.nodes = {8}}}).kept(), (Pods{0})) << "without hints for zones";
}

/// What kube-proxy does for one node: its loop over all endpoints, then its filter.
Pods by_the_rule(const std::vector<Meant>& all, const NodePlace& at, HintsRead read) {
  const auto ready = [&](auto holds) {
    return std::ranges::all_of(all, [&](const Meant& one) { return !one.ready || holds(one); });
  };
  const auto has = [](const std::vector<std::uint32_t>& list, std::uint32_t one) {
    return std::ranges::find(list, one) != list.end();
  };
  const auto filter = [&](auto holds) {
    Pods pods;
    for (PodIndex pod = 0; pod < all.size(); ++pod) {
      if (all[pod].ready && holds(all[pod])) pods.push_back(pod);
    }
    return pods;
  };
  if (read == HintsRead::ZonesAndNodes && ready([](const Meant& one) { return !one.nodes.empty(); })) {
    if (Pods pods = filter([&](const Meant& one) { return has(one.nodes, at.node); }); !pods.empty()) return pods;
  }
  if (ready([](const Meant& one) { return !one.zones.empty(); })) {
    return filter([&](const Meant& one) { return has(one.zones, at.zone); });
  }
  return {};
}

TEST(EndpointHints, RandomOnesAreReadByTheRule) {
  std::mt19937 dice(11);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(dice() % bound); };
  std::size_t decided = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Meant> all(below(6));
    const bool gaps = below(3) == 0;
    for (Meant& one : all) {
      one.ready = below(4) > 0;
      for (std::uint32_t i = gaps ? below(2) : 1 + below(2); i > 0; --i) one.zones.push_back(below(3));
      for (std::uint32_t i = gaps ? below(2) : below(3); i > 0; --i) one.nodes.push_back(below(4));
    }
    const HintedSlice slice(all);
    for (NodeIndex node = 0; node < 4; ++node) {
      for (const HintsRead read : {HintsRead::Zones, HintsRead::ZonesAndNodes}) {
        const NodePlace at{.node = node, .zone = node % 2};
        ASSERT_EQ(slice.kept(at, read), by_the_rule(all, at, read)) << "round " << round << ", node " << node;
        decided += slice.kept(at, read).empty() ? 0U : 1U;
      }
    }
  }
  EXPECT_GT(decided, 2'000U) << "of 16,000";
}

}  // namespace
}  // namespace knetsim
