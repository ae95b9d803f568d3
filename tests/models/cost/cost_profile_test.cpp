#include "models/cost/cost_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "sim/input/read_documents.h"

// Goal: a profile is complete, in units, and says of each figure where it comes from; what is wrong is reported at its
// place. Method: the default profile, read whole, and with one line of it changed at a time.

namespace knetsim {
namespace {

using testing::HasSubstr;

constexpr const char* kDefault = KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml";

std::string text_of(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string with(std::string text, std::string_view what, std::string_view instead) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), instead);
}

std::string errors_of(const std::string& text) {
  const auto input = Input::from_text("profile.yaml", text);
  Diagnostics diagnostics;
  const Document document = read_document(*input);
  read_cost_profile(document.root(), diagnostics);
  return render(diagnostics.errors());
}

CostProfile profile_of(const std::string& text) {
  const auto input = Input::from_text("profile.yaml", text);
  Diagnostics diagnostics;
  const Document document = read_document(*input);
  CostProfile profile = read_cost_profile(document.root(), diagnostics);
  EXPECT_EQ(render(diagnostics.errors()), "");
  return profile;
}

CostProfile default_profile() { return profile_of(text_of(kDefault)); }

TEST(CostProfile, TheDefaultIsCompleteAndEveryFigureHasASource) {
  const CostProfile profile = default_profile();
  EXPECT_EQ(profile.name, "default");
  for (const StepKindInfo& entry : step_kinds()) {
    if (entry.traits.computed) continue;
    // The published sums do not tell these from the steps around them: theirs hold them.
    const bool held = entry.kind == StepKind::IptablesTable || entry.kind == StepKind::NftChain ||
                      entry.kind == StepKind::NetfilterHook || entry.kind == StepKind::RouteInput ||
                      entry.kind == StepKind::XtMatch || entry.kind == StepKind::NftMatch;
    EXPECT_EQ(profile[entry.kind].median_ps > 0, !held) << entry.name;
    EXPECT_FALSE(profile[entry.kind].provenance.source.empty()) << entry.name;
    EXPECT_EQ(profile.scan(entry.kind).has_value(), entry.traits.scanned) << entry.name;
  }
}

TEST(CostProfile, MediansAreReadInTheirUnitsToAPicosecond) {
  const CostProfile profile = default_profile();
  EXPECT_EQ(profile[StepKind::Veth].median_ps, 1'205'000);
  EXPECT_EQ(profile[StepKind::CopyOut].median_ps, 178);
  EXPECT_EQ(profile[StepKind::Rule].median_ps, 4'000);
  EXPECT_EQ(profile.scan(StepKind::Rule)->cold_ps, 26'000);
  EXPECT_EQ(profile.scan(StepKind::Rule)->cache_bytes, 16.0 * 1024 * 1024);
}

TEST(CostProfile, AssumptionsAreListedWithKeyValueAndBasis) {
  const std::vector<Assumption> list = assumptions(profile_of(
      with(text_of(kDefault), "    source: \"measured, ±2 %", "    assumption: true\n    source: \"guessed, ±2 %")));
  std::string text;
  for (const Assumption& entry : list) text += entry.key + " = " + entry.value + "\n";
  EXPECT_THAT(text, HasSubstr("steps.bridge = 250ns a skb\n"));
  EXPECT_THAT(text, HasSubstr("scans[\"rule.nft\"] = 14.1ns to 14.3ns a rule\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("steps.veth")));
  for (const Assumption& entry : list) EXPECT_FALSE(entry.basis.empty()) << entry.key;
}

TEST(CostProfile, WithoutNoiseNoFigureVaries) {
  const CostProfile quiet = without_noise(default_profile());
  for (const Cost& cost : quiet.costs) EXPECT_EQ(cost.sigma, 0);
}

TEST(CostProfile, MistakesAreAllReportedAtTheirPlaces) {
  const std::string good = text_of(kDefault);
  EXPECT_EQ(errors_of(good), "");
  EXPECT_THAT(errors_of(with(good, "  veth: {", "  vet: {")), HasSubstr("unknown key 'vet'; did you mean 'veth'?"));
  EXPECT_THAT(errors_of("kind: CostProfile\nmetadata: {name: none}\n"),
              testing::AllOf(HasSubstr("no figure for 'veth' (veth_xmit"), HasSubstr("no figure for 'rule' (")));
  EXPECT_THAT(errors_of(with(good, "median: 1205ns", "median: 1205")), HasSubstr("steps.veth.median"));
  EXPECT_THAT(errors_of(with(good, "median: 1205ns, ", "")), HasSubstr("missing key 'median'"));
  EXPECT_THAT(errors_of(with(good, "cold: 26ns", "cold: 2ns")), HasSubstr("less than 'warm'"));
  EXPECT_THAT(errors_of(with(good, "cache: 16MiB", "cache: 16")), HasSubstr("cache"));
  EXPECT_THAT(errors_of(with(good, "sigma: 0.5,", "sigma: -1,")), HasSubstr("'-1' is out of range"));
  EXPECT_THAT(errors_of(with(good, "assumption: true", "assumption: maybe")), HasSubstr("true or false"));
  EXPECT_THAT(errors_of(with(good, "kind: CostProfile", "kind: Scenario")), HasSubstr("unknown value 'Scenario'"));
  EXPECT_THAT(errors_of("kind: CostProfile\nsteps: 3\n"), HasSubstr("expected a mapping; found '3'"));
}

TEST(CostProfile, AFigureWithoutASourceIsRefused) {
  const std::string good = text_of(kDefault);
  EXPECT_THAT(errors_of(with(good, ", source: \"benchmark, TCP_STREAM CPU, split\"", "")),
              testing::AllOf(HasSubstr("missing key 'source'"), HasSubstr("steps.ack.source")));
}

TEST(CostProfile, WhatAMachineDoesBesideIsReadAndChecked) {
  const std::string good = text_of(kDefault);
  const auto read = [](const std::string& text) {
    const auto input = Input::from_text("profile.yaml", text);
    Diagnostics diagnostics;
    const Document document = read_document(*input);
    CostProfile profile = read_cost_profile(document.root(), diagnostics);
    diagnostics.throw_if_errors();
    return profile;
  };
  EXPECT_FALSE(read(good).interruptions.has_value());
  EXPECT_EQ(read(good).scan(StepKind::Rule)->far_ps, read(good).scan(StepKind::Rule)->cold_ps) << "where none is given";
  const CostProfile profile = read(with(good, "    cold: 26ns\n", "    far: 7ns\n    cold: 26ns\n") +
                                   "\ninterruptions: {rate: 1300/s, median: 42us, sigma: 0.5, source: measured}\n"
                                   "cold: {factor: 3.3, source: measured}\n");
  EXPECT_EQ(profile.interruptions->per_second, 1300);
  EXPECT_EQ(profile.interruptions->median_ps, 42e6);
  EXPECT_EQ(profile.interruptions->sigma, 0.5);
  EXPECT_EQ(profile.cold_factor, 3.3);
  EXPECT_EQ(profile.scan(StepKind::Rule)->far_ps, 7'000);
  EXPECT_FALSE(without_noise(profile).interruptions.has_value());
  const std::size_t assumed = assumptions(read(good)).size();
  const auto all = assumptions(
      read(good + "\ninterruptions: {rate: 1300/s, median: 42us, sigma: 0.5, assumption: true, source: a tick}\n"));
  ASSERT_EQ(all.size(), assumed + 1);
  EXPECT_EQ(all.back().value, "1300 a second of 42us");
  EXPECT_THAT(errors_of(good + "\ninterruptions: {rate: 13, median: 42us, source: x}\n"),
              HasSubstr("interruptions.rate"));
  EXPECT_THAT(errors_of(good + "\ncold: {factor: 0.5, source: x}\n"), HasSubstr("accepted: >= 1"));
  EXPECT_THAT(errors_of(with(good, "    cold: 26ns\n", "    far: 27ns\n    cold: 26ns\n")),
              HasSubstr("between 'warm' and 'cold'"));
}

// A profile that states differences: figures of its own, the base's steps times the factor, and the base's scans.
TEST(CostProfile, ABaseGivesWhatIsNotStated) {
  const CostProfile base = default_profile();
  const std::string path = testing::TempDir() + "knetsim-overlay.yaml";
  std::ofstream(path) << "kind: CostProfile\nmetadata: {name: mine}\nmachine: m\n"
                         "base: {profile: " KNETSIM_SOURCE_DIR
                         "/configs/profiles/default.yaml, factor: 0.5, source: fitted}\n"
                         "steps: {veth: {median: 100ns, source: measured}}\n";
  InputSet inputs;
  Diagnostics diagnostics;
  const CostProfile profile = load_cost_profile(inputs, path, diagnostics);
  EXPECT_EQ(render(diagnostics.errors()), "");
  EXPECT_EQ(profile.name, "mine");
  EXPECT_EQ(profile[StepKind::Veth].median_ps, 100'000);
  EXPECT_EQ(profile[StepKind::Bridge].median_ps, 0.5 * base[StepKind::Bridge].median_ps);
  EXPECT_EQ(profile[StepKind::Bridge].provenance.source, "fitted");
  EXPECT_EQ(profile[StepKind::Bridge].provenance.assumption, base[StepKind::Bridge].provenance.assumption);
  EXPECT_EQ(profile.scan(StepKind::Rule)->cold_ps, base.scan(StepKind::Rule)->cold_ps);
  EXPECT_EQ(profile[StepKind::Rule].median_ps, base[StepKind::Rule].median_ps);
}

TEST(CostProfile, ABaseThatIsMissingOrItselfIsReported) {
  const auto errors_with_base = [](const std::string& base) {
    const std::string path = testing::TempDir() + "knetsim-circle.yaml";
    std::ofstream(path) << "kind: CostProfile\nmetadata: {name: c}\nmachine: m\nbase: {profile: " << base << "}\n";
    InputSet inputs;
    Diagnostics diagnostics;
    load_cost_profile(inputs, path, diagnostics);
    return render(diagnostics.errors());
  };
  EXPECT_THAT(errors_with_base("knetsim-circle.yaml"), HasSubstr("a circle?"));
  EXPECT_THAT(errors_with_base("nowhere.yaml"), HasSubstr("nowhere.yaml"));
}

// A profile written before a kind of step was known takes that kind's figure from the profile it stands on, and says so.
TEST(CostProfile, WhatAProfileLacksIsThatOfTheOneBelow) {
  const CostProfile base = default_profile();
  const std::string text = text_of(kDefault);
  const std::size_t begin = text.find("  veth: {");
  const std::string older = std::string(text).erase(begin, text.find('\n', begin) - begin + 1);
  const auto input = Input::from_text("profile.yaml", older);
  const Document document = read_document(*input);
  Diagnostics alone;
  read_cost_profile(document.root(), alone);
  EXPECT_THAT(render(alone.errors()), HasSubstr("no figure for 'veth'"));
  Diagnostics on_base;
  const CostProfile profile = read_cost_profile(document.root(), on_base, &base);
  EXPECT_EQ(render(on_base.errors()), "");
  EXPECT_THAT(render(on_base.notices()), HasSubstr("no figure for veth; taken from profile 'default'"));
  EXPECT_EQ(profile[StepKind::Veth].median_ps, base[StepKind::Veth].median_ps);
}

TEST(CostProfile, KeysAreExplainedAndInTheSchema) {
  EXPECT_THAT(explain_profile(Path::parse("steps.veth")).doc, HasSubstr("veth_xmit"));
  EXPECT_EQ(explain_profile(Path::parse("scans.rule.cache")).type, "size");
  EXPECT_THROW(explain_profile(Path::parse("steps.vet")), ValueError);
  const std::string path = KNETSIM_SOURCE_DIR "/configs/cost-profile.schema.json";
  if (std::getenv("KNETSIM_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << profile_schema() << "\n";
  EXPECT_EQ(text_of(path.c_str()), profile_schema() + "\n");
}

}  // namespace
}  // namespace knetsim
