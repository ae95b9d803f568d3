// One description of a config type: what it binds, every mistake in one pass with golden messages, defaults through the
// same parser, and where each value came from.
#include "sim/input/binder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_config.h"
#include "support/read_text.h"

namespace knetsim {
namespace {

using sample::Backend;
using sample::Config;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

struct Bound {
  ReadResult read;
  Config config;
  std::vector<ValueOrigin> origins;
  std::string errors() const { return read.errors(); }
};

Bound bind_text(std::string_view text) {
  Bound bound;
  bound.read = parse_text(text, "c.yaml");
  bound.config = bind<Config>(bound.read.documents.at(0).root(), bound.read.diagnostics, &bound.origins);
  return bound;
}

TEST(Binder, MembersGetWhatIsWrittenAndDefaultsOtherwise) {
  const Bound bound = bind_text(
      "duration: 30s\nnodes: 0x10\ntracked: off\nbackend: host-gw\nmode: ipvs\ncpu: 0.5\nnic: {rate: 100Gbps}\n"
      "manifests: [a.yaml, b/]\nx-note: ignored\nfactor: 2\naxis: a.b[2]\nextra: {free: form}\nversion: 1.30\n");
  ASSERT_EQ(bound.errors(), "");
  const Config& config = bound.config;
  EXPECT_EQ(config.duration, 30s);
  EXPECT_EQ(config.warm_up, 5s);
  EXPECT_EQ(config.nodes, 16);
  EXPECT_FALSE(config.tracked);
  EXPECT_EQ(config.backend, Backend::HostGateway);
  EXPECT_EQ(name_of(config.backend), "host-gw");
  EXPECT_EQ(config.mode, "ipvs");
  EXPECT_EQ(config.cpu, 0.5);
  EXPECT_EQ(config.nic.rate.bits_per_second(), 100'000'000'000);
  EXPECT_EQ(config.nic.mtu.count(), 1500);
  EXPECT_THAT(config.manifests, ElementsAre("a.yaml", "b/"));
  EXPECT_EQ(config.axis->to_string(), "a.b[2]");
  EXPECT_EQ(config.extra["free"].text(), "form");
  EXPECT_EQ(config.version, "1.30");  // the text, not the number 1.3
  EXPECT_EQ(config.factor, 2.0);
}

TEST(Binder, ShorthandsStandForTheirKey) {
  const Bound bound = bind_text(
      "duration: 1s\nwarmUp: 0\nnic: 10Gbps\nworkloads:\n"
      "  b: {arrivals: 2000/s, calls: [[cart, catalog], currency, {service: x}]}\n"
      "  a: {arrivals: {constant: 5/s}, from: app=client}\n");
  ASSERT_EQ(bound.errors(), "");
  EXPECT_EQ(bound.config.nic.rate.bits_per_second(), 10'000'000'000);
  ASSERT_EQ(bound.config.workloads.size(), 2U);
  const auto& [name, first] = bound.config.workloads[0];
  EXPECT_EQ(name, "b");  // the file's order
  EXPECT_EQ(first.arrivals.poisson->per_second(), 2000);
  EXPECT_FALSE(first.arrivals.constant.has_value());
  ASSERT_EQ(first.calls.size(), 3U);
  EXPECT_THAT(first.calls[0].together, ElementsAre("cart", "catalog"));
  EXPECT_EQ(first.calls[1].service, "currency");
  EXPECT_FALSE(first.from.has_value());
  const auto& second = bound.config.workloads[1].second;
  EXPECT_EQ(second.from, "app=client");
  EXPECT_EQ(second.node.path(), "workloads.a");
}

TEST(Binder, EveryMistakeIsReportedInOnePass) {
  const Bound bound = bind_text(
      "duraton: 30s\n"
      "warmUp: 30\n"
      "nodes: 70000\n"
      "factor: 0\n"
      "tracked: \"yes\"\n"
      "backend: vxlna\n"
      "mode: ipsv\n"
      "nic: {rate: 10G, mtu: [1]}\n"
      "manifests: []\n"
      "workloads:\n"
      "  one: {arrivals: {poisson: 1/s, constant: 1/s}}\n"
      "  two:\n"
      "  three: {arrivals: {}}\n"
      "  four: [1]\n");
  EXPECT_EQ(bound.errors(),
            R"(c.yaml:1:1: error: unknown key 'duraton'; did you mean 'duration'?
  --> duraton
   |
 1 | duraton: 30s
   | ^^^^^^^
   = accepted: version, duration, warmUp, nodes, factor, tracked, backend, mode, cpu, nic, manifests, workloads, axis, extra

c.yaml:2:9: error: '30' has no unit; write 30s or 30ms
  --> warmUp
   |
 2 | warmUp: 30
   |         ^^
   = accepted: a number with ns, us, ms, s, m or h, as in 250ms or 1h30m

c.yaml:3:8: error: 70000 is out of range
  --> nodes
   |
 3 | nodes: 70000
   |        ^^^^^
   = accepted: >= 0 and <= 65535

c.yaml:4:9: error: '0' is out of range
  --> factor
   |
 4 | factor: 0
   |         ^
   = accepted: > 0

c.yaml:5:10: error: expected a boolean; found a text in quotes
  --> tracked
   |
 5 | tracked: "yes"
   |          ^^^^^
   = accepted: true or false (also yes, no, on, off)

c.yaml:6:10: error: unknown value 'vxlna'; did you mean 'vxlan'?
  --> backend
   |
 6 | backend: vxlna
   |          ^^^^^
   = accepted: vxlan, host-gw

c.yaml:7:7: error: unknown value 'ipsv'; did you mean 'ipvs'?
  --> mode
   |
 7 | mode: ipsv
   |       ^^^^
   = accepted: iptables, ipvs

c.yaml:8:13: error: '10G' is ambiguous (bits or bytes?); write 10Gbps
  --> nic.rate
   |
 8 | nic: {rate: 10G, mtu: [1]}
   |             ^^^
   = accepted: a number with bps, kbps, Mbps, Gbps or Tbps, as in 25Gbps

c.yaml:8:23: error: expected a size; found a list
  --> nic.mtu
   |
 8 | nic: {rate: 10G, mtu: [1]}
   |                       ^
   = accepted: a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, as in 8KiB

c.yaml:9:12: error: must not be empty
  --> manifests
   |
 9 | manifests: []
   |            ^

c.yaml:11:34: error: 'poisson' and 'constant' exclude each other
  --> workloads.one.arrivals.constant
   |
11 |   one: {arrivals: {poisson: 1/s, constant: 1/s}}
   |                                  ^^^^^^^^
   = accepted: one of poisson, constant

c.yaml:12:3: error: missing key 'arrivals'
  --> workloads.two.arrivals
   |
12 |   two:
   |   ^^^

c.yaml:13:21: error: expected one of the keys that say which kind it is
  --> workloads.three.arrivals
   |
13 |   three: {arrivals: {}}
   |                     ^
   = accepted: poisson, constant

c.yaml:14:9: error: expected a mapping; found a list
  --> workloads.four
   |
14 |   four: [1]
   |         ^
   = accepted: a mapping with arrivals, from, calls
)");
}

TEST(Binder, ConditionsOverSeveralKeysAreCheckedLast) {
  EXPECT_THAT(bind_text("duration: 4s\nwarmUp: 4s\n").errors(),
              HasSubstr("c.yaml:2:9: error: warmUp is not shorter than duration"));
  EXPECT_THAT(bind_text("duration: 2h\n").errors(), HasSubstr("'2h' is out of range"));
}

TEST(Binder, MissingRequiredKeyIsReportedOnTheMapping) {
  EXPECT_THAT(bind_text("nodes: 1\n").errors(),
              HasSubstr("c.yaml:1:1: error: missing key 'duration'\n  --> duration\n"));
}

TEST(Binder, NullCountsAsNotGiven) {
  const Bound bound = bind_text("duration: 10s\nwarmUp:\nnic: ~\nmanifests: null\n");
  ASSERT_EQ(bound.errors(), "");
  EXPECT_EQ(bound.config.warm_up, 5s);
  EXPECT_EQ(bound.config.nic.mtu.count(), 1500);
}

TEST(Binder, OriginsTellFileFromDefault) {
  const Bound bound = bind_text("duration: 10s\nnic: {mtu: 9000B}\n");
  std::vector<std::string> lines;
  for (const ValueOrigin& origin : bound.origins) {
    lines.push_back(origin.path + " = " + origin.text + (origin.is_default ? "" : " @" + to_string(origin.mark)));
  }
  EXPECT_THAT(lines, ElementsAre("version = 1.36", "duration = 10s @c.yaml:1:11", "warmUp = 5s", "nodes = 3",
                                 "factor = 1", "tracked = true", "backend = vxlan", "mode = iptables", "cpu = 8",
                                 "nic.rate = 25Gbps", "nic.mtu = 9000B @c.yaml:2:12", "nic.loss = 0%"));
}

struct Broken {
  Duration value;
};
void describe(Fields<Broken>& f) { f.optional("value", &Broken::value, "30", {.doc = "A default without its unit."}); }

TEST(Binder, ABrokenDefaultIsTheProgramsMistake) { EXPECT_THROW(struct_info<Broken>(), std::logic_error); }

struct Model {
  std::string kind;
  Node node;
};
void describe(Fields<Model>& f) {
  f.required("kind", &Model::kind, {.doc = "Which model."});
  f.node(&Model::node);
  f.takes_any_key();
}

TEST(Binder, AModelsOwnParametersAreLeftToTheModel) {
  const ReadResult read = parse_text("kind: flannel\nbackend: vxlan\n");
  const auto model = bind<Model>(read.documents.at(0).root());
  EXPECT_EQ(model.node["backend"].text(), "vxlan");
}

TEST(ScalarText, IsReadAsGoReadsIt) {
  for (const char* text : {"true", "True", "TRUE", "yes", "Yes", "YES", "y", "Y", "on", "On", "ON"}) {
    EXPECT_EQ(to_bool(text), true) << text;
  }
  for (const char* text : {"false", "False", "FALSE", "no", "n", "N", "off", "OFF"})
    EXPECT_EQ(to_bool(text), false) << text;
  for (const char* text : {"tRUE", "yES", "TRue", "1", "", "yess", "oN"})
    EXPECT_EQ(to_bool(text), std::nullopt) << text;
  EXPECT_EQ(to_integer("0644"), 420);
  EXPECT_EQ(to_integer("0o644"), 420);
  EXPECT_EQ(to_integer("0x1F"), 31);
  EXPECT_EQ(to_integer("0b101"), 5);
  EXPECT_EQ(to_integer("1_000_000"), 1'000'000);
  EXPECT_EQ(to_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"9223372036854775808", "08", "8080s", "", "-", "+", "1.0", "0x", "_1", "1_", " 1"}) {
    EXPECT_EQ(to_integer(text), std::nullopt) << text;
  }
  EXPECT_EQ(to_double("1.5e3"), 1500.0);
  EXPECT_EQ(to_double("+.5"), 0.5);
  for (const char* text : {"inf", "nan", "1e999", "1.5x", "", "."}) EXPECT_EQ(to_double(text), std::nullopt) << text;
}

}  // namespace
}  // namespace knetsim
