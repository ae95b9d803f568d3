// The shape of a message is an interface: these texts are golden. Near names are checked on mistakes that people make.
#include "sim/input/diagnostics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "support/read_text.h"

namespace knetsim {
namespace {

using ::testing::HasSubstr;

TEST(DiagnosticText, ShowsPlaceObjectPathLineAndWhatIsAccepted) {
  const ReadResult read = parse_text(
      "kind: Service\nmetadata:\n  name: cart\n  namespace: shop\nspec:\n  sesionAffinity: ClientIP\n", "shop.yaml");
  Diagnostics diagnostics;
  diagnostics.error(read.documents.at(0)["spec"].key(0),
                    "unknown key 'sesionAffinity'; did you mean 'sessionAffinity'?",
                    "clusterIP, ports, selector, sessionAffinity, type");
  EXPECT_EQ(render(diagnostics.errors()),
            "shop.yaml:6:3: error: unknown key 'sesionAffinity'; did you mean 'sessionAffinity'?\n"
            "  --> Service shop/cart, spec.sesionAffinity\n"
            "   |\n"
            " 6 |   sesionAffinity: ClientIP\n"
            "   |   ^^^^^^^^^^^^^^\n"
            "   = accepted: clusterIP, ports, selector, sessionAffinity, type\n");
}

TEST(DiagnosticText, UnderlinesValuesQuotesAndWideCharacters) {
  const ReadResult read = parse_text("{h\u00e9: \"a b\", n: 12 , l: [x y, z]}\n", "t");
  const Node root = read.documents.at(0).root();
  const auto underline = [&](Node node) {
    const Diagnostic diagnostic = Diagnostic::at(Severity::Error, node, "m");
    return std::string(diagnostic.caret, ' ') + std::string(diagnostic.span, '^');
  };
  //                                            {he: "a b", n: 12 , l: [x y, z]}
  EXPECT_EQ(underline(root.key(0)), " ^^");
  EXPECT_EQ(underline(root["h\u00e9"]), "     ^^^^^");
  EXPECT_EQ(underline(root["n"]), "               ^^");
  EXPECT_EQ(underline(root["l"]), "                       ^");
  EXPECT_EQ(underline(root["l"][0]), "                        ^^^");
}

TEST(DiagnosticText, LongLinesAreShownAroundThePlace) {
  const ReadResult read =
      parse_text("{" + std::string(300, ' ') + "\"key\": \"value\"" + std::string(300, ' ') + "}", "t");
  const Diagnostic diagnostic = Diagnostic::at(Severity::Error, read.documents.at(0)["key"], "m");
  EXPECT_EQ(diagnostic.column, 309U);
  EXPECT_EQ(diagnostic.source_line.size(), 120U);
  EXPECT_EQ(diagnostic.source_line.substr(diagnostic.caret, diagnostic.span), "\"value\"");
}

TEST(DiagnosticText, WithoutAPlaceOnlyTheMessageStands) {
  EXPECT_EQ(render(Diagnostic::at(Severity::Notice, Mark{}, {}, "nothing to do")), "notice: nothing to do\n");
  EXPECT_EQ(render(Diagnostic::at(Severity::Error, Mark{.file = "a.yaml"}, "run.seed", "no")),
            "a.yaml: error: no\n  --> run.seed\n");
}

TEST(DiagnosticText, ControlCharactersOfTheInputDoNotReachTheTerminal) {
  const ReadResult read = parse_text(R"({"kind": "\u001b[31mPod", "a": 1})", "t");
  EXPECT_EQ(render(Diagnostic::at(Severity::Error, read.documents.at(0)["a"], "bad \x1b]0;x")).find('\x1b'),
            std::string::npos);
}

TEST(DiagnosticText, ColourIsAddedOnlyWhenAskedFor) {
  const Diagnostic diagnostic = Diagnostic::at(Severity::Error, Mark{.file = "a.yaml"}, {}, "no");
  EXPECT_EQ(render(diagnostic).find('\x1b'), std::string::npos);
  EXPECT_THAT(render(diagnostic, true), HasSubstr("\x1b[1;31merror:\x1b[0m no"));
}

TEST(Collector, SortsByFileThenPlaceAndThrowsErrorsOnly) {
  Diagnostics diagnostics;
  const auto at = [](std::string_view file, std::uint32_t line) {
    return Mark{.file = file, .line = line, .column = 1};
  };
  diagnostics.error(at("z.yaml", 9), {}, "second");
  diagnostics.notice(at("z.yaml", 1), {}, "a notice");
  diagnostics.error(at("a.yaml", 1), {}, "third");
  diagnostics.error(at("z.yaml", 3), {}, "first");
  EXPECT_EQ(diagnostics.notice_count(), 1U);
  try {
    diagnostics.throw_if_errors();
    FAIL() << "nothing was thrown";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "z.yaml:3:1: error: first\n\nz.yaml:9:1: error: second\n\na.yaml:1:1: error: third\n");
  }
  Diagnostics quiet;
  quiet.notice(at("z.yaml", 1), {}, "a notice");
  EXPECT_NO_THROW(quiet.throw_if_errors());
}

TEST(Collector, CountsWhatItDoesNotKeep) {
  Diagnostics diagnostics;
  for (int i = 0; i < 1500; ++i) diagnostics.error(Mark{.file = "a"}, {}, std::to_string(i));
  EXPECT_EQ(diagnostics.error_count(), 1500U);
  EXPECT_EQ(diagnostics.errors().size(), 1000U);
  try {
    diagnostics.throw_if_errors();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("and 950 more"));
    EXPECT_EQ(error.more(), 500U);
    Diagnostics above;
    above.add(error);
    EXPECT_EQ(above.error_count(), 1500U);
  }
}

TEST(NearName, FindsTheUsualSlips) {
  constexpr std::array<std::string_view, 6> kKeys = {"sessionAffinity", "selector", "ports", "port", "type",
                                                     "clusterIP"};
  EXPECT_EQ(nearest("sesionAffinity", kKeys), "sessionAffinity");   // one letter missing
  EXPECT_EQ(nearest("sessionaffinity", kKeys), "sessionAffinity");  // case only
  EXPECT_EQ(nearest("selectro", kKeys), "selector");                // two letters swapped
  EXPECT_EQ(nearest("prots", kKeys), "ports");
  EXPECT_EQ(nearest("Type", kKeys), "type");
  EXPECT_EQ(nearest("clusterIp", kKeys), "clusterIP");
  EXPECT_EQ(nearest("loadBalancerIP", kKeys), "");
  EXPECT_EQ(nearest("x", kKeys), "");
  EXPECT_EQ(nearest("", kKeys), "");
}

TEST(NearName, EqualButForCaseBeatsAnEarlierNearOne) {
  constexpr std::array<std::string_view, 2> kKeys = {"ipvs1", "IPVS"};
  EXPECT_EQ(nearest("ipvs", kKeys), "IPVS");
  EXPECT_EQ(suggest("ipvs", kKeys), "; did you mean 'IPVS'?");
}

}  // namespace
}  // namespace knetsim
