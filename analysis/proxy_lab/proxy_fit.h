#pragma once

#include <map>
#include <string>
#include <vector>

#include "analysis/proxy_lab/proxy_measurement.h"
#include "models/cost/cost_profile.h"

namespace knetsim::lab {

/// A figure of a profile as measured.
struct ProxyFigure {
  std::string name;  ///< "proxies.nginx.request", "tls.tls1.3.p256.server"
  double before_ps = 0;
  double ps = 0;
  double standard_error = 0;  ///< Of its logarithm: 0.05 is 5 %.
  bool measured = false;  ///< The times say something: it is known to a factor e; else the profile keeps what it had.
};

/// Figures of TLS and proxies as fitted.
struct ProxyFit {
  ApplicationCosts costs;
  std::vector<ProxyFigure> figures;
  double residual = 0;  ///< Root mean square of log(measured / fitted), over all times in user mode.
  std::size_t times = 0;
};

/// Least squares of the logarithms of all times in user mode, the proxies' and their clients', over the cases that are
/// not held out. A handshake takes the same of every proxy, which all use
/// OpenSSL; records the same of both ends. What the cases do not tell, as other proxies' figures, stays as it was.
/// @param origin  "measured on AMD EPYC, Linux 6.18, 2026-01-31"
/// @param versions  By proxy: "nginx 1.22.1".
ProxyFit fit_proxies(const std::vector<MeasuredProxy>& measured, const ApplicationCosts& before,
                     const std::string& origin, const std::map<std::string, std::string>& versions);

/// About: bytes of a request of the lab, head and all (73 to 95), and of an answer's head (90 to 160, as the proxy writes it).
/// What they are off by takes some 10 ns of a request's microseconds.
inline constexpr double kRequestBytes = 90;
inline constexpr double kAnswerHeadBytes = 90;

}  // namespace knetsim::lab
