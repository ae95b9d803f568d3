// Goal: the list of what is not modelled is complete and stands in the documentation too.
// Method: every row has its words, and docs/models.md names each of them.

#include "models/cluster/unmodelled.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace knetsim {
namespace {

TEST(Unmodelled, EveryFeatureHasARowInOrder) {
  std::size_t index = 0;
  for (const UnmodelledRow& row : unmodelled_rows()) {
    EXPECT_EQ(static_cast<std::size_t>(row.feature), index++);
    EXPECT_FALSE(row.name.empty() || row.seen_in.empty() || row.consequence.empty()) << row.name;
  }
  EXPECT_EQ(index, static_cast<std::size_t>(Unmodelled::kCount));
}

TEST(Unmodelled, KindsAndAnnotationsLeadToTheirFeature) {
  EXPECT_EQ(unmodelled_kind("cilium.io", "CiliumNetworkPolicy"), Unmodelled::OtherPolicies);
  EXPECT_EQ(unmodelled_kind("crd.projectcalico.org", "NetworkPolicy"), Unmodelled::OtherPolicies);
  EXPECT_EQ(unmodelled_kind("networking.istio.io", "Gateway"), Unmodelled::Ingress);
  EXPECT_EQ(unmodelled_kind("", "ConfigMap"), Unmodelled::kCount);
  // Kinds of other groups that only share the name.
  EXPECT_EQ(unmodelled_kind("config.openshift.io", "Ingress"), Unmodelled::kCount);
  EXPECT_EQ(unmodelled_kind("example.com", "Gateway"), Unmodelled::kCount);
  EXPECT_EQ(unmodelled_kind("notistio.io", "Sidecar"), Unmodelled::kCount);
  EXPECT_EQ(unmodelled_annotation("linkerd.io/inject", "enabled"), Unmodelled::ServiceMesh);
  EXPECT_EQ(unmodelled_annotation("linkerd.io/inject", "disabled"), Unmodelled::kCount);
  EXPECT_EQ(unmodelled_annotation("sidecar.istio.io/rewriteAppHTTPProbers", "true"), Unmodelled::kCount);
  EXPECT_EQ(unmodelled_annotation("k8s.v1.cni.cncf.io/networks", "anything"), Unmodelled::MultipleNetworks);
}

TEST(Unmodelled, IsListedInTheDocumentation) {
  std::ifstream file(std::string(KNETSIM_SOURCE_DIR) + "/docs/models.md");
  if (!file) GTEST_SKIP() << "docs/models.md is not there";
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  for (const UnmodelledRow& row : unmodelled_rows()) {
    EXPECT_NE(page.find("| " + std::string(row.name) + " |"), std::string::npos)
        << "docs/models.md has no row " << row.name;
  }
}

}  // namespace
}  // namespace knetsim
