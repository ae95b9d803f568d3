#include "analysis/lab/rule_loading.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>

#include "analysis/lab/net_namespace.h"
#include "models/proxy/iptables_rules.h"
#include "models/proxy/nftables_rules.h"
#include "models/proxy/ruleset_text.h"

namespace knetsim::lab {
namespace {

Ruleset ruleset_of(const RuleLoadCase& load) {
  std::vector<ServicePortSpec> services;
  services.reserve(load.services);
  for (std::uint32_t s = 0; s < load.services; ++s) {
    ServicePortSpec service{.name = fmt::format("service-{}", s + 1),
                            .port_name = "http",
                            .cluster_ip = ipv4(10, 96, 1, 0) + s,
                            .port = 80};
    for (std::uint32_t e = 0; e < load.endpoints; ++e) {
      service.endpoints.push_back({ipv4(10, 245, 0, 0) + s * load.endpoints + e, 8080, false});
    }
    services.push_back(std::move(service));
  }
  const NodeSpec node{.primary_address = ipv4(192, 168, 1, 1)};
  return load.proxy == LabProxy::Nftables ? nftables_rules(node, services) : iptables_rules(node, services);
}

std::uint64_t rules_in(const Ruleset& ruleset) {
  std::uint64_t rules = 0;
  for (const Table& table : ruleset.tables) {
    for (const Chain& chain : table.chains) rules += chain.rules.size();
  }
  return rules;
}

struct Spent {
  double seconds = 0;
  double cpu_seconds = 0;
};

double children_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Spent timed(const NetNamespace& space, std::string_view command, std::string_view input = {}) {
  const double cpu = children_cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  space.in(command, input);
  return {.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
          .cpu_seconds = children_cpu_seconds() - cpu};
}

/// One rule of nat that is there, and whose check reads the table: kube-proxy's own jump.
constexpr const char* kCheck = " -t nat -C OUTPUT -m comment --comment kubernetes-service-portals -j KUBE-SERVICES";

std::string program(LabProxy proxy) {
  return proxy == LabProxy::IptablesLegacy ? "iptables-legacy"
         : proxy == LabProxy::IptablesNft  ? "iptables-nft"
                                           : "nft";
}

struct RuleRounds {
  std::vector<double> seconds, cpu, sync;
};

void load_once(const RuleLoadCase& load, const std::string& text, RuleRounds& rounds) {
  const NetNamespace space("rules");
  const std::string tool = program(load.proxy);
  if (load.proxy == LabProxy::Nftables) {
    const Spent first = timed(space, "nft -f -", text);
    rounds.seconds.push_back(first.seconds);
    rounds.cpu.push_back(first.cpu_seconds);
    rounds.sync.push_back(timed(space, "nft -f -", "delete table ip kube-proxy\n" + text).cpu_seconds);
    return;
  }
  const Spent first = timed(space, tool + "-restore", text);
  rounds.seconds.push_back(first.seconds);
  rounds.cpu.push_back(first.cpu_seconds);
  // A check that finds no such rule has read the table all the same, and fails: can(), not in().
  const double before = children_cpu_seconds();
  space.can(tool + kCheck);
  const double check = children_cpu_seconds() - before;
  const double save = timed(space, tool + "-save -t nat").cpu_seconds;
  const double restore = timed(space, tool + "-restore", text).cpu_seconds;
  rounds.sync.push_back(save + sync_commands(load.proxy) * check + restore);
}

}  // namespace

std::string RuleLoadCase::name() const {
  return fmt::format("{}, {} Services x {}", proxy_name(proxy), services, endpoints);
}

std::uint32_t sync_commands(LabProxy proxy) {
  switch (proxy) {
    case LabProxy::IptablesLegacy:
      return 6;
    case LabProxy::IptablesNft:
      return 24;
    default:
      return 0;
  }
}

double modelled_sync_seconds(const RuleLoadCase& load) {
  const LabRules rules{.proxy = load.proxy, .services = load.services, .endpoints = load.endpoints};
  RuleSizes sizes = LabCase{.setup = {.rules = rules}}.sizes();
  sizes.node_ports = 0;
  return proxy_model(rules)->sync_cost(sizes).full_seconds;
}

std::vector<RuleLoadCase> rule_load_cases(const Surroundings& here) {
  std::vector<RuleLoadCase> loads;
  if (here.iptables_legacy) loads.push_back({.proxy = LabProxy::IptablesLegacy});
  if (here.iptables_nft) loads.push_back({.proxy = LabProxy::IptablesNft});
  if (here.nftables) loads.push_back({.proxy = LabProxy::Nftables});
  return loads;
}

std::vector<MeasuredRuleLoad> measure_rule_loads(const std::vector<RuleLoadCase>& loads,
                                                 const RuleLoadOptions& options) {
  std::vector<std::string> texts;
  std::vector<RuleRounds> rounds(loads.size());
  std::vector<MeasuredRuleLoad> measured;
  for (const RuleLoadCase& load : loads) {
    const Ruleset ruleset = ruleset_of(load);
    texts.push_back(load.proxy == LabProxy::Nftables ? nftables_text(ruleset) : iptables_text(ruleset));
    measured.push_back({.load = load, .rules = rules_in(ruleset), .rounds = options.rounds});
  }
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < loads.size(); ++i) {
      const std::size_t index = (i + round) % loads.size();
      if (options.on_progress) {
        const double done = round + static_cast<double>(i) / static_cast<double>(loads.size());
        options.on_progress(done / options.rounds, "loads rules: " + loads[index].name());
      }
      load_once(loads[index], texts[index], rounds[index]);
    }
  }
  for (std::size_t i = 0; i < loads.size(); ++i) {
    measured[i].seconds = median_of(rounds[i].seconds);
    measured[i].cpu_seconds = median_of(rounds[i].cpu);
    measured[i].sync_cpu_seconds = median_of(rounds[i].sync);
  }
  return measured;
}

}  // namespace knetsim::lab
