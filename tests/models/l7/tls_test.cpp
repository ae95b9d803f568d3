// Goal: TLS puts the round trips, bytes and CPU time of its handshakes into a script, and of its records around messages.
// Method: RFC 8446 and RFC 5246 say how many flights there are; sums over a script give back what the profile states.

#include <gtest/gtest.h>

#include "models/l7/tls.h"

namespace knetsim {
namespace {

TlsCost costs() {
  TlsCost cost;
  for (TlsVersionCost& version : cost.versions) {
    version.whole[0] = {.client_ps = 300e6, .server_ps = 500e6};
    version.whole[1] = {.client_ps = 200e6, .server_ps = 100e6};
    version.resumed = {.client_ps = 30e6, .server_ps = 40e6};
  }
  cost.record_ps = 1e6;
  cost.byte_ps = 100;
  return cost;
}

TEST(Tls, RoundTripsAreThoseOfTheFlights) {
  EXPECT_EQ(handshake_rounds(TlsVersion::Tls13, false), 1U);
  EXPECT_EQ(handshake_rounds(TlsVersion::Tls13, true), 1U);
  EXPECT_EQ(handshake_rounds(TlsVersion::Tls12, false), 2U);
  EXPECT_EQ(handshake_rounds(TlsVersion::Tls12, true), 1U);
}

TEST(Tls, AScriptHasTheWholeHandshakesWorkWhateverItsRounds) {
  for (const TlsVersion version : {TlsVersion::Tls12, TlsVersion::Tls13}) {
    EdgeSpec edge;
    edge.script = plain_script({});
    secure(edge, {.version = version, .key = TlsKey::Rsa2048}, costs());
    EXPECT_TRUE(is_well_formed(edge.script));
    EXPECT_EQ(edge.script.size(), 3U) << "no session is resumed";
    EXPECT_NEAR(mean_work_seconds(edge.script, true), 800e-6, 1e-12);
    EXPECT_EQ(mean_work_seconds(edge.script, false), 0);
  }
}

TEST(Tls, WhatResumesHasAShorterHandshakeBesideTheWholeOne) {
  EdgeSpec edge;
  edge.script = plain_script({});
  secure(edge, {.version = TlsVersion::Tls12, .key = TlsKey::P256, .sessions = SessionScope::Server}, costs());
  ASSERT_EQ(edge.script.size(), 4U);
  const auto& whole = std::get<Handshake>(edge.script[1]);
  const auto& resumed = std::get<Handshake>(edge.script[2]);
  EXPECT_EQ(whole.sessions, ForSessions::New);
  EXPECT_EQ(resumed.sessions, ForSessions::Resumed);
  EXPECT_EQ(whole.rounds, 2U);
  EXPECT_EQ(resumed.rounds, 1U);
  EXPECT_LT(resumed.server_bytes.mean(), whole.server_bytes.mean()) << "no certificate";
}

TEST(Tls, RecordsAreOf16KiBEachWithItsOverhead) {
  EdgeSpec edge;
  edge.script = plain_script({});
  secure(edge, {}, costs());
  ASSERT_TRUE(edge.records);
  EXPECT_EQ(edge.records->sealed(Bytes(1)), Bytes(23));
  EXPECT_EQ(edge.records->sealed(Bytes(16'384)), Bytes(16'384 + 22));
  EXPECT_EQ(edge.records->sealed(Bytes(16'385)), Bytes(16'385 + 44));
  EXPECT_NEAR(edge.records->seconds(Bytes(16'385)), 2e-6 + 16'385 * 100e-12, 1e-15);
}

}  // namespace
}  // namespace knetsim
