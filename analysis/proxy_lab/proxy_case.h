#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/cost/application_cost.h"

namespace knetsim::lab {

/// Whose programs the lab runs, by their names in cost profiles.
inline constexpr std::array<std::string_view, 2> kLabProxies{"nginx", "haproxy"};

/// What a proxy's client speaks to it.
struct LabTls {
  TlsVersion version = TlsVersion::Tls13;
  TlsKey key = TlsKey::P256;
  auto operator<=>(const LabTls&) const = default;
};

/// A door of a running proxy: what it is configured to do is said by the port at which it is asked.
struct ProxyListener {
  std::optional<LabTls> tls{};
  bool upstream_kept = true;  ///< Connections to the upstream.
  std::uint32_t hosts = 1;    ///< That it has rules for, each with the same upstream.
  auto operator<=>(const ProxyListener&) const = default;
};

/// A way of asking a proxy, and what is measured by it.
struct ProxyCase {
  std::string proxy{};  ///< Of kLabProxies; empty: the upstream is asked itself.
  ProxyListener listener{};
  bool kept = true;      ///< The client's connections.
  bool resumed = false;  ///< New connections of TLS take up the session of the client's last one.
  std::uint32_t bytes = 1024;
  auto operator<=>(const ProxyCase&) const = default;

  /// "nginx, TLS 1.3 P-256 resumed, new connections, upstream kept, 1 kB, 1 host"
  std::string name() const;
};

/// The upstream asked without a proxy: what the lab's own programs take.
std::vector<ProxyCase> proxy_own_cases();
/// What figures are fitted to, the lab's own programs first.
std::vector<ProxyCase> proxy_calibration_cases(const std::vector<std::string>& proxies);
/// Other combinations of the same steps: no figure has seen them.
std::vector<ProxyCase> proxy_held_out_cases(const std::vector<std::string>& proxies);
/// Doors that these need, each once, in order.
std::vector<ProxyListener> listeners_of(const std::vector<ProxyCase>& cases);

/// The host by which all are asked: the last of those with rules.
std::string asked_host(const ProxyListener& listener);
std::string host_name(std::uint32_t number);

}  // namespace knetsim::lab
