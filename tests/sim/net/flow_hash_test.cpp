// Goal: hashes spread flows evenly, and a tunnel's outer header has the entropy of its kind.
// Method: chi-square of counts against the uniform law at its 99.9 % quantile; udp_flow_src_port against values worked
// out by hand from its definition in include/net/udp.h.

#include "sim/net/flow_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "sim/net/ecmp.h"

namespace knetsim {
namespace {

double chi_square(const std::vector<int>& counts) {
  double total = 0;
  for (const int count : counts) {
    total += count;
  }
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0;
  for (const int count : counts) {
    sum += (count - expected) * (count - expected) / expected;
  }
  return sum;
}

FiveTuple flow(std::uint16_t src_port) { return {0x0af40103, 0x0af40205, src_port, 8080, kProtocolTcp}; }

// The hardest case for a weak hash: consecutive client ports and nothing else.
TEST(FlowHash, ConsecutivePortsSpreadEvenlyOverFourWays) {
  for (const std::uint64_t owner : {0U, 1U, 2U, 77U}) {
    std::vector<int> counts(4);
    for (std::uint32_t port = kLocalPortMin; port <= kLocalPortMax; ++port) {
      ++counts[ecmp_choice(flow_hash(flow(static_cast<std::uint16_t>(port))), hash_salt(1, owner), 4)];
    }
    EXPECT_LT(chi_square(counts), 16.27) << "3 degrees of freedom, 99.9 %";
  }
}

TEST(FlowHash, TwoSwitchesChooseIndependently) {
  std::vector<int> pairs(16);
  for (std::uint32_t port = kLocalPortMin; port <= kLocalPortMax; ++port) {
    const std::uint64_t hash = flow_hash(flow(static_cast<std::uint16_t>(port)));
    ++pairs[ecmp_choice(hash, hash_salt(1, 0), 4) * 4 + ecmp_choice(hash, hash_salt(1, 1), 4)];
  }
  EXPECT_LT(chi_square(pairs), 37.70) << "15 degrees of freedom, 99.9 %";
}

TEST(FlowHash, EveryFieldCounts) {
  const FiveTuple base = flow(40000);
  std::set<std::uint64_t> hashes{flow_hash(base)};
  FiveTuple other = base;
  other.src_address += 1;
  hashes.insert(flow_hash(other));
  other = base;
  other.dst_address += 1;
  hashes.insert(flow_hash(other));
  other = base;
  other.dst_port += 1;
  hashes.insert(flow_hash(other));
  other = base;
  other.protocol = kProtocolUdp;
  hashes.insert(flow_hash(other));
  hashes.insert(flow_hash({base.dst_address, base.src_address, base.dst_port, base.src_port, base.protocol}));
  EXPECT_EQ(hashes.size(), 6U);
}

TEST(UdpFlowSrcPort, FollowsTheKernelsArithmetic) {
  // hash ^= hash << 16, then (hash * (max - min) >> 32) + min.
  EXPECT_EQ(udp_flow_src_port(0), 32768);
  EXPECT_EQ(udp_flow_src_port(0x00008000), 32768 + 14115) << "0x80008000 * 28231 >> 32";
  EXPECT_EQ(udp_flow_src_port(0xffff0000), 32768 + 28230) << "0xffff0000 * 28231 >> 32; 60999 itself is never taken";
  EXPECT_EQ(udp_flow_src_port(0x00000001, 1000, 2000), 1000) << "0x00010001 * 1000 >> 32";
}

TEST(OuterHeader, VxlanSpreadsFlowsOfANodePairAndIpipAndWireGuardDoNot) {
  const NodePair nodes{0xac120001, 0xac120002};
  for (const Encapsulation kind : {Encapsulation::Vxlan, Encapsulation::Geneve, Encapsulation::Ipip,
                                   Encapsulation::WireGuard, Encapsulation::None}) {
    std::vector<int> counts(4);
    std::set<std::uint64_t> hashes;
    for (std::uint32_t port = 40000; port < 44000; ++port) {
      const std::uint64_t hash = outer_hash(kind, flow(static_cast<std::uint16_t>(port)), nodes);
      hashes.insert(hash);
      ++counts[ecmp_choice(hash, hash_salt(1, 0), 4)];
    }
    if (kind == Encapsulation::Ipip || kind == Encapsulation::WireGuard) {
      EXPECT_EQ(hashes.size(), 1U);
    } else {
      EXPECT_LT(chi_square(counts), 16.27);
    }
    // 4,000 flows on 28,231 ports: about 28231 (1 - e^(-4000/28231)) = 3,730 distinct ones.
    if (kind == Encapsulation::Vxlan) {
      EXPECT_NEAR(static_cast<double>(hashes.size()), 3730, 60);
    }
  }
  EXPECT_EQ(outer_header(Encapsulation::Vxlan, flow(40000), nodes).dst_port, 4789);
  EXPECT_EQ(outer_header(Encapsulation::Ipip, flow(40000), nodes).protocol, 4);
}

}  // namespace
}  // namespace knetsim
