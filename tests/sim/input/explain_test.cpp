// `explain` and the JSON schema come from the binder's tables, so they cannot contradict it: what the schema accepts
// and refuses is compared with what bind() does, by an independent validator (valijson).
#include "sim/input/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "sample_config.h"
#include "sim/input/schema.h"
#include "support/read_text.h"

namespace knetsim {
namespace {

using sample::Config;
using ::testing::ElementsAre;

std::string explained(std::string_view path) { return render(explain(struct_info<Config>(), Path::parse(path))); }

TEST(Explain, SaysTypeDefaultRangeAndMeaning) {
  EXPECT_EQ(explained("duration"),
            "duration: duration (required)\n"
            "  Measured time. More sentences follow.\n"
            "  Accepted: a number with ns, us, ms, s, m or h, as in 250ms or 1h30m.\n"
            "  Range: > 0s and <= 1h\n");
  EXPECT_EQ(explained("nodes"),
            "nodes: integer, in nodes (default 3)\n"
            "  How many.\n"
            "  Accepted: an integer, without quotes or unit.\n"
            "  Range: >= 1 and <= 5000\n");
  EXPECT_EQ(explained("backend"),
            "backend: one of (default vxlan)\n"
            "  Of the pod network.\n"
            "  vxlan    UDP encapsulation\n"
            "  host-gw  routes, no encapsulation\n");
  EXPECT_EQ(explained("nic"),
            "nic: mapping (optional)\n"
            "  Of every node.\n"
            "  Its 'rate' may stand alone in its place.\n"
            "Keys:\n"
            "  rate  bandwidth, default 25Gbps  Of each direction.\n"
            "  mtu   size, default 1500B        Largest packet.\n"
            "  loss  percentage, default 0%     Of packets.\n");
}

TEST(Explain, GoesThroughFreeKeysAndLists) {
  EXPECT_EQ(explain(struct_info<Config>(), Path::parse("workloads.browse.arrivals.poisson")).type, "rate");
  EXPECT_EQ(explain(struct_info<Config>(), Path::parse("workloads.<name>.calls[0].service")).type, "text");
  EXPECT_EQ(explain(struct_info<Config>(), Path::parse("workloads.<name>.calls.service")).path,
            "workloads.<name>.calls[0].service");
  // A list in the place of a call is its list of calls: the path that --set takes.
  EXPECT_EQ(explain(struct_info<Config>(), Path::parse("workloads.<name>.calls[0][1]")).path,
            "workloads.<name>.calls[0].together[1]");
  EXPECT_EQ(explain(struct_info<Config>(), Path::parse("workloads")).children.at(0).path, "workloads.<name>.arrivals");
  EXPECT_EQ(explain(struct_info<Config>(), {}).children.size(), 14U);
}

TEST(Explain, UnknownKeysGetANearName) {
  try {
    explain(struct_info<Config>(), Path::parse("nic.rat"));
    FAIL() << "nothing was thrown";
  } catch (const ValueError& error) {
    EXPECT_STREQ(error.what(), "unknown key 'rat' in 'nic'; did you mean 'rate'?");
    EXPECT_EQ(error.accepted(), "rate, mtu, loss");
  }
  EXPECT_THROW(explain(struct_info<Config>(), Path::parse("duration.x")), ValueError);
  EXPECT_THROW(explain(struct_info<Config>(), Path::parse("duration[0]")), ValueError);
}

TEST(Explain, ListsEveryKeyOnce) {
  std::vector<std::string> paths;
  for (const Explanation& key : explain_all(struct_info<Config>())) paths.push_back(key.path);
  EXPECT_THAT(
      paths, ElementsAre("version", "duration", "warmUp", "nodes", "factor", "tracked", "backend", "mode", "cpu", "nic",
                         "nic.rate", "nic.mtu", "nic.loss", "manifests", "workloads", "workloads.<name>.arrivals",
                         "workloads.<name>.arrivals.poisson", "workloads.<name>.arrivals.constant",
                         "workloads.<name>.from", "workloads.<name>.calls", "workloads.<name>.calls[0].service",
                         "workloads.<name>.calls[0].together", "axis", "extra"));
}

struct Tree {
  std::string name;
  std::vector<Tree> children;
};
void describe(Fields<Tree>& f) {
  f.about("Tree", "Holds itself.");
  f.required("name", &Tree::name, {.doc = "Of this one."});
  f.optional("children", &Tree::children, {.doc = "Below it."});
}

TEST(Explain, ATypeThatHoldsItselfEnds) {
  EXPECT_EQ(explain_all(struct_info<Tree>()).size(), 2U);
  EXPECT_EQ(explain(struct_info<Tree>(), Path::parse("children.children.name")).type, "text");
  EXPECT_EQ(nlohmann::json::parse(schema(struct_info<Tree>(), "t"))["definitions"].size(), 1U);
  const ReadResult read = parse_text("name: a\nchildren: [{name: b, children: [{name: c}]}]\n");
  EXPECT_EQ(bind<Tree>(read.documents.at(0).root()).children.at(0).children.at(0).name, "c");
}

class SchemaOfSample : public ::testing::Test {
 protected:
  SchemaOfSample() : json_(nlohmann::json::parse(schema(struct_info<Config>(), "https://example.org/config"))) {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(json_), schema_);
  }
  bool accepts(const nlohmann::json& document) {
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    return validator.validate(schema_, valijson::adapters::NlohmannJsonAdapter(document), nullptr);
  }

  nlohmann::json json_;
  valijson::Schema schema_;
};

TEST_F(SchemaOfSample, AgreesWithTheBinder) {
  const char* documents[] = {
      R"({"duration": "30s"})",
      R"({})",
      R"({"duration": 30})",
      R"({"duration": "30"})",
      R"({"duration": "0h30m", "x-note": 1})",
      R"({"duration": "1s", "warmUp": "0"})",
      R"({"duration": "1s", "warmUp": "0", "unknown": 1})",
      R"({"duration": "9s", "nodes": 5000})",
      R"({"duration": "9s", "nodes": 5001})",
      R"({"duration": "9s", "nodes": "3"})",
      R"({"duration": "9s", "factor": 0.5, "tracked": true, "cpu": 4})",
      R"({"duration": "9s", "factor": 0})",
      R"({"duration": "9s", "cpu": 0.1})",
      R"({"duration": "9s", "cpu": "100x"})",
      R"({"duration": "9s", "backend": "vxlan", "mode": "ipvs"})",
      R"({"duration": "9s", "backend": "udp"})",
      R"({"duration": "9s", "mode": "ebpf"})",
      R"({"duration": "9s", "nic": "100Gbps"})",
      R"({"duration": "9s", "nic": "100G"})",
      R"({"duration": "9s", "nic": {"rate": "1.5 Gbit/s", "mtu": "9 KiB", "loss": "0.1%"}})",
      R"({"duration": "9s", "nic": {"mtu": 1500}})",
      R"({"duration": "9s", "nic": [1]})",
      R"({"duration": "9s", "manifests": []})",
      R"({"duration": "9s", "manifests": ["a"]})",
      R"({"duration": "9s", "manifests": "a"})",
      R"({"duration": "9s", "workloads": {"w": {"arrivals": "10/ms"}}})",
      R"({"duration": "9s", "workloads": {"w": {"arrivals": {"poisson": "1.5k/s"}}}})",
      R"({"duration": "9s", "workloads": {"w": {"arrivals": {"poisson": "1/s", "constant": "1/s"}}}})",
      R"({"duration": "9s", "workloads": {"w": {"arrivals": {}}}})",
      R"({"duration": "9s", "workloads": {"w": {}}})",
      R"({"duration": "9s", "workloads": {"w": {"arrivals": "1/s", "calls": [["a", "b"], "c", {"service": "d"}]}}})",
      R"({"duration": "9s", "workloads": {"w": {"arrivals": "1/s", "calls": "c"}}})",
      R"({"duration": "9s", "workloads": {"w": {"arrivals": "1/s", "from": {"matchLabels": {"a": "b"}}}}})",
      R"({"duration": "9s", "axis": "a.b", "extra": [1, {"a": null}], "version": 1.36})",
  };
  for (const char* text : documents) {
    ReadResult read = parse_text(text);
    bind<Config>(read.documents.at(0).root(), read.diagnostics);
    EXPECT_EQ(accepts(nlohmann::json::parse(text)), !read.diagnostics.has_errors()) << text << '\n' << read.errors();
  }
}

TEST_F(SchemaOfSample, AcceptsEveryDefault) {
  for (const FieldInfo& field : struct_info<Config>().fields) {
    if (!field.default_text) continue;
    nlohmann::json document = {{"duration", "30s"}};
    const auto kind = field.type().kind;
    const bool number =
        kind == TypeInfo::Kind::Integer || kind == TypeInfo::Kind::Number || kind == TypeInfo::Kind::Boolean;
    document[field.name] = number ? nlohmann::json::parse(*field.default_text) : nlohmann::json(*field.default_text);
    EXPECT_TRUE(accepts(document)) << document;
  }
}

}  // namespace
}  // namespace knetsim
