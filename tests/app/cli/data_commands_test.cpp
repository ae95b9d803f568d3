// Goal: models, explain, schema and version give data on standard output, for people and for machines, from the tables
// that the simulator itself uses.
// Method: the built program is run; JSON is parsed and held against what the project says elsewhere (the schema's
// draft, the profile's file, the quick start's keys).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "run_program.h"

namespace knetsim::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsSupersetOf;

json output_of(const std::string& arguments) {
  const ProgramResult result = run_program(arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  return json::parse(result.out);
}

std::vector<std::string> names_of(const json& list, const char* key = "name") {
  std::vector<std::string> names;
  for (const json& one : list) names.push_back(one.at(key));
  return names;
}

TEST(Models, ListsEveryModeNetworkAndStep) {
  const json models = output_of("models -o json");
  EXPECT_EQ(models.at("format_version"), "1.0");
  EXPECT_THAT(names_of(models.at("proxy_modes")), IsSupersetOf({"iptables", "ipvs", "nftables", "none"}));
  EXPECT_THAT(names_of(models.at("cni_kinds")), IsSupersetOf({"bridge", "flannel"}));
  EXPECT_THAT(names_of(models.at("step_kinds")), IsSupersetOf({"conntrack.lookup", "vxlan.encap"}));
  const std::string table = run_program("models").out;
  for (const std::string& name : names_of(models.at("proxy_modes"))) EXPECT_THAT(table, HasSubstr("  " + name));
}

TEST(Explain, GivesDefaultTypeAndAllowedValuesOfAKey) {
  const json mode = output_of("explain cluster.proxy.mode -o json");
  EXPECT_EQ(mode.at("path"), "cluster.proxy.mode");
  EXPECT_EQ(mode.at("default"), "iptables");
  EXPECT_THAT(names_of(mode.at("values")), IsSupersetOf({"iptables", "ipvs", "nftables", "none"}));
  const std::string text = run_program("explain cluster.proxy.mode").out;
  EXPECT_THAT(text, HasSubstr("cluster.proxy.mode"));
  EXPECT_THAT(text, HasSubstr("default iptables"));
}

TEST(Explain, WithoutAPathListsTheKeysAtTheTop) {
  const std::string text = run_program("explain").out;
  for (const char* key : {"manifests", "cluster", "costs", "apps", "workloads", "run", "slo", "variants", "patches"}) {
    EXPECT_THAT(text, HasSubstr("\n  " + std::string(key))) << key;
  }
}

TEST(Explain, ListsEveryKeyOnce) {
  std::vector<std::string> paths = names_of(output_of("explain --all -o json").at("keys"), "path");
  EXPECT_THAT(paths, IsSupersetOf({"cluster.background.services", "run.seed", "cluster.nodes.nic"}));
  std::sort(paths.begin(), paths.end());
  EXPECT_EQ(std::adjacent_find(paths.begin(), paths.end()), paths.end());
}

TEST(Explain, AssumptionsAreThoseOfTheProfile) {
  const json listed = output_of("explain --assumptions -o json");
  EXPECT_EQ(listed.at("profile"), "default");
  // Each figure of the file that is labelled an assumption, and no other.
  const std::string profile = read_text(KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml");
  std::size_t labelled = 0;
  for (std::size_t at = profile.find("assumption:"); at != std::string::npos;
       at = profile.find("assumption:", at + 1)) {
    ++labelled;
  }
  EXPECT_EQ(listed.at("assumptions").size(), labelled);
}

TEST(Schema, IsADraft7SchemaWithTheScenarioKeys) {
  const json schema = output_of("schema");
  EXPECT_EQ(schema.at("$schema"), "http://json-schema.org/draft-07/schema#");
  const TemporaryFolder scratch;
  EXPECT_EQ(run_program("schema --out " + scratch.path("s.json")).code, 0);
  EXPECT_EQ(json::parse(read_text(scratch.path("s.json"))), schema);
  EXPECT_EQ(run_program("schema --out " + scratch.path("none/s.json")).code, 5);
}

TEST(Version, GivesMachinesTheBuild) {
  const json version = output_of("version -o json");
  for (const char* key : {"version", "git_sha1", "git_dirty", "compiler", "flags", "build_type"}) {
    EXPECT_TRUE(version.contains(key)) << key;
  }
}

}  // namespace
}  // namespace knetsim::test
