#include "models/cni/cni_model.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

// Goal: a pod network says what a packet passes between pod and node, and what its tunnel costs on the wire.
// Method: MTUs against what flannel writes into its own subnet file on a 1,500-byte underlay (1450 for VXLAN, 1500 for
// host-gw); steps against the devices that each kind creates.

namespace knetsim {
namespace {

std::unique_ptr<CniModel> make(std::string_view name, CniParams params = {}) {
  return cni_kind_named(name)->make(params);
}

std::vector<StepKind> kinds_into_pod(const CniModel& cni) {
  std::vector<Step> steps;
  StepSink sink{steps, Place::SoftirqCore, NodeRole::Server};
  cni.enter_pod(sink);
  std::vector<StepKind> kinds;
  for (const Step& step : steps) kinds.push_back(step.kind);
  return kinds;
}

TEST(CniModel, VxlanTakesFiftyBytesOfThePodsMtuAndHostRoutesNone) {
  EXPECT_EQ(make("flannel")->pod_mtu(1500), 1450U);
  EXPECT_EQ(make("flannel")->pod_mtu(9000), 8950U);
  EXPECT_EQ(make("flannel", {.backend = "host-gw"})->pod_mtu(1500), 1500U);
  EXPECT_EQ(make("bridge")->pod_mtu(1500), 1500U);
  EXPECT_EQ(make("routed")->pod_mtu(1500), 1500U);
  EXPECT_EQ(make("flannel")->pod_mtu(40), 0U);
}

// Calico's documentation of MTUs has 1480 for IP in IP, 1450 for VXLAN and 1500 without, on 1,500.
TEST(CniModel, CalicosEncapsulationsTakeTheirHeaders) {
  EXPECT_EQ(make("calico")->pod_mtu(1500), 1480U);
  EXPECT_EQ(make("calico", {.backend = "vxlan"})->pod_mtu(1500), 1450U);
  EXPECT_EQ(make("calico", {.backend = "none"})->pod_mtu(1500), 1500U);
  EXPECT_EQ(make("calico")->tunnel().encapsulation, Encapsulation::Ipip);
  // Felix exempts VXLAN from conntrack, and IP in IP not.
  EXPECT_FALSE(make("calico", {.backend = "vxlan"})->tunnel().tracked);
  EXPECT_TRUE(make("calico")->tunnel().tracked);
  EXPECT_THROW(make("calico", {.backend = "wireguard"}), std::invalid_argument);
}

TEST(CniModel, EncapsulationAddsItsHeaderToTheWireOnce) {
  const std::pair<const char*, const char*> tunnels[] = {{"flannel", "vxlan"}, {"calico", "ipip"}, {"calico", "vxlan"}};
  for (const auto& [kind, backend] : tunnels) {
    const auto cni = make(kind, {.backend = backend});
    std::vector<Step> steps;
    StepSink sink{steps, Place::SendingCpu, NodeRole::Client};
    cni->encapsulate(sink);
    cni->decapsulate(sink);
    std::uint32_t wire = 0;
    for (const Step& step : steps) wire += step.wire_bytes;
    EXPECT_EQ(wire, cni->tunnel().header_bytes) << kind << ' ' << backend;
  }
  EXPECT_TRUE(make("flannel")->tunnel().tracked);
  EXPECT_FALSE(make("flannel", {.notrack = true})->tunnel().tracked);
}

TEST(CniModel, BridgedPodsAreReachedThroughTheBridgeAndRoutedOnesAreNot) {
  EXPECT_EQ(kinds_into_pod(*make("bridge")), (std::vector{StepKind::Bridge, StepKind::Veth}));
  EXPECT_EQ(kinds_into_pod(*make("flannel")), (std::vector{StepKind::Bridge, StepKind::Veth}));
  EXPECT_EQ(kinds_into_pod(*make("routed")), (std::vector{StepKind::Veth}));
  EXPECT_EQ(kinds_into_pod(*make("calico")), (std::vector{StepKind::Veth}));
}

// Programs hand packets past the stack only where the proxy mode needs nothing of it; the agent falls back else.
TEST(CniModel, CiliumPassesTheStackWhereServicesAreServedByProgramsToo) {
  EXPECT_FALSE(make("cilium")->skips_host_stack());
  EXPECT_FALSE(make("cilium", {.backend = "legacy", .services_by_programs = true})->skips_host_stack());
  const auto bypassing = make("cilium", {.services_by_programs = true});
  EXPECT_TRUE(bypassing->skips_host_stack());
  EXPECT_EQ(kinds_into_pod(*bypassing),
            (std::vector{StepKind::BpfProgram, StepKind::BpfLookup, StepKind::BpfRedirect}));
  EXPECT_EQ(kinds_into_pod(*make("cilium", {.backend = "legacy"})),
            (std::vector{StepKind::BpfProgram, StepKind::BpfLookup, StepKind::Veth}));
  EXPECT_FALSE(bypassing->tunnel());
}

TEST(CniModel, EveryKindDescribesItselfAndAnUnknownBackendIsRefused) {
  for (const CniInfo& kind : cni_kinds()) {
    EXPECT_FALSE(kind.summary.empty());
    EXPECT_FALSE(kind.source.empty());
    EXPECT_NE(kind.make({}), nullptr);
    for (const std::string_view backend : kind.backends)
      EXPECT_NE(kind.make({.backend = std::string(backend)}), nullptr);
  }
  EXPECT_EQ(cni_kind_named("weave"), nullptr);
  EXPECT_THROW(make("flannel", {.backend = "udp"}), std::invalid_argument);
}

TEST(CniModel, EveryKindHasARowInTheModelsDocument) {
  std::ostringstream text;
  text << std::ifstream(KNETSIM_SOURCE_DIR "/docs/models.md").rdbuf();
  for (const CniInfo& kind : cni_kinds()) {
    EXPECT_NE(text.str().find("\n| " + std::string(kind.name) + " | "), std::string::npos) << kind.name;
  }
}

}  // namespace
}  // namespace knetsim
