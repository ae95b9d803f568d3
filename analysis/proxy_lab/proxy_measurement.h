#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analysis/lab/measurement.h"
#include "analysis/proxy_lab/proxy_case.h"

namespace knetsim::lab {

/// One way of asking a proxy as measured, clients, proxy and upstream all on one CPU: medians over rounds.
struct MeasuredProxy {
  ProxyCase proxy_case{};
  bool held_out = false;  ///< No figure may be fitted to it.
  Estimate rate{};        ///< Requests a second of kSaturatingClients.
  Estimate cpu_ns{};      ///< Time in which the CPU was not idle, by request.
  Estimate alone_ns{};    ///< From one request to the next of a single client.
  /// CPU time in user mode by request, over all rounds together, since the kernel counts it in ticks: the proxy's ...
  double proxy_user_ns = 0;
  double client_user_ns = 0;    ///< ... the clients' ...
  double upstream_user_ns = 0;  ///< ... and the upstream's.
};

inline constexpr std::uint32_t kSaturatingClients = 8;

struct ProxyMeasurementOptions {
  int cpu = 0;               ///< On which all is done.
  std::uint32_t rounds = 9;  ///< At least 6, or there is no 95 % interval of a median.
  std::chrono::milliseconds warm_up{60};
  std::chrono::milliseconds window{500};
  std::function<void(double fraction, const std::string& what)> on_progress{};
};

/// Starts each proxy once, then measures round by round, in an order that turns. Each case is asked by many clients,
/// and where it is held out by one alone, too.
/// @return  Shape (cases,), in their order. @throws LabError
std::vector<MeasuredProxy> measure_proxies(const std::vector<ProxyCase>& fitted, const std::vector<ProxyCase>& held_out,
                                           const ProxyMeasurementOptions& options);

}  // namespace knetsim::lab
