// Goal: columns of numbers are read with header, comments and units, and what is wrong is told with its line.
// Method: small files.

#include "app/scenario/number_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scenario_fixture.h"

namespace knetsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string errors_of_times(const std::string& text) {
  TemporaryFolder folder;
  Diagnostics diagnostics;
  read_times_file(folder.write("t.csv", text), false, diagnostics);
  return render(diagnostics.errors());
}

TEST(TimesFile, SecondsAndUnitsMix) {
  TemporaryFolder folder;
  Diagnostics diagnostics;
  const auto times =
      read_times_file(folder.write("t.csv", "# arrivals\nat,user\n0.001,7\n2ms,7\n\n0.5,1\r\n"), false, diagnostics);
  EXPECT_EQ(render(diagnostics.errors()), "");
  using std::chrono::milliseconds;
  EXPECT_THAT(times,
              ElementsAre(kTimeZero + milliseconds(1), kTimeZero + milliseconds(2), kTimeZero + milliseconds(500)));
}

// A log's clock counts from 1970: 1.7e9 s are beyond what 64 bits of picoseconds hold (106 days).
TEST(TimesFile, InstantsOfALogCountFromTheFirst) {
  EXPECT_THAT(errors_of_times("at\n5\n1700000000.0\n1700000001.5\n"),
              HasSubstr("t.csv:3:1: error: an arrival after 19676 days: no run is that long"));
  TemporaryFolder folder;
  Diagnostics diagnostics;
  const auto times = read_times_file(folder.write("t.csv", "1700000000.0\n1700000001.5\n"), true, diagnostics);
  EXPECT_EQ(render(diagnostics.errors()), "");
  EXPECT_THAT(times, ElementsAre(kTimeZero, kTimeZero + std::chrono::milliseconds(1500)));
  EXPECT_THAT(errors_of_times("1e300\n1e301\n"), HasSubstr("t.csv:1:1: error: an arrival after"));
}

TEST(CdfFile, ValuesBeyondWhatIsSimulatedAreToldWithTheirLine) {
  TemporaryFolder folder;
  Diagnostics diagnostics;
  read_cdf_file(folder.write("c.csv", "1 0.5\n1e300 1\n"), false, diagnostics);
  EXPECT_THAT(render(diagnostics.errors()), HasSubstr("c.csv:2:1: error: '1e300' is beyond what is simulated"));
}

TEST(TimesFile, MistakesAreToldWithTheirLine) {
  EXPECT_THAT(errors_of_times("1\n0.5\n"), HasSubstr("t.csv:2:1: error: times have to ascend"));
  EXPECT_THAT(errors_of_times("1\nnoon\n"), HasSubstr("t.csv:2:1: error: 'noon' is no number"));
  EXPECT_THAT(errors_of_times("1\n-1\n"), HasSubstr("'-1' is no number"));
  EXPECT_THAT(errors_of_times("at\n"), HasSubstr("no line with numbers"));
}

TEST(CdfFile, SizesMayBeBare) {
  TemporaryFolder folder;
  Diagnostics diagnostics;
  const auto points = read_cdf_file(folder.write("c.csv", "100 0\n1KiB 0.5\n2000 1\n"), false, diagnostics);
  EXPECT_EQ(render(diagnostics.errors()), "");
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[1].value, 1024);
  EXPECT_EQ(points[1].cumulative, 0.5);
}

// The flow-size files of HPCC and of the ns-3 forks state percentages.
TEST(CdfFile, SharesThatEndAt100ArePercentages) {
  TemporaryFolder folder;
  Diagnostics diagnostics;
  const auto points = read_cdf_file(folder.write("c.txt", "0 0\n10000 15\n20000 100\n"), false, diagnostics);
  EXPECT_EQ(render(diagnostics.errors()), "");
  ASSERT_EQ(points.size(), 3u);
  EXPECT_DOUBLE_EQ(points[1].cumulative, 0.15);
  EXPECT_EQ(points[2].cumulative, 1);
}

TEST(CdfFile, HasToAscendToOne) {
  TemporaryFolder folder;
  for (const char* text : {"1,0.5\n2,0.9\n", "1,0.5\n0.5,1\n", "1,0.5\n2,0.4\n3,1\n", "1\n2\n", "1,10\n2,90\n"}) {
    Diagnostics diagnostics;
    read_cdf_file(folder.write("c.csv", text), false, diagnostics);
    EXPECT_TRUE(diagnostics.has_errors()) << text;
  }
}

}  // namespace
}  // namespace knetsim
