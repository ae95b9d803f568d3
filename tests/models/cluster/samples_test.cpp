// Goal: manifests from outside and the project's own load as they are, and a large snapshot says the same as the
// objects that led to it. Method: the online boutique and guestbook of public repositories where they are at hand;
// configs/; a generated cluster in both forms, whose pods, addresses and endpoints are known by construction.

#include <gtest/gtest.h>

#include <cstdio>

#include "load.h"
#include "support/cluster_snapshot.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

std::size_t all_endpoints(const Cluster& cluster) {
  std::size_t count = 0;
  for (ServicePortIndex i = 0; i < cluster.service_ports.size(); ++i) {
    count += cluster.endpoints.latest().endpoints(i).size();
  }
  return count;
}

const Service* service_named(const Loaded& loaded, std::string_view name) {
  const ServiceIndex index = loaded.names().service("default", name);
  return index == kNoIndex ? nullptr : &loaded.cluster.services[index];
}

TEST(SampleManifests, OnlineBoutiqueLoadsUnchanged) {
  const auto folder = sample_data("manifests");
  if (!folder)
    GTEST_SKIP() << "no sample manifests: set KNETSIM_SAMPLE_DATA to a folder with manifests/online-boutique.yaml";
  const Loaded loaded = load_files({*folder + "/online-boutique.yaml"});
  ASSERT_EQ(loaded.errors(), "");
  EXPECT_EQ(loaded.cluster.pods.size(), 12U);
  EXPECT_EQ(loaded.cluster.services.size(), 12U);
  EXPECT_EQ(all_endpoints(loaded.cluster), 12U);
  EXPECT_EQ(loaded.summary.not_used, (std::map<std::string, std::size_t>{{"ServiceAccount", 11}}));
  ASSERT_NE(service_named(loaded, "frontend-external"), nullptr);
  EXPECT_EQ(service_named(loaded, "frontend-external")->type, ServiceType::LoadBalancer);
  EXPECT_NE(loaded.cluster.ports(*service_named(loaded, "frontend-external"))[0].node_port, 0);
  EXPECT_EQ(loaded.diagnostics.notice_count(), 1U) << loaded.notices();
}

TEST(SampleManifests, GuestbookLoadsUnchanged) {
  const auto folder = sample_data("manifests");
  if (!folder) GTEST_SKIP() << "no sample manifests: set KNETSIM_SAMPLE_DATA to a folder with manifests/guestbook.yaml";
  const Loaded loaded = load_files({*folder + "/guestbook.yaml"});
  ASSERT_EQ(loaded.errors(), "");
  EXPECT_EQ(loaded.cluster.pods.size(), 6U);
  EXPECT_EQ(all_endpoints(loaded.cluster), 6U);
  const Service* guestbook = service_named(loaded, "guestbook");
  ASSERT_NE(guestbook, nullptr);
  EXPECT_EQ(loaded.cluster.endpoints.at(0).endpoints(guestbook->first_port)[0].port, 3000) << "by the name http-server";
}

TEST(OwnManifests, TheTutorialIsTwoReplicasAServiceAndAClient) {
  const Loaded loaded = load_files({std::string(KNETSIM_SOURCE_DIR) + "/configs/tutorial/web.yaml"});
  ASSERT_EQ(loaded.errors() + loaded.notices(), "");
  EXPECT_EQ(loaded.cluster.pods.size(), 3U);
  ASSERT_NE(service_named(loaded, "web"), nullptr);
  EXPECT_EQ(all_endpoints(loaded.cluster), 2U);
  EXPECT_NE(loaded.names().pod("default", "client"), kNoIndex);
}

TEST(OwnManifests, TheShopLoadsWithoutAWord) {
  const Loaded loaded = load_files({std::string(KNETSIM_SOURCE_DIR) + "/configs/shop"});
  ASSERT_EQ(loaded.errors() + loaded.notices(), "");
  EXPECT_EQ(loaded.cluster.workloads.size(), 11U);
  EXPECT_EQ(loaded.cluster.services.size(), 11U);
  for (const Service& service : loaded.cluster.services) {
    EXPECT_FALSE(loaded.cluster.endpoints.at(0).endpoints(service.first_port).empty()) << service.name;
  }
  for (const char* name : {"cart", "catalog", "currency", "frontend"})
    EXPECT_NE(service_named(loaded, name), nullptr) << name;
  EXPECT_EQ(loaded.cluster.ports(*service_named(loaded, "frontend"))[0].name, "http");
  EXPECT_EQ(loaded.cluster.ports(*service_named(loaded, "frontend-external"))[0].node_port, 30080);
}

class Snapshot : public testing::Test {
 protected:
  TemporaryFolder folder;
};

TEST_F(Snapshot, OfAClusterKeepsItsNodesAddressesAndEndpoints) {
  const SnapshotSize size{.nodes = 30, .services = 100, .pods = 600, .namespaces = 7};
  const ClusterSnapshot snapshot(size);
  snapshot.write_json(folder.path("c.json"));
  const Loaded loaded = load_files({folder.path("c.json")});
  ASSERT_EQ(loaded.errors() + loaded.notices(), "");
  const Cluster& cluster = loaded.cluster;
  ASSERT_EQ(cluster.pods.size(), 600U);
  EXPECT_EQ(loaded.summary.pods_kept, 600U);
  EXPECT_EQ(cluster.nodes.size(), 30U);
  EXPECT_EQ(cluster.workloads.size(), 100U);
  EXPECT_EQ(cluster.pod_specs.size(), 100U) << "the replicas of a workload share one spec";
  EXPECT_EQ(cluster.workloads[99].name, snapshot.service_name(99)) << "the Deployment's name, from its ReplicaSet's";
  for (PodIndex i = 0; i < cluster.pods.size(); ++i) {
    EXPECT_EQ(cluster.pods[i].name, snapshot.pod_name(i));
    EXPECT_EQ(cluster.pods[i].node, snapshot.node_of(i));
    EXPECT_EQ(to_string(cluster.pods[i].ip), snapshot.pod_ip(i));
  }
  for (ServiceIndex s = 0; s < cluster.services.size(); ++s) {
    const auto endpoints = cluster.endpoints.at(0).endpoints(cluster.services[s].first_port);
    ASSERT_EQ(endpoints.size(), 6U);
    for (std::uint32_t k = 0; k < 6; ++k) {
      EXPECT_EQ(endpoints[k].pod, s * 6 + k);
      EXPECT_EQ(endpoints[k].node, snapshot.node_of(s * 6 + k));
      EXPECT_EQ(endpoints[k].port, 8080);
    }
    EXPECT_EQ(to_string(cluster.services[s].cluster_ips[0]), snapshot.cluster_ip(s));
  }
}

TEST_F(Snapshot, AndTheDeploymentsBehindItGiveTheSameServices) {
  const SnapshotSize size{.nodes = 30, .services = 100, .pods = 600, .namespaces = 7};
  const ClusterSnapshot snapshot(size);
  snapshot.write_json(folder.path("c.json"));
  snapshot.write_yaml(folder.path("c.yaml"));
  ClusterOptions options;
  options.nodes = {.count = 30, .capacity = {.cpu_milli = 16000, .memory_bytes = std::int64_t{64} << 30}};
  const Loaded a = load_files({folder.path("c.json")});
  const Loaded b = load_files({folder.path("c.yaml")}, options);
  ASSERT_EQ(a.errors() + b.errors(), "");
  ASSERT_EQ(a.cluster.services.size(), b.cluster.services.size());
  EXPECT_EQ(a.cluster.pods.size(), b.cluster.pods.size());
  EXPECT_EQ(a.cluster.workloads.size(), b.cluster.workloads.size());
  for (ServiceIndex s = 0; s < a.cluster.services.size(); ++s) {
    EXPECT_EQ(a.cluster.services[s].name, b.cluster.services[s].name);
    EXPECT_EQ(a.cluster.endpoints.at(0).endpoints(s).size(), b.cluster.endpoints.at(0).endpoints(s).size());
    EXPECT_EQ(a.cluster.pod_specs[s].requests, b.cluster.pod_specs[s].requests);
  }
}

}  // namespace
}  // namespace knetsim
