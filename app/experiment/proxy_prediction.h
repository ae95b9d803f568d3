#pragma once

#include "analysis/proxy_lab/proxy_measurement.h"
#include "models/cost/cost_profile.h"

namespace knetsim {

/// What a run says about a case of the proxy lab.
struct ProxyPrediction {
  double rate = 0;      ///< Requests a second of lab::kSaturatingClients, all on one CPU.
  double cpu_ns = 0;    ///< CPU time of a request, everybody's.
  double alone_ns = 0;  ///< From one request to the next of a single client.
};

/// The lab's own programs, which no profile holds, as measured without a proxy.
struct LabPrograms {
  double client_user_ns = 0;  ///< By request, in user mode.
  double upstream_user_ns = 0;
};

/// Runs the case as a scenario: one node of one core, a client, the proxy and an upstream in a pod each on one bridge.
/// @param profile  Steps of the kernel, TLS and proxies. @throws ConfigError, OutputError
ProxyPrediction predict_proxy(const lab::ProxyCase& proxy_case, const LabPrograms& programs,
                              const CostProfile& profile);

/// The scenario, and the manifests beside it. @param users  Clients, each with one request after the other.
std::string proxy_scenario_text(const lab::ProxyCase& proxy_case, const LabPrograms& programs, std::uint32_t users);
std::string proxy_manifests_text(const lab::ProxyCase& proxy_case);

}  // namespace knetsim
