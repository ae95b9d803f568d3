// Goal: the index of labels finds exactly the pods that a selector matches.
// Method: random pods, labels and selectors against a scan of every pod; strings and label sets are kept once.

#include "models/cluster/pod_selection.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "draw.h"
#include "load.h"

namespace knetsim {
namespace {

TEST(StringPool, EqualTextsShareOneAddressAcrossGrowthAndMoves) {
  StringPool pool;
  const std::string_view first = pool.intern("frontend");
  for (int i = 0; i < 100000; ++i) pool.intern(fmt::format("pod-{}", i));
  StringPool moved = std::move(pool);
  EXPECT_EQ(moved.intern(std::string("front") + "end").data(), first.data());
  EXPECT_EQ(moved.size(), 100001U);
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(moved.intern(large), large);
}

TEST(LabelSets, OrderDoesNotMatterAndTheEmptySetIsTheFirst) {
  StringPool pool;
  LabelSets sets;
  const Label app{pool.intern("app"), pool.intern("web")};
  const Label tier{pool.intern("tier"), pool.intern("front")};
  std::vector<Label> one{app, tier};
  std::vector<Label> other{tier, app};
  std::vector<Label> none;
  EXPECT_EQ(sets.intern(one), sets.intern(other));
  EXPECT_EQ(sets.intern(none), 0U);
  EXPECT_EQ(sets.size(), 2U);
  EXPECT_EQ(sets.value(sets.intern(one), "tier"), "front");
  EXPECT_FALSE(sets.value(sets.intern(one), "zone").has_value());
}

TEST(PodSelection, TakesSelectorsAsKubectlWritesThem) {
  const Loaded loaded = load_text(deployment("web", 2) + deployment("api", 1) + R"(---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web, tier: front}}, spec: {containers: [{name: a}]}}
)");
  ASSERT_EQ(loaded.errors(), "");
  const PodSelection selection(loaded.cluster);
  const auto count = [&](const char* text, std::string_view ns = {}) {
    return selection.matching(Selector::parse(text), ns).size();
  };
  EXPECT_EQ(count("app=web"), 3U);
  EXPECT_EQ(count("app=web", "default"), 2U);
  EXPECT_EQ(count("app in (web,api),!tier"), 3U);
  EXPECT_EQ(count("app!=web"), 1U);
  EXPECT_EQ(count("tier"), 1U);
  EXPECT_EQ(count(""), 4U);
  EXPECT_EQ(count("app=db"), 0U);
}

TEST(PodSelection, FindsWhatAScanOfAllPodsFinds) {
  Draw draw(3);
  Cluster cluster;
  const auto text = [&](const char* prefix, std::uint32_t number) {
    return cluster.strings.intern(fmt::format("{}{}", prefix, number));
  };
  for (int i = 0; i < 3000; ++i) {
    std::vector<Label> labels;
    for (std::uint32_t key = 0; key < 4; ++key) {
      if (draw.below(3) != 0) labels.push_back({text("key", key), text("value", draw.below(4))});
    }
    Pod pod;
    pod.ns = text("ns", draw.below(3));
    pod.labels = cluster.label_sets.intern(labels);
    cluster.pods.push_back(pod);
  }
  const PodSelection selection(cluster);
  for (int round = 0; round < 300; ++round) {
    std::vector<Label> wanted;
    for (std::uint32_t key = 0; key < 4; ++key) {
      if (draw.below(3) == 0) wanted.push_back({text("key", key), text("value", draw.below(5))});
    }
    const std::string_view ns = text("ns", draw.below(4));
    std::vector<PodIndex> expected;
    for (PodIndex i = 0; i < cluster.pods.size(); ++i) {
      const Pod& pod = cluster.pods[i];
      const auto labels = cluster.label_sets.labels(pod.labels);
      const bool matches = std::ranges::all_of(
          wanted, [&](const Label& label) { return std::ranges::find(labels, label) != labels.end(); });
      if (pod.ns == ns && matches) expected.push_back(i);
    }
    EXPECT_EQ(selection.select(ns, wanted), expected);
  }
}

}  // namespace
}  // namespace knetsim
