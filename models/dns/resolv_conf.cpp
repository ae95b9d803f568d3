#include "models/dns/resolv_conf.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace knetsim {
namespace {

constexpr std::size_t kMaxSearchDomains = 32;       // k/k pkg/apis/core/validation: MaxDNSSearchPaths ...
constexpr std::size_t kMaxSearchCharacters = 2048;  // ... and MaxDNSSearchListChars
constexpr std::size_t kMaxNameservers = 3;

std::string_view without_last_dot(std::string_view domain) {
  if (domain.size() > 1 && domain.ends_with('.')) domain.remove_suffix(1);
  return domain;
}

void add_once(std::vector<std::string>& list, std::string_view text, std::size_t most) {
  const std::string_view one = without_last_dot(text);
  if (list.size() < most && std::ranges::find(list, one) == list.end()) list.emplace_back(one);
}

std::size_t line_length(const std::vector<std::string>& words) {
  std::size_t length = words.empty() ? 0 : words.size() - 1;
  for (const std::string& word : words) length += word.size();
  return length;
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// What a C library takes at most.
struct Limits {
  std::uint32_t ndots, timeout_s, attempts;
};

void take_option(const Label& option, const Limits& limits, Libc libc, ResolvConf& conf) {
  const std::optional<std::uint32_t> value = number(option.value);
  if (option.key == "ndots" && value) conf.ndots = std::min(*value, limits.ndots);
  if (option.key == "timeout" && value) {
    conf.timeout = std::chrono::seconds(std::clamp<std::uint32_t>(*value, 1, limits.timeout_s));
  }
  if (option.key == "attempts" && value) conf.attempts = std::clamp<std::uint32_t>(*value, 1, limits.attempts);
  if (libc != Libc::Glibc) return;  // musl knows none of these
  if (option.key == "single-request") conf.single_request = true;
  if (option.key == "single-request-reopen") conf.single_request_reopen = true;
  if (option.key == "no-aaaa") conf.no_aaaa = true;
  if (option.key == "use-vc") conf.use_vc = true;
}

/// k/k getPodDNSType(): a pod in its node's network has the node's file, unless it asks for the cluster's.
bool takes_cluster_dns(const PodSpec& pod) {
  return pod.dns.policy == DnsPolicy::ClusterFirstWithHostNet ||
         (pod.dns.policy == DnsPolicy::ClusterFirst && !pod.host_network);
}

}  // namespace

ResolvConf resolv_conf(const PodSpec& pod, std::string_view ns, const DnsDomain& cluster, Libc libc) {
  ResolvConf conf;
  const auto is_clusters = [&](std::string_view server) {
    return std::ranges::find(cluster.addresses, server) != cluster.addresses.end();
  };
  const std::vector<std::string_view>& servers = pod.dns.nameservers;
  conf.asks_cluster =
      takes_cluster_dns(pod) || (pod.dns.policy == DnsPolicy::None && !servers.empty() && is_clusters(servers.front()));
  if (takes_cluster_dns(pod)) {
    conf.ndots = 5;
    add_once(conf.search, fmt::format("{}.svc.{}", ns, cluster.domain), kMaxSearchDomains);
    add_once(conf.search, fmt::format("svc.{}", cluster.domain), kMaxSearchDomains);
    add_once(conf.search, cluster.domain, kMaxSearchDomains);
  }
  if (pod.dns.policy != DnsPolicy::None) {
    for (const std::string& domain : cluster.host_search) add_once(conf.search, domain, kMaxSearchDomains);
  }
  for (const std::string_view domain : pod.dns.searches) add_once(conf.search, domain, kMaxSearchDomains);
  while (line_length(conf.search) > kMaxSearchCharacters) conf.search.pop_back();
  for (const std::string_view server : servers) {
    if (!is_clusters(server)) add_once(conf.nameservers, server, kMaxNameservers);
  }

  const Limits limits = libc == Libc::Glibc ? Limits{15, 30, 5} : Limits{15, 60, 10};
  for (const Label& option : pod.dns.options) take_option(option, limits, libc, conf);
  // musl reads lines of up to 254 characters and ignores longer ones.
  if (libc == Libc::Musl && std::string_view("search ").size() + line_length(conf.search) > 254) conf.search.clear();
  return conf;
}

}  // namespace knetsim
