// Goal: the cluster's zone answers as CoreDNS' plugin kubernetes does. Method: kubernetes/dns docs/specification.md, record
// by record, over a small cluster; sizes of messages against bytes counted by hand.

#include <gtest/gtest.h>

#include "../cluster/load.h"
#include "models/dns/cluster_zone.h"
#include "models/dns/message_size.h"

namespace knetsim {
namespace {

const char* const kShop = R"(
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: sql, port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: starting, namespace: shop}
spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: late}, ports: [{name: a, port: 1}, {name: b, port: 2}]}
---
apiVersion: v1
kind: Service
metadata: {name: started, namespace: shop}
spec: {clusterIP: None, selector: {app: late}, ports: [{port: 1}]}
---
apiVersion: v1
kind: Service
metadata: {name: mail, namespace: shop}
spec: {type: ExternalName, externalName: smtp.example.com}
---
apiVersion: v1
kind: Service
metadata: {name: round, namespace: shop}
spec: {type: ExternalName, externalName: round.shop.svc.cluster.local}
---
apiVersion: v1
kind: Pod
metadata: {name: late-0, namespace: shop, labels: {app: late}}
spec: {hostname: first, subdomain: starting, containers: [{name: a}]}
status: {conditions: [{type: Ready, status: "False"}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  replicas: 3
  serviceName: db
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: a}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, ports: [{name: http, containerPort: 8080}]}]}}
)";

class ClusterZoneTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(loaded.errors(), ""); }

  Loaded loaded = load_text(kShop);
  ClusterZone zone{loaded.cluster, "cluster.local"};

  void expect(const char* name, Answer a, std::uint32_t records, Answer aaaa) const {
    const ZoneAnswer v4 = zone.answer(name, RecordType::A);
    EXPECT_EQ(v4.answer, a) << name;
    EXPECT_EQ(v4.records, records) << name;
    EXPECT_EQ(zone.answer(name, RecordType::Aaaa).answer, aaaa) << name;
  }
};

TEST_F(ClusterZoneTest, AServiceHasItsAddressAndNoIPv6One) {
  expect("web.shop.svc.cluster.local", Answer::Records, 1, Answer::NoData);
  expect("web.shop.svc.cluster.local.", Answer::Records, 1, Answer::NoData);
  expect("web.default.svc.cluster.local", Answer::NxDomain, 0, Answer::NxDomain);
  EXPECT_FALSE(zone.answer("web.shop.svc.cluster.local", RecordType::A).forwarded);
}

TEST_F(ClusterZoneTest, WhatHasNamesBelowItIsThereWithoutRecords) {
  for (const char* name : {"cluster.local", "svc.cluster.local", "shop.svc.cluster.local", "pod.cluster.local"}) {
    expect(name, Answer::NoData, 0, Answer::NoData);
  }
  expect("nowhere.svc.cluster.local", Answer::NxDomain, 0, Answer::NxDomain);
  expect("example.com.cluster.local", Answer::NxDomain, 0, Answer::NxDomain);
  expect("example.com.shop.svc.cluster.local", Answer::NxDomain, 0, Answer::NxDomain);
}

TEST_F(ClusterZoneTest, AHeadlessServiceHasItsReadyPodsAndEachUnderItsHostname) {
  expect("db.shop.svc.cluster.local", Answer::Records, 3, Answer::NoData);
  expect("db-1.db.shop.svc.cluster.local", Answer::Records, 1, Answer::NoData);
  expect("db-3.db.shop.svc.cluster.local", Answer::NxDomain, 0, Answer::NxDomain);
  expect("db-1.web.shop.svc.cluster.local", Answer::NxDomain, 0, Answer::NxDomain);
}

TEST_F(ClusterZoneTest, PodsThatAreNotReadyAreThereWhereTheServiceSaysSo) {
  expect("starting.shop.svc.cluster.local", Answer::Records, 1, Answer::NoData);  // once, with two ports
  expect("first.starting.shop.svc.cluster.local", Answer::Records, 1, Answer::NoData);
  expect("started.shop.svc.cluster.local", Answer::NxDomain, 0, Answer::NxDomain);
}

// plugin/kubernetes/kubernetes.go, findServices: a record for each of the Service's ClusterIPs, whatever their family;
// handler.go asks for those of the question's (A: 4, AAAA: 16 bytes).
TEST_F(ClusterZoneTest, AServiceHasTheFamiliesOfItsAddresses) {
  const Loaded two = load_text(
      "apiVersion: v1\nkind: Service\nmetadata: {name: six}\nspec: {clusterIP: 'fd00::10', ipFamilies: [IPv6], "
      "selector: "
      "{app: p}, ports: [{port: 1}]}\n---\n"
      "apiVersion: v1\nkind: Service\nmetadata: {name: both}\nspec: {clusterIP: 10.96.0.77, clusterIPs: [10.96.0.77, "
      "'fd00::77'], selector: {app: p}, ports: [{port: 1}]}\n---\n"
      "apiVersion: v1\nkind: Service\nmetadata: {name: far}\nspec: {clusterIP: None, ipFamilies: [IPv6], ports: "
      "[{name: "
      "a, port: 1}]}\n---\n"
      "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: far-1, labels: "
      "{kubernetes.io/service-name: far}}\naddressType: IPv6\nports: [{name: a, port: 1}]\nendpoints: [{addresses: "
      "['fd00::1']}, {addresses: ['fd00::2']}]\n---\n" +
      deployment("p", 1));
  ASSERT_EQ(two.errors(), "");
  const ClusterZone of_two(two.cluster, "cluster.local");
  const auto records = [&](const char* name, RecordType type) { return of_two.answer(name, type).records; };
  EXPECT_EQ(records("six.default.svc.cluster.local", RecordType::A), 0U);
  EXPECT_EQ(of_two.answer("six.default.svc.cluster.local", RecordType::A).answer, Answer::NoData);
  EXPECT_EQ(records("six.default.svc.cluster.local", RecordType::Aaaa), 1U);
  EXPECT_EQ(records("both.default.svc.cluster.local", RecordType::A), 1U);
  EXPECT_EQ(records("both.default.svc.cluster.local", RecordType::Aaaa), 1U);
  EXPECT_EQ(of_two.answer("far.default.svc.cluster.local", RecordType::A).answer, Answer::NoData);
  EXPECT_EQ(records("far.default.svc.cluster.local", RecordType::Aaaa), 2U);
  EXPECT_EQ(records("_a._tcp.far.default.svc.cluster.local", RecordType::Srv), 2U);
}

// plugin/kubernetes/object/endpoint.go, EndpointSliceToEndpoints: "Add sentinel if there are no ports".
TEST_F(ClusterZoneTest, AHeadlessServiceWithoutPortsHasItsPodsAddresses) {
  const Loaded two = load_text(
      "apiVersion: v1\nkind: Service\nmetadata: {name: h}\nspec: {clusterIP: None, selector: {app: p}}\n---\n"
      "apiVersion: v1\nkind: Service\nmetadata: {name: none}\nspec: {clusterIP: None, selector: {app: q}}\n---\n" +
      deployment("p", 3));
  ASSERT_EQ(two.errors(), "");
  const ClusterZone of_two(two.cluster, "cluster.local");
  EXPECT_EQ(of_two.answer("h.default.svc.cluster.local", RecordType::A).records, 3U);
  EXPECT_EQ(of_two.answer("none.default.svc.cluster.local", RecordType::A).answer, Answer::NxDomain);
}

TEST_F(ClusterZoneTest, APodWithoutHostnameIsNamedByItsAddress) {
  const Loaded two = load_text(
      "apiVersion: v1\nkind: Service\nmetadata: {name: h}\nspec: {clusterIP: None, selector: {app: p}, ports: [{port: "
      "1}]}\n" +
      deployment("p", 1));
  ASSERT_EQ(two.errors(), "");
  std::string label = to_string(two.cluster.pods[0].ip);
  std::replace(label.begin(), label.end(), '.', '-');
  const ClusterZone of_two(two.cluster, "cluster.local");
  EXPECT_EQ(of_two.answer(label + ".h.default.svc.cluster.local", RecordType::A).records, 1U);
  EXPECT_EQ(of_two.answer(label + ".default.pod.cluster.local", RecordType::A).records, 1U);
}

TEST_F(ClusterZoneTest, AnExternalNameIsAnAliasThatIsResolvedElsewhere) {
  const ZoneAnswer alias = zone.answer("mail.shop.svc.cluster.local", RecordType::A);
  EXPECT_EQ(alias.answer, Answer::Records);
  EXPECT_TRUE(alias.forwarded);
  EXPECT_EQ(zone.answer("round.shop.svc.cluster.local", RecordType::A).answer, Answer::NxDomain) << "ends";
}

TEST_F(ClusterZoneTest, APortHasServiceRecords) {
  EXPECT_EQ(zone.answer("_http._tcp.web.shop.svc.cluster.local", RecordType::Srv).records, 1U);
  EXPECT_EQ(zone.answer("_sql._tcp.db.shop.svc.cluster.local", RecordType::Srv).records, 3U);
  EXPECT_EQ(zone.answer("_sql._udp.db.shop.svc.cluster.local", RecordType::Srv).answer, Answer::NxDomain);
}

TEST_F(ClusterZoneTest, OtherNamesAreForwarded) {
  const ZoneAnswer outside = zone.answer("www.example.com", RecordType::A);
  EXPECT_EQ(outside.answer, Answer::Records);
  EXPECT_TRUE(outside.forwarded);
  EXPECT_EQ(zone.answer("www.example.com", RecordType::Aaaa).answer, Answer::NoData);
  EXPECT_EQ(zone.answer("web", RecordType::A).answer, Answer::NxDomain) << "there is no such top-level domain";
}

// "web.shop.svc.cluster.local" is 26 characters: 28 bytes as labels. 12 + 28 + 4; and 28 + 2 + 2 + 4 + 2 + 4 for the A.
TEST(MessageSize, IsThatOfTheLabelsAndRecords) {
  EXPECT_EQ(query_bytes("web.shop.svc.cluster.local"), Bytes(44));
  EXPECT_EQ(address_answer_bytes("web.shop.svc.cluster.local", 1, 4), Bytes(44 + 42));
  EXPECT_EQ(address_answer_bytes("web.shop.svc.cluster.local", 3, 16), Bytes(44 + 3 * 54));
  // SOA of cluster.local: 15 + 10 + ns.dns.cluster.local (22) + hostmaster.cluster.local (26) + 20.
  EXPECT_EQ(negative_answer_bytes("web.shop.svc.cluster.local", "cluster.local"), Bytes(44 + 15 + 10 + 22 + 26 + 20));
}

}  // namespace
}  // namespace knetsim
