// Goal: whatever stands in a manifest ends in a cluster or in errors, never in a crash, an exception or a hang.
// Method: the project's own manifests and the broken ones, with random changes to their text: tokens swapped, repeated,
// cut out or replaced by what YAML and Kubernetes give a meaning to. Sanitizer builds run it too.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "draw.h"
#include "load.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

std::vector<std::string> seeds() {
  std::vector<std::string> paths;
  for (const char* folder : {"configs/tutorial", "configs/shop", "tests/models/cluster/broken"}) {
    for (const auto& entry : std::filesystem::directory_iterator(std::string(KNETSIM_SOURCE_DIR) + "/" + folder)) {
      if (entry.path().extension() == ".yaml") paths.push_back(entry.path().string());
    }
  }
  std::ranges::sort(paths);
  std::vector<std::string> texts;
  for (const std::string& path : paths) {
    texts.push_back(read_text(path));
  }
  return texts;
}

constexpr std::array<std::string_view, 30> kTokens{"null",         "~",
                                                   "true",         "\"\"",
                                                   "[]",           "{}",
                                                   "-1",           "0",
                                                   "65536",        "99999999999999999999",
                                                   "1e9",          "0x1F",
                                                   "1Ei",          "100m",
                                                   "None",         "10.0.0.1",
                                                   "::1",          "- a",
                                                   "a: b",         "---\n",
                                                   "v1",           "Pod",
                                                   "kind: Node\n", "Service",
                                                   "*a",           "&a",
                                                   "<<: *a\n",     "# x\n",
                                                   "'\xc3\xa9'",   "default"};

/// Start and end of a random run of characters that are no blanks.
std::pair<std::size_t, std::size_t> word(const std::string& text, Draw& draw) {
  std::size_t at = draw.below(static_cast<std::uint32_t>(text.size()));
  const auto blank = [&](std::size_t i) {
    return text[i] == ' ' || text[i] == '\n' || text[i] == ',' || text[i] == '}';
  };
  while (at + 1 < text.size() && blank(at)) ++at;
  std::size_t end = at;
  while (end < text.size() && !blank(end)) ++end;
  return {at, end};
}

std::string mutated(std::string text, Draw& draw) {
  const std::uint32_t changes = 1 + draw.below(3);
  for (std::uint32_t i = 0; i < changes && !text.empty(); ++i) {
    const auto [begin, end] = word(text, draw);
    switch (draw.below(4)) {
      case 0:
        text.replace(begin, end - begin, kTokens[draw.below(kTokens.size())]);
        break;
      case 1:
        text.erase(begin, end - begin);
        break;
      case 2:
        text.insert(begin, text.substr(begin, end - begin) + (draw.below(2) == 0 ? " " : "\n"));
        break;
      default: {
        const auto [other, other_end] = word(text, draw);
        const std::string copy = text.substr(other, other_end - other);
        text.replace(begin, end - begin, copy);
      }
    }
  }
  return text;
}

TEST(MutatedManifests, EndInAClusterOrInErrors) {
  const std::vector<std::string> texts = seeds();
  ASSERT_GT(texts.size(), 40U);
  Draw draw(5);
  std::size_t accepted = 0;
  for (int round = 0; round < 10000; ++round) {
    const std::string text = mutated(texts[draw.below(static_cast<std::uint32_t>(texts.size()))], draw);
    try {
      const Loaded loaded = load_text(text);
      if (loaded.diagnostics.has_errors()) {
        EXPECT_FALSE(loaded.errors().empty());
        continue;
      }
      ++accepted;
      for (const Pod& pod : loaded.cluster.pods) {
        ASSERT_LT(pod.node, loaded.cluster.nodes.size()) << text;
        ASSERT_LT(pod.spec, loaded.cluster.pod_specs.size()) << text;
        ASSERT_LT(pod.workload, loaded.cluster.workloads.size()) << text;
        ASSERT_TRUE(pod.ip.exists()) << text;
      }
      for (ServicePortIndex i = 0; i < loaded.cluster.service_ports.size(); ++i) {
        loaded.cluster.endpoints.at(0).endpoints(i);
      }
    } catch (const std::exception& failure) {
      FAIL() << failure.what() << "\n" << text;
    }
  }
  EXPECT_GT(accepted, 200U) << "mutations that break everything test only the parser";
}

}  // namespace
}  // namespace knetsim
