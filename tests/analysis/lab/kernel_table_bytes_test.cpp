// Goal: a kernel that has loaded the rules has the bytes in memory that the models scan. Method: kernel_rules_lab.h;
// the legacy back end reports the size of a table, and of the nft back end the expressions can be listed.
#include <algorithm>
#include <map>
#include <sstream>

#include "kernel_rules_lab.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/match_extensions.h"
#include "models/proxy/portmap_rules.h"
#include "models/proxy/rule_bytes.h"
#include "models/proxy/ruleset_text.h"

namespace knetsim {
namespace {

class KernelLegacyTable : public KernelRulesLab {};  // only this back end reports the size of its tables
class KernelNftBackend : public KernelRulesLab {};   // and only this one has expressions

/// What nft says on its other stream stands wherever a block of the list ended, in the middle of a line.
std::string without_warnings(std::string listed) {
  for (std::size_t at = listed.find("# Warning:"); at != std::string::npos; at = listed.find("# Warning:", at)) {
    listed.erase(at, listed.find('\n', at) + 1 - at);
  }
  return listed;
}

TEST_P(KernelLegacyTable, HasTheBytesThatTheModelScans) {
  stand(1);
  ServicePortSpec sticky{.name = "sticky",
                         .cluster_ip = ipv4(10, 96, 0, 50),
                         .port = 80,
                         .node_port = 30'500,
                         .endpoints = {{ipv4(10, 244, 1, 11), 80, true}, {ipv4(10, 244, 1, 12), 80, true}},
                         .external_local = true,
                         .affinity_seconds = 600};
  for (const bool large : {false, true}) {
    Ruleset rules = iptables_rules({.primary_address = kNodeA}, std::span(&sticky, 1), {.large_cluster = large});
    add_portmap_rules(rules, lab_containers(0, server(0)));
    node(0).space.in("iptables-legacy-restore", iptables_text(rules));
    for (const char* const table : {"nat", "filter"}) {
      EXPECT_EQ(legacy_table_size(node(0).space, table).bytes, legacy_table_bytes(rules.table(table))) << table;
    }
  }
}

// The expressions that iptables-nft makes of the rules, as `nft --debug=netlink` lists them, in the kernel's sizes, and
// how many of them are match extensions.
TEST_P(KernelNftBackend, RulesHaveTheExpressionsThatTheModelScans) {
  stand(1);
  const std::map<std::string, std::uint32_t> sizes = {{"meta", 16},
                                                      {"payload", 16},
                                                      {"cmp", 24},
                                                      {"bitwise", 24},
                                                      {"counter", 16},
                                                      {"immediate", 32},
                                                      {"match comment", 16},
                                                      {"match recent", 16},
                                                      {"match tcp", 8 + 16},
                                                      {"match statistic", 32},
                                                      {"match addrtype", 16},
                                                      {"match conntrack", 8 + 168},
                                                      {"match multiport", 56},
                                                      {"target MARK", 16},
                                                      {"target REJECT", 16},
                                                      {"target DNAT", 8 + 48},
                                                      {"target MASQUERADE", 8 + 24}};
  std::istringstream lines(without_warnings(node(0).space.in("nft --debug=netlink list ruleset")));
  struct Loaded {
    std::uint32_t bytes = 0;
    std::uint32_t matches = 0;
  };
  std::map<std::string, std::vector<Loaded>> kernel;  // by "table chain"
  std::vector<Loaded>* rules = nullptr;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    std::string second;
    std::string third;
    words >> first >> second >> third;
    if (first == "ip" && !third.empty()) {
      rules = &kernel[second.append(" ").append(third)];
      rules->push_back({.bytes = 8});  // struct nft_rule_dp
    } else if (first == "[" && rules != nullptr) {
      rules->back().matches += second == "match" ? 1U : 0U;
      if (second == "match" || second == "target") {
        words >> third;  // "name"
        second.append(" ").append(third);
      }
      ASSERT_TRUE(sizes.contains(second)) << line;
      rules->back().bytes += sizes.at(second);
    } else if (first == "table") {
      break;
    }
  }
  for (const Table& table : node(0).rules.tables) {
    for (const Chain& chain : table.chains) {
      const std::vector<Loaded> loaded = kernel[table.name + " " + chain.name];
      ASSERT_EQ(loaded.size(), chain.rules.size()) << chain.name;
      for (std::size_t r = 0; r < loaded.size(); ++r) {
        const Rule& rule = chain.rules[r];
        EXPECT_EQ(loaded[r].bytes, rule_bytes(rule, IptablesBackend::Nft)) << chain.name << " rule " << r + 1;
        const auto extensions = std::ranges::count_if(
            rule.matches, [&](const Match& match) { return is_extension(match, rule, IptablesBackend::Nft); });
        EXPECT_EQ(loaded[r].matches, static_cast<std::uint32_t>(extensions) + (rule.comment.empty() ? 0U : 1U))
            << chain.name << " rule " << r + 1;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Loaded, KernelLegacyTable, ::testing::Values(Loader::IptablesLegacy));
INSTANTIATE_TEST_SUITE_P(Loaded, KernelNftBackend, ::testing::Values(Loader::IptablesNft));

}  // namespace
}  // namespace knetsim
