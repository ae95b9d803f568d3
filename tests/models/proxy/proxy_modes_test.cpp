// Goal: the table of modes, the document of models and what a mode says of itself agree. Method: rows of the document's section
// against the table, in both directions; each mode is made.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/proxy/proxy_model.h"

namespace knetsim {
namespace {

/// First cells of the rows under a heading of docs/models.md.
std::vector<std::string> rows_under(const std::string& heading) {
  std::ifstream page(KNETSIM_SOURCE_DIR "/docs/models.md");
  std::vector<std::string> rows;
  bool here = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) here = line == "## " + heading;
    if (!here || !line.starts_with("| ") || line.starts_with("| name |") || line.starts_with("| ---")) continue;
    rows.push_back(line.substr(2, line.find(" |") - 2));
  }
  return rows;
}

TEST(ProxyModes, AreTheRowsOfTheModelsDocument) {
  std::vector<std::string> modes;
  for (const ProxyInfo& mode : proxy_modes()) modes.emplace_back(mode.name);
  EXPECT_THAT(rows_under("Proxy modes"), testing::UnorderedElementsAreArray(modes));
}

TEST(ProxyModes, DescribeThemselvesAndAreMade) {
  for (const ProxyInfo& mode : proxy_modes()) {
    EXPECT_FALSE(mode.summary.empty()) << mode.name;
    EXPECT_FALSE(mode.source.empty()) << mode.name;
    EXPECT_EQ(&make_proxy(mode.name)->info(), &mode);
  }
}

// k/k pkg/proxy/topology.go as releases have it: 1.21 (off by default) to 1.26 "Auto" alone, 1.27 to 1.30 any word but
// Disabled, from 1.31 on without the annotation, from 1.34 on for nodes too. Cilium: the annotation, or PreferClose by this
// name (pkg/loadbalancer/reflectors, getTopologyAware), where its option says so, and not beside the policy Local.
TEST(ProxyModes, ReadHintsAsTheirVersionDoes) {
  const auto read = [](std::string_view mode, int minor, const Service& service) {
    return make_proxy(mode, {.kubernetes = {1, minor}, .choices = {{"serviceTopology", "on"}}})->hints_read(service);
  };
  const Service plain{}, mode_auto{.topology_mode = TopologyMode::Auto}, other{.topology_mode = TopologyMode::Other};
  for (const char* mode : {"iptables", "ipvs", "nftables"}) {
    for (int minor = 20; minor <= 36; ++minor) {
      SCOPED_TRACE(testing::Message() << mode << " of 1." << minor);
      const HintsRead always = minor >= 34   ? HintsRead::ZonesAndNodes
                               : minor >= 31 ? HintsRead::Zones
                                             : HintsRead::None;
      const auto or_zones = [&](bool asks) { return asks && minor < 34 ? HintsRead::Zones : always; };
      EXPECT_EQ(read(mode, minor, plain), always);
      EXPECT_EQ(read(mode, minor, mode_auto), or_zones(minor >= 24));
      EXPECT_EQ(read(mode, minor, other), or_zones(minor >= 27));
    }
  }
  const auto of = [](TrafficDistribution distribution) { return Service{.distribution = distribution}; };
  EXPECT_EQ(read("ebpf", 36, of(TrafficDistribution::PreferClose)), HintsRead::Zones);
  EXPECT_EQ(read("ebpf", 36, mode_auto), HintsRead::Zones);
  EXPECT_EQ(read("ebpf", 36, other), HintsRead::Zones);
  for (const TrafficDistribution later : {TrafficDistribution::PreferSameZone, TrafficDistribution::PreferSameNode}) {
    EXPECT_EQ(read("ebpf", 36, of(later)), HintsRead::None);
  }
  EXPECT_EQ(read("ebpf", 36, {.internal_traffic_local = true, .topology_mode = TopologyMode::Auto}), HintsRead::None);
  EXPECT_EQ(make_proxy("ebpf")->hints_read(mode_auto), HintsRead::None);
}

}  // namespace
}  // namespace knetsim
