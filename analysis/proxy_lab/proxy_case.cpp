#include "analysis/proxy_lab/proxy_case.h"

#include <fmt/format.h>

#include <algorithm>

namespace knetsim::lab {
namespace {

constexpr std::uint32_t kKilobyte = 1024;

std::string tls_name(const LabTls& tls, bool resumed) {
  return fmt::format("TLS 1.{} {}{}", tls.version == TlsVersion::Tls13 ? 3 : 2,
                     tls.key == TlsKey::P256 ? "P-256" : "RSA 2048", resumed ? " resumed" : "");
}

std::string size_name(std::uint32_t bytes) {
  return bytes % kKilobyte == 0 ? fmt::format("{} kB", bytes / kKilobyte) : fmt::format("{} B", bytes);
}

/// Every handshake there is: both versions, both keys, and a session taken up.
std::vector<ProxyCase> handshakes(const std::string& proxy) {
  std::vector<ProxyCase> cases;
  for (const TlsVersion version : {TlsVersion::Tls12, TlsVersion::Tls13}) {
    for (const TlsKey key : {TlsKey::Rsa2048, TlsKey::P256})
      cases.push_back({.proxy = proxy, .listener = {.tls = LabTls{version, key}}, .kept = false});
    cases.push_back(
        {.proxy = proxy, .listener = {.tls = LabTls{version, TlsKey::P256}}, .kept = false, .resumed = true});
  }
  return cases;
}

}  // namespace

std::string ProxyCase::name() const {
  const std::string client =
      fmt::format("{}{} connections, {}", listener.tls ? tls_name(*listener.tls, resumed) + ", " : "",
                  kept ? "kept" : "new", size_name(bytes));
  if (proxy.empty()) return "no proxy, " + client;
  return fmt::format("{}, {}, upstream {}, {} host{}", proxy, client, listener.upstream_kept ? "kept" : "new",
                     listener.hosts, listener.hosts == 1 ? "" : "s");
}

std::vector<ProxyCase> proxy_own_cases() { return {{}, {.bytes = 64 * kKilobyte}, {.kept = false}}; }

std::vector<ProxyCase> proxy_calibration_cases(const std::vector<std::string>& proxies) {
  const LabTls tls13{};
  std::vector<ProxyCase> cases = proxy_own_cases();
  for (const std::string& proxy : proxies) {
    cases.push_back({.proxy = proxy});
    cases.push_back({.proxy = proxy, .bytes = 64 * kKilobyte});
    cases.push_back({.proxy = proxy, .kept = false});
    cases.push_back({.proxy = proxy, .listener = {.upstream_kept = false}});
    cases.push_back({.proxy = proxy, .listener = {.hosts = 1000}});
    cases.push_back({.proxy = proxy, .listener = {.tls = tls13}});
    cases.push_back({.proxy = proxy, .listener = {.tls = tls13}, .bytes = 64 * kKilobyte});
    const std::vector<ProxyCase> shaken = handshakes(proxy);
    cases.insert(cases.end(), shaken.begin(), shaken.end());
  }
  return cases;
}

std::vector<ProxyCase> proxy_held_out_cases(const std::vector<std::string>& proxies) {
  const LabTls rsa12{TlsVersion::Tls12, TlsKey::Rsa2048};
  const LabTls rsa13{TlsVersion::Tls13, TlsKey::Rsa2048};
  const LabTls p13{};
  std::vector<ProxyCase> cases;
  for (const std::string& proxy : proxies) {
    cases.push_back({.proxy = proxy, .listener = {.hosts = 100}, .bytes = 16 * kKilobyte});
    cases.push_back({.proxy = proxy, .listener = {.upstream_kept = false}, .kept = false, .bytes = 4 * kKilobyte});
    cases.push_back({.proxy = proxy, .kept = false, .bytes = 32 * kKilobyte});
    cases.push_back({.proxy = proxy, .listener = {.tls = p13}, .kept = false, .bytes = 16 * kKilobyte});
    cases.push_back({.proxy = proxy,
                     .listener = {.tls = rsa12, .upstream_kept = false},
                     .kept = false,
                     .resumed = true,
                     .bytes = 2 * kKilobyte});
    cases.push_back({.proxy = proxy, .listener = {.tls = rsa13, .upstream_kept = false}, .bytes = 8 * kKilobyte});
  }
  return cases;
}

std::vector<ProxyListener> listeners_of(const std::vector<ProxyCase>& cases) {
  std::vector<ProxyListener> listeners;
  for (const ProxyCase& one : cases) {
    if (!one.proxy.empty()) listeners.push_back(one.listener);
  }
  std::ranges::sort(listeners);
  listeners.erase(std::unique(listeners.begin(), listeners.end()), listeners.end());
  return listeners;
}

std::string host_name(std::uint32_t number) { return fmt::format("shop{}.example", number); }

std::string asked_host(const ProxyListener& listener) { return host_name(listener.hosts); }

}  // namespace knetsim::lab
