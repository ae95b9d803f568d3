#include "models/l7/http_routes.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

namespace knetsim {
namespace {

std::string lower(std::string_view text) {
  std::string made(text);
  std::ranges::transform(made, made.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return made;
}

/// Exact, wildcard, any: the higher the earlier.
int host_rank(std::string_view host) { return host.empty() ? 0 : host.starts_with("*.") ? 1 : 2; }

/// How exactly one of its rules names the host, which its default is for then; as host_rank().
int knows(const HttpRoutes& routes, std::string_view host) {
  int rank = 0;
  for (const HttpRule& rule : routes.rules) {
    if (takes_host(routes, rule, host)) rank = std::max(rank, host_rank(rule.host));
  }
  return rank;
}

/// Without the slash at the end, which a prefix has or has not.
std::string_view without_end(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  Url url;
  if (text.starts_with("https://")) {
    url.https = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const std::size_t end = text.find_first_of("/?#");
  std::string_view host = text.substr(0, end);
  std::string_view rest = end == std::string_view::npos ? std::string_view() : text.substr(end);
  rest = rest.substr(0, rest.find_first_of("?#"));
  url.path = rest.empty() ? "/" : std::string(rest);
  url.port = url.https ? 443 : 80;
  if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    const std::string_view digits = host.substr(colon + 1);
    const auto [stop, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (fault != std::errc() || stop != digits.data() + digits.size() || url.port == 0) return std::nullopt;
    host = host.substr(0, colon);
  }
  const auto is_of_host = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  url.host = lower(host);
  if (url.host.empty() || !std::ranges::all_of(url.host, is_of_host)) return std::nullopt;
  return url;
}

bool takes_host(std::string_view rule_host, std::string_view host, Wildcard wildcard) {
  if (rule_host.empty()) return true;
  if (!rule_host.starts_with("*.")) return lower(rule_host) == host;
  const std::string behind = lower(rule_host.substr(1));
  if (!host.ends_with(behind) || host.size() == behind.size()) return false;
  return wildcard == Wildcard::Any || host.find('.') == host.size() - behind.size();
}

bool takes_host(const HttpRoutes& routes, const HttpRule& rule, std::string_view host) {
  return takes_host(rule.host, host, routes.is_ingress() ? Wildcard::OneLabel : Wildcard::Any);
}

bool takes_path(const HttpRule& rule, std::string_view path, bool wildcards) {
  if (wildcards && rule.match == PathMatch::ImplementationSpecific && !rule.path.empty()) {
    if (!rule.path.ends_with("/*")) return rule.path == path;
    return path.starts_with(rule.path.substr(0, rule.path.size() - 1));
  }
  if (rule.match == PathMatch::Exact) return rule.path == path;
  const std::string_view prefix = without_end(rule.path);
  const std::string_view asked = without_end(path);
  return asked.starts_with(prefix) && (asked.size() == prefix.size() || asked[prefix.size()] == '/');
}

std::optional<RoutedRule> route(std::span<const RoutedRule> rules, std::string_view host, std::string_view path) {
  // As they are preferred: of the host, its kind and length; of the path, whether the rule has one, its length, its kind.
  const auto order = [&](const RoutedRule& one) {
    const HttpRule& rule = *one.rule;
    return std::tuple(host_rank(rule.host), rule.host.size(), without_end(rule.path).size(),
                      rule.match == PathMatch::Exact, !rule.path.empty(), knows(*one.routes, host));
  };
  std::optional<RoutedRule> best;
  for (const RoutedRule& one : rules) {
    if (!takes_host(*one.routes, *one.rule, host) || !takes_path(*one.rule, path, one.wildcards)) continue;
    if (!best || order(one) > order(*best)) best = one;
  }
  return best;
}

std::vector<std::pair<RoutedRule, RoutedRule>> clashes(std::span<const RoutedRule> rules) {
  std::vector<std::pair<RoutedRule, RoutedRule>> found;
  std::map<std::tuple<std::string, std::string_view, PathMatch>, RoutedRule> known;
  for (const RoutedRule& one : rules) {
    const auto [first, added] = known.try_emplace({lower(one.rule->host), one.rule->path, one.rule->match}, one);
    if (!added) found.emplace_back(first->second, one);
  }
  return found;
}

}  // namespace knetsim
