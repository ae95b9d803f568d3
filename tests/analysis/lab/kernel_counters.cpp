#include "kernel_counters.h"

#include <arpa/inet.h>  // before the kernel's own header, which defines the same things where this has not
#include <gtest/gtest.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <sstream>

#include "analysis/lab/descriptor.h"

namespace knetsim {

KernelCounters parse_iptables_counters(const std::string& saved) {
  KernelCounters counters;
  std::string table;
  std::istringstream lines(saved);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("*")) {
      table = line.substr(1);
    } else if (line.starts_with(":")) {
      counters[table][line.substr(1, line.find(' ') - 1)];
    } else if (line.starts_with("[")) {
      const std::size_t chain = line.find("-A ") + 3;
      counters[table][line.substr(chain, line.find(' ', chain) - chain)].push_back(std::stoull(line.substr(1)));
    }
  }
  return counters;
}

std::map<std::string, std::vector<RuleCounters>> parse_nft_counters(const std::string& listed) {
  const std::string marker = "counter packets ";
  std::map<std::string, std::vector<RuleCounters>> counters;
  std::string chain;
  std::istringstream lines(listed);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t text = line.find_first_not_of(" \t");
    if (text == std::string::npos) {
      continue;
    }
    line.erase(0, text);
    if (line.starts_with("chain ")) {
      chain = line.substr(6, line.find(' ', 6) - 6);
      counters[chain];
    } else if (line.starts_with(marker)) {
      const std::size_t second = line.find(marker, 1);
      counters[chain].push_back({std::stoull(line.substr(marker.size())),
                                 second == std::string::npos ? 0 : std::stoull(line.substr(second + marker.size()))});
    }
  }
  return counters;
}

ComparedCounters expect_iptables_counters(const std::string& saved, const Ruleset& rules,
                                          const RulesetInterpreter& interpreter) {
  const KernelCounters kernel = parse_iptables_counters(saved);
  ComparedCounters compared;
  for (std::size_t t = 0; t < rules.tables.size(); ++t) {
    const Table& table = rules.tables[t];
    for (std::size_t c = 0; c < table.chains.size(); ++c) {
      const Chain& chain = table.chains[c];
      const std::vector<std::uint64_t>& counted = kernel.at(table.name).at(chain.name);
      EXPECT_EQ(counted.size(), chain.rules.size()) << chain.name;
      if (counted.size() != chain.rules.size()) return compared;
      for (std::size_t r = 0; r < counted.size(); ++r) {
        EXPECT_EQ(counted[r], interpreter.counters()[t][c][r].matched)
            << table.name << " " << chain.name << " rule " << r + 1;
        ++compared.rules;
        compared.matched += counted[r];
      }
    }
  }
  return compared;
}

ComparedCounters expect_nft_counters(const std::string& listed, const Ruleset& rules,
                                     const RulesetInterpreter& interpreter) {
  const std::map<std::string, std::vector<RuleCounters>> kernel = parse_nft_counters(listed);
  const Table& table = rules.tables.at(0);
  ComparedCounters compared;
  for (std::size_t c = 0; c < table.chains.size(); ++c) {
    const Chain& chain = table.chains[c];
    const std::vector<RuleCounters>& counted = kernel.at(chain.name);
    EXPECT_EQ(counted.size(), chain.rules.size()) << chain.name;
    if (counted.size() != chain.rules.size()) return compared;
    for (std::size_t r = 0; r < counted.size(); ++r) {
      const RuleCounters& want = interpreter.counters()[0][c][r];
      EXPECT_EQ(counted[r].evaluated, want.evaluated) << chain.name << " rule " << r + 1;
      EXPECT_EQ(counted[r].matched, want.matched) << chain.name << " rule " << r + 1;
      ++compared.rules;
      compared.matched += counted[r].matched;
    }
  }
  return compared;
}

LegacyTableSize legacy_table_size(const lab::NetNamespace& space, const std::string& table) {
  LegacyTableSize size;
  space.inside([&] {
    const lab::Descriptor raw(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    ipt_getinfo info{};
    std::strncpy(info.name, table.c_str(), sizeof info.name - 1);
    socklen_t length = sizeof info;
    if (::getsockopt(raw.get(), IPPROTO_IP, IPT_SO_GET_INFO, &info, &length) == 0) {
      size = {.bytes = info.size, .entries = info.num_entries};
    }
  });
  return size;
}

}  // namespace knetsim
