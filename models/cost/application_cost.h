#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "models/cost/figure_source.h"

namespace knetsim {

// What processes do above the kernel on behalf of a connection or a request: TLS, and proxies that read requests.

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };
/// Of a server's certificate.
enum class TlsKey : std::uint8_t { Rsa2048, P256 };

/// CPU time of one handshake at its two ends.
struct HandshakeCost {
  double client_ps = 0;
  double server_ps = 0;
  FigureSource provenance{};
};

struct TlsVersionCost {
  std::array<HandshakeCost, 2> whole;  ///< By TlsKey.
  HandshakeCost resumed;               ///< Of a session that both ends have.
};

struct TlsCost {
  std::array<TlsVersionCost, 2> versions;  ///< By TlsVersion.
  double record_ps = 0;                    ///< To seal a record, or to open it ...
  double byte_ps = 0;                      ///< ... and each of its bytes.
  FigureSource provenance{};               ///< Of the two.
};

/// What a proxy's own code takes for a request that it passes on and for the answer to it; the kernel's part is the walk's.
struct ProxyCost {
  double request_ps = 0;
  double byte_ps = 0;        ///< Of request and answer.
  double rule_ps = 0;        ///< Of each rule that it looks at before it finds the request's.
  double connection_ps = 0;  ///< Of a client's connection that is new ...
  double upstream_ps = 0;    ///< ... and of one of its own, to an upstream.
  FigureSource provenance{};
};

struct ApplicationCosts {
  std::optional<TlsCost> tls;
  std::map<std::string, ProxyCost, std::less<>> proxies;  ///< By the proxy's name.
};

}  // namespace knetsim
