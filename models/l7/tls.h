#pragma once

#include <string_view>

#include "models/cost/application_cost.h"
#include "models/workload/spec.h"

namespace knetsim {

/// How a connection is secured.
struct TlsSettings {
  TlsVersion version = TlsVersion::Tls13;
  TlsKey key = TlsKey::P256;
  SessionScope sessions = SessionScope::None;
};

/// Round trips of a handshake before the client may send its request.
/// @source RFC 8446, figures 1 and 3; RFC 5246, figures 1 and 2.
std::uint32_t handshake_rounds(TlsVersion version, bool resumed);

/// Puts TLS between a connection's opening and its requests: whole and resumed handshakes into the edge's script, records
/// around its messages.
///
/// The client's last flight goes with the request, as one of its bytes; of TLS 1.2 the tickets' bytes come with the
/// server's last, of TLS 1.3 with its first. Early data (0-RTT) is not sent. Bytes are those of OpenSSL's flights with a
/// certificate of one name, and of one intermediate certificate more, as public authorities have.
void secure(EdgeSpec& edge, const TlsSettings& settings, const TlsCost& costs);

}  // namespace knetsim
