// Goal: docs/validation.md is what the program prints, and the model stands beside published measurements as that page
// promises: CPU within 15 % of the source, the order of modes as published. Method: the program is run on its own
// scenarios; the page is renewed with KNETSIM_UPDATE_GOLDEN=1.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "run_program.h"

namespace knetsim::test {
namespace {

using nlohmann::json;

TEST(PublishedTables, ValidationPageIsWhatTheProgramPrints) {
  const ProgramResult run = run_program("verify --published -o markdown -q");
  ASSERT_EQ(run.code, 0) << run.err;
  const std::string path = KNETSIM_SOURCE_DIR "/docs/validation.md";
  if (std::getenv("KNETSIM_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << run.out;
  EXPECT_EQ(first_difference(read_text(path), run.out), "");
}

class PublishedTable : public testing::Test {
 protected:
  static const json& tables() {
    static const json all = [] {
      const ProgramResult run = run_program("verify --published -o json -q");
      EXPECT_EQ(run.code, 0) << run.err;
      return json::parse(run.out)["tables"];
    }();
    return all;
  }
  static const json& table(const std::string& id) {
    for (const json& one : tables()) {
      if (one["id"] == id) return one;
    }
    throw std::out_of_range(id);
  }
  /// Largest relative error of a column's figures.
  static double worst(const std::string& id, const std::string& column, const std::string& row = {}) {
    double error = 0;
    for (const json& figure : table(id)["figures"]) {
      if (figure["figure"] != column || (!row.empty() && figure["of"] != row)) continue;
      error = std::max(error, std::abs(figure["relative_error"].get<double>()));
    }
    return error;
  }
};

TEST_F(PublishedTable, CpuOfBothModesIsWithinFifteenPercentAtEverySize) {
  EXPECT_LT(worst("proxy-modes", "CPU"), 0.15);
}

// The median at 10,000 Services is not: the source's is out of line with its neighbours (docs/validation.md).
TEST_F(PublishedTable, FirstPacketIsWithinThirtyPercentButForTheMedianAtTenThousand) {
  for (const json& figure : table("first-packet")["figures"]) {
    const bool exception = figure["figure"] == "p50" && figure["of"] == "iptables, 10,000 Services";
    const double error = std::abs(figure["relative_error"].get<double>());
    if (exception) {
      EXPECT_GT(error, 0.30) << "better than the page says";
    } else {
      EXPECT_LT(error, 0.30) << figure;
    }
  }
}

// What netperf's 1 % and the noise of the steps leave: rates are one over a mean, the fit is of medians.
TEST_F(PublishedTable, OneProcessIsWithinSixPercentAndThirtyTwoWithinTwenty) {
  EXPECT_LT(worst("request-response", "TCP_RR 1"), 0.06);
  EXPECT_LT(worst("request-response", "TCP_CRR 1"), 0.06);
  EXPECT_LT(worst("request-response", "TCP_RR 32"), 0.20);
  EXPECT_LT(worst("request-response", "TCP_CRR 32", "Calico, iptables and kube-proxy"), 0.20);
}

// `close` of the default profile is fitted to these figures between hosts; Calico's rest on its walks alone.
TEST_F(PublishedTable, CpuOfConnectionsIsWithinSevenPercentBetweenHostsAndSixteenBetweenPods) {
  for (const std::string end : {"client", "server"}) {
    const std::string column = "CPU at 250,000 conn/s, " + end;
    EXPECT_LT(worst("request-response", column, "node to node"), 0.07);
    EXPECT_LT(worst("request-response", column, "Calico, iptables and kube-proxy"), 0.16);
  }
}

// An skb's costs are charged for 64 KiB also where a message leaves in smaller pieces, and ACKs once.
TEST_F(PublishedTable, StreamsAndTheirCpuAreAsOnTheFastMachine) {
  for (const std::string row : {"node to node", "Calico, iptables and kube-proxy"}) {
    EXPECT_LT(worst("streams-100g", "TCP_STREAM 1", row), 0.07);
    EXPECT_LT(worst("streams-100g", "CPU for 100 Gbit/s, server", row), 0.05);
  }
  EXPECT_LT(worst("streams-100g", "CPU for 100 Gbit/s, client", "node to node"), 0.05);
}

// Nothing but TCP_RR 1 is fitted to Cilium. The server's CPU a connection is a third too high: docs/validation.md says what is
// known of it.
TEST_F(PublishedTable, CiliumIsPredictedWithinThirteenPercentButForTheServersCpuOfConnections) {
  for (const std::string row : {"Cilium, host routing by eBPF", "Cilium, legacy routing"}) {
    for (const std::string column : {"TCP_RR 32", "TCP_CRR 1", "TCP_CRR 32", "CPU at 250,000 conn/s, client"}) {
      EXPECT_LT(worst("request-response", column, row), 0.13) << column << ", " << row;
    }
    for (const std::string column : {"TCP_STREAM 1", "CPU for 100 Gbit/s, client", "CPU for 100 Gbit/s, server"}) {
      EXPECT_LT(worst("streams-100g", column, row), 0.13) << column << ", " << row;
    }
    const double server = worst("request-response", "CPU at 250,000 conn/s, server", row);
    EXPECT_GT(server, 0.13) << "better than the page says";
    EXPECT_LT(server, 0.33);
  }
}

// Eight streams fill the link, whatever they pass on the way, and a ClusterIP costs a stream next to nothing.
TEST_F(PublishedTable, EightStreamsFillTheLinkAndAClusterIpCostsAStreamAsLittleAsInTheSource) {
  EXPECT_LT(worst("streams-40g", "pod IP, 8 streams"), 0.05);
  EXPECT_LT(worst("streams-40g", "ClusterIP, 8 streams"), 0.05);
  std::map<std::string, json> direct, service;
  for (const json& figure : table("streams-40g")["figures"]) {
    if (figure["figure"] == "pod IP, 1 stream") direct[figure["of"]] = figure;
    if (figure["figure"] == "ClusterIP, 1 stream") service[figure["of"]] = figure;
  }
  ASSERT_EQ(service.size(), 2U);
  const auto loss = [&](const std::string& name, const char* whose) {
    return 1 - service[name][whose].get<double>() / direct[name][whose].get<double>();
  };
  for (const auto& [name, figure] : service) EXPECT_NEAR(loss(name, "model"), loss(name, "published"), 0.02) << name;
}

TEST_F(PublishedTable, ForwardingIsWithinFifteenPercentInBothModes) {
  EXPECT_LT(worst("forwarding", "forwarded of 10 Mpps"), 0.15);
}

TEST_F(PublishedTable, HardwareVersionsAndWhatIsLeftOutAreStated) {
  EXPECT_EQ(tables().size(), 11U);
  for (const json& one : tables()) {
    for (const char* key : {"machine", "versions", "read", "url"}) EXPECT_NE(one[key], "") << one["id"] << key;
    for (const json& left_out : one["not_modelled"]) {
      EXPECT_NE(left_out["what"], "");
      EXPECT_NE(left_out["why"], "");
    }
  }
}

// All but five, each named in docs/validation.md: the source's hosts open fewer connections with 32 processes than its pods do,
// and two servers' CPU differ by less than the model is off.
TEST_F(PublishedTable, OrderIsThatOfTheSource) {
  std::vector<std::string> wrong;
  std::size_t pairs = 0;
  for (const json& one : tables()) {
    for (const json& pair : one["order"]) {
      ++pairs;
      if (pair["met"].get<bool>()) continue;
      const auto side = [&](const char* which) {
        return pair[which][0].get<std::string>() + ", " + pair[which][1].get<std::string>();
      };
      wrong.push_back(side("lower") + " < " + side("higher"));
    }
  }
  EXPECT_GT(pairs, 100u);
  EXPECT_THAT(
      wrong,
      testing::UnorderedElementsAre(
          "TCP_CRR 32, node to node < TCP_CRR 32, Calico, iptables and kube-proxy",
          "TCP_CRR 32, node to node < TCP_CRR 32, Cilium, host routing by eBPF",
          "TCP_CRR 32, node to node < TCP_CRR 32, Cilium, legacy routing",
          "CPU at 250,000 conn/s, server, Cilium, host routing by eBPF < CPU at 250,000 conn/s, server, node to node",
          "CPU for 100 Gbit/s, server, Cilium, legacy routing < CPU for 100 Gbit/s, server, Calico, iptables and "
          "kube-proxy"));
}

}  // namespace
}  // namespace knetsim::test
