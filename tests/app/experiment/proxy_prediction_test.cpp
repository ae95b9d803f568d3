// Goal: what a run predicts of the proxy lab moves with the figures of the profile, and by as much. Method: differences between
// two profiles, and between two ways of asking, whose work the profile states.

#include "app/experiment/proxy_prediction.h"

#include <gtest/gtest.h>

#include "sim/input/diagnostics.h"

namespace knetsim {
namespace {

constexpr LabPrograms kPrograms{.client_user_ns = 3'000, .upstream_user_ns = 2'000};

CostProfile shipped() {
  InputSet inputs;
  Diagnostics diagnostics;
  return load_cost_profile(inputs, KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml", diagnostics);
}

TEST(ProxyPrediction, AProxysWorkIsInTheRequestsCpuTime) {
  const lab::ProxyCase kept{.proxy = "nginx"};
  CostProfile profile = shipped();
  const ProxyPrediction before = predict_proxy(kept, kPrograms, profile);
  profile.applications.proxies.at("nginx").request_ps += 50e6;
  const ProxyPrediction after = predict_proxy(kept, kPrograms, profile);
  EXPECT_NEAR(after.cpu_ns - before.cpu_ns, 50'000, 0.02 * after.cpu_ns) << "noise of steps beside";
  EXPECT_NEAR(after.alone_ns - before.alone_ns, 50'000, 0.02 * after.alone_ns);
  EXPECT_NEAR(before.rate, 1e9 / before.cpu_ns, 0.03 * before.rate) << "the one CPU is never idle";
}

TEST(ProxyPrediction, AHandshakeIsInItToo) {
  const CostProfile profile = shipped();
  const lab::ProxyCase plain{.proxy = "haproxy", .kept = false};
  lab::ProxyCase secured = plain;
  secured.listener.tls = lab::LabTls{TlsVersion::Tls13, TlsKey::Rsa2048};
  const HandshakeCost& cost = profile.applications.tls->versions[1].whole[0];
  const double more =
      predict_proxy(secured, kPrograms, profile).cpu_ns - predict_proxy(plain, kPrograms, profile).cpu_ns;
  const double shaken = 1e-3 * (cost.client_ps + cost.server_ps);
  EXPECT_GT(more, shaken);
  EXPECT_LT(more, 1.1 * shaken) << "a round trip and two records beside";
}

TEST(ProxyPrediction, EveryCaseOfTheDesignsIsAScenario) {
  const CostProfile profile = shipped();
  for (const lab::ProxyCase& one : lab::proxy_held_out_cases({"nginx", "haproxy"})) {
    const ProxyPrediction predicted = predict_proxy(one, kPrograms, profile);
    EXPECT_GT(predicted.rate, 100) << one.name();
    EXPECT_GT(predicted.alone_ns, 0) << one.name();
  }
}

}  // namespace
}  // namespace knetsim
