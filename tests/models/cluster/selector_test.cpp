// Label selectors: the examples of the Kubernetes page "Labels and Selectors", each operator's truth table
// (selector.go, Requirement.Matches), and round trips of random selectors through kubectl's text form.
#include "models/cluster/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "support/property.h"
#include "support/read_text.h"

namespace knetsim {
namespace {

using ::testing::HasSubstr;
using Labels = std::map<std::string, std::string, std::less<>>;

bool matches(const Selector& selector, const Labels& labels) {
  return selector.matches([&](std::string_view key) -> std::optional<std::string_view> {
    const auto found = labels.find(key);
    if (found == labels.end()) return std::nullopt;
    return found->second;
  });
}

TEST(SelectorText, OperatorsDecideAsKubectlDoes) {
  const Labels prod = {{"environment", "production"}, {"tier", "frontend"}};
  const Labels qa = {{"environment", "qa"}, {"partition", ""}};
  const struct {
    const char* text;
    bool prod, qa, none;
  } cases[] = {
      {"", true, true, true},
      {"environment=production,tier!=frontend", false, false, false},
      {"environment == production", true, false, false},
      {"environment in (production, qa)", true, true, false},
      {"environment in (production),tier in (frontend)", true, false, false},
      {"environment,environment notin (frontend)", true, true, false},
      {"tier notin (frontend, backend)", false, true, true},
      {"tier!=frontend", false, true, true},
      {"partition", false, true, false},
      {"!partition", true, false, true},
      {"partition=", false, true, false},
      {"partition in (,a)", false, true, false},
  };
  for (const auto& known : cases) {
    const Selector selector = Selector::parse(known.text);
    EXPECT_EQ(matches(selector, prod), known.prod) << known.text;
    EXPECT_EQ(matches(selector, qa), known.qa) << known.text;
    EXPECT_EQ(matches(selector, {}), known.none) << known.text;
  }
}

TEST(SelectorText, WhatIsWrongIsSaidWithItsPlace) {
  const auto refusal = [](std::string_view text) -> std::string {
    try {
      Selector::parse(text);
    } catch (const ValueError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal("a in client"), "'a in client' is not a selector: expected '(' after 'in' at character 6");
  EXPECT_EQ(refusal("a ni (b)"),
            "'a ni (b)' is not a selector: unknown operator 'ni'; did you mean 'in'? at character 6");
  for (const char* text : {",a", "a,", "a=b,,c", "a in (b", "a!b", "=b", "a b", "!", "a in b)"}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
}

TEST(SelectorNode, ThreeFormsOfTheSameSelectorAreEqual) {
  const ReadResult read = parse_text(
      "text: app=web,tier in (b,a)\n"
      "full: {matchLabels: {app: web}, matchExpressions: [{key: tier, operator: In, values: [a, b]}]}\n"
      "map: {app: web}\nempty: {}\nnothing:\n");
  Diagnostics diagnostics;
  const Document& document = read.documents.at(0);
  EXPECT_EQ(Selector::from_any(document["text"], diagnostics), Selector::from_any(document["full"], diagnostics));
  EXPECT_EQ(Selector::from_any(document["map"], diagnostics), Selector::parse("app=web"));
  EXPECT_TRUE(Selector::from_any(document["empty"], diagnostics).empty());
  EXPECT_TRUE(Selector::from_any(document["nothing"], diagnostics).empty());
  EXPECT_FALSE(diagnostics.has_errors());
  EXPECT_TRUE(Selector::parse("app=web").matches(document["map"]));
  EXPECT_FALSE(Selector::parse("app=web").matches(document["empty"]));
}

TEST(SelectorNode, MistakesAreReportedAtTheirPlace) {
  const ReadResult read = parse_text(
      "selector:\n  matchLabel: {a: b}\n  matchExpressions:\n  - {key: a, operator: in, values: [x]}\n"
      "  - {key: a, operator: Exists, values: [x]}\n  - {key: a, operator: In}\n  - {operator: In, values: [x]}\n");
  Diagnostics diagnostics;
  Selector::from_any(read.documents.at(0)["selector"], diagnostics);
  const std::string text = render(diagnostics.errors());
  EXPECT_THAT(
      text,
      HasSubstr("test.yaml:2:3: error: unknown key 'matchLabel' in a label selector; did you mean 'matchLabels'?"));
  EXPECT_THAT(text, HasSubstr("test.yaml:4:24: error: unknown operator 'in'; did you mean 'In'?"));
  EXPECT_THAT(text, HasSubstr("test.yaml:5:40: error: operator Exists takes no values"));
  EXPECT_THAT(text, HasSubstr("test.yaml:6:5: error: operator In needs values"));
  EXPECT_THAT(text, HasSubstr("test.yaml:7:5: error: a match expression without key or operator"));
}

TEST(SelectorText, TextAndBackIsTheSameSelector) {
  expect_property("selector round trip", [] {
    Selector selector;
    const auto word = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("abAB01-_./"))));
    const int count = *rc::gen::inRange(0, 5);
    for (int i = 0; i < count; ++i) {
      Selector::Requirement requirement{
          .key = *word, .op = static_cast<Selector::Operator>(*rc::gen::inRange(0, 4)), .values = {}};
      if (requirement.op == Selector::Operator::In || requirement.op == Selector::Operator::NotIn) {
        requirement.values = *rc::gen::nonEmpty(rc::gen::resize(3, rc::gen::container<std::vector<std::string>>(word)));
      }
      selector.require(std::move(requirement));
    }
    RC_ASSERT(Selector::parse(selector.to_string()) == selector);
  });
}

}  // namespace
}  // namespace knetsim
