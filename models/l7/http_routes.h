#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/cluster/http_objects.h"

namespace knetsim {

/// What a client asks for: "https://shop.example:8443/cart?x=1".
struct Url {
  bool https = false;
  std::string host;  ///< In lower case, without port.
  std::uint16_t port = 0;
  std::string path;  ///< Without query; "/" at least.
};
/// Nothing for what is no URL of http or https with a host.
std::optional<Url> parse_url(std::string_view text);

/// A rule of an Ingress that a request may be meant for.
struct RoutedRule {
  const HttpRoutes* routes = nullptr;
  const HttpRule* rule = nullptr;
  bool wildcards = false;  ///< Paths of its controller that are ImplementationSpecific are whole ones, or end in "/*".
};

/// How many labels a wildcard stands for.
enum class Wildcard : std::uint8_t {
  OneLabel,  ///< Of an Ingress. @source kubernetes.io, Ingress, "Hostname wildcards"
  Any,       ///< Of the Gateway API, one or more. @source gateway-api.sigs.k8s.io, HTTPRoute, hostnames
};
/// Whether a rule's host is that of a request: itself, any with labels more for a wildcard, every one for none.
bool takes_host(std::string_view rule_host, std::string_view host, Wildcard wildcard = Wildcard::OneLabel);
/// The same of one of these rules.
bool takes_host(const HttpRoutes& routes, const HttpRule& rule, std::string_view host);
/// Whether a rule's path is that of a request. A prefix is one of whole elements; "/" is one of all.
/// @source kubernetes.io, Ingress, "Path types" and its table of examples.
/// @param wildcards  See RoutedRule::wildcards. @source cloud.google.com, URL maps, "Path matchers"
bool takes_path(const HttpRule& rule, std::string_view path, bool wildcards = false);

/// The rule that a request is for, among all of a controller's: an exact host goes before a wildcard, a wildcard before
/// none; then the longest path, an exact one before a prefix of the same length; of two that are alike the first. A
/// host with rules of its own that takes no path of it falls to the default of its Ingress, then of all.
/// @source kubernetes.io, Ingress, "Multiple matches".
std::optional<RoutedRule> route(std::span<const RoutedRule> rules, std::string_view host, std::string_view path);

/// Rules that a rule stands in the shadow of: those before it with the same host, path and match.
std::vector<std::pair<RoutedRule, RoutedRule>> clashes(std::span<const RoutedRule> rules);

}  // namespace knetsim
