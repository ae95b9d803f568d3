#include "models/l7/tls.h"

#include <array>
#include <utility>

namespace knetsim {
namespace {

/// Bytes of the flights of a handshake, counted by benchmarks/models/cost/tls_bench.cpp (OpenSSL 3.0).
struct Flights {
  double client_first = 0;
  double server_first = 0;
  double client_last = 0;  ///< With what follows: its Finished.
  double server_last = 0;  ///< Of a second round, or of tickets.
};

// An intermediate certificate of a public authority: some 1,100 to 1,400 bytes (an assumption, of the middle).
constexpr double kIntermediate = 1'250;

constexpr std::array<std::array<Flights, 3>, 2> kFlights = {{
    // TLS 1.2: RSA 2048, P-256, resumed
    {{{159, 1'147 + kIntermediate, 93, 242}, {159, 567 + kIntermediate, 93, 242}, {367, 141, 51, 0}}},
    // TLS 1.3: two tickets follow a whole handshake, one a resumed one
    {{{242, 1'288 + kIntermediate, 64, 478}, {242, 707 + kIntermediate, 64, 478}, {481, 225, 64, 239}}},
}};

constexpr std::size_t kResumed = 2;

Distribution constant(double value) { return Distribution::constant(value); }

Handshake handshake(TlsVersion version, const Flights& flights, const HandshakeCost& cost, bool resumed) {
  const std::uint32_t rounds = handshake_rounds(version, resumed);
  // The work is spread over the rounds, so that its sum is the handshake's.
  const double share = 1e-12 / rounds;
  const double client =
      rounds == 2 ? (flights.client_first + flights.client_last) / 2 : flights.client_first + flights.client_last;
  const double server = (flights.server_first + flights.server_last) / rounds;
  return {.rounds = rounds,
          .sessions = resumed ? ForSessions::Resumed : ForSessions::New,
          .client_bytes = constant(client),
          .server_bytes = constant(server),
          .server_work_seconds = constant(cost.server_ps * share),
          .client_work_seconds = constant(cost.client_ps * share)};
}

}  // namespace

std::uint32_t handshake_rounds(TlsVersion version, bool resumed) {
  return version == TlsVersion::Tls13 || resumed ? 1 : 2;
}

void secure(EdgeSpec& edge, const TlsSettings& settings, const TlsCost& costs) {
  const auto version = static_cast<std::size_t>(settings.version);
  const auto key = static_cast<std::size_t>(settings.key);
  const TlsVersionCost& cost = costs.versions[version];
  edge.script =
      with_step(std::move(edge.script), handshake(settings.version, kFlights[version][key], cost.whole[key], false));
  if (settings.sessions != SessionScope::None) {
    edge.script =
        with_step(std::move(edge.script), handshake(settings.version, kFlights[version][kResumed], cost.resumed, true));
  }
  edge.sessions = settings.sessions;
  edge.records = RecordLayer{.seconds_a_record = 1e-12 * costs.record_ps, .seconds_a_byte = 1e-12 * costs.byte_ps};
}

}  // namespace knetsim
