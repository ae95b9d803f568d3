// CSV by the letter of RFC 4180, written out by hand; that the figures are those of the file is export_csv_test.py's
// part.
#include "analysis/export_csv.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>

namespace knetsim {
namespace {

std::string csv(const DataGroup& group) {
  std::ostringstream out;
  export_csv(group, out);
  return out.str();
}

DataVariable runs() { return {"run", {"run"}, std::vector<std::int64_t>{0, 1}, {}}; }

TEST(ExportCsv, QuotesCommasQuotesAndLineBreaks) {
  const DataGroup group{
      .path = "g",
      .attributes = {},
      .axes = {{"x", {"x"}, std::vector<std::string>{"plain", "a,b", "say \"hi\"", "two\nlines", ""}, {}}},
      .variables = {{"v", {"x"}, std::vector<std::int8_t>{1, 2, 3, 4, 5}, {}}}};
  EXPECT_EQ(csv(group), "x,v\r\nplain,1\r\n\"a,b\",2\r\n\"say \"\"hi\"\"\",3\r\n\"two\nlines\",4\r\n,5\r\n");
}

// OWASP, "CSV Injection": what begins so is a formula to a spreadsheet, =HYPERLINK(...) one that sends what stands
// beside it.
TEST(ExportCsv, ATextThatASpreadsheetWouldComputeGetsAnApostrophe) {
  const DataGroup group{.path = "g",
                        .attributes = {},
                        .axes = {{"x", {"x"}, std::vector<std::string>{"=1+1", "+a", "-b", "@c,d", "\te", "f=g"}, {}}},
                        .variables = {{"v", {"x"}, std::vector<std::int64_t>{-1, 2, 3, 4, 5, 6}, {}}}};
  EXPECT_EQ(csv(group), "x,v\r\n'=1+1,-1\r\n'+a,2\r\n'-b,3\r\n\"'@c,d\",4\r\n'\te,5\r\nf=g,6\r\n");
}

TEST(ExportCsv, WritesNumbersThatReadBackAndLeavesNanEmpty) {
  const double tenth = 0.1;
  const DataGroup group{
      .path = "g",
      .attributes = {},
      .axes = {runs()},
      .variables = {{"a", {"run"}, std::vector<double>{tenth + 0.2, std::nan("")}, {}},
                    {"b", {"run"}, std::vector<double>{1e300, -1.5}, {}},
                    {"c", {"run"}, std::vector<std::uint64_t>{std::numeric_limits<std::uint64_t>::max(), 0}, {}},
                    {"d", {"run"}, std::vector<std::int64_t>{80, 1'500'000'000'000}, {{"scale_factor", 1e-12}}}}};
  EXPECT_EQ(csv(group), "run,a,b,c,d\r\n0,0.30000000000000004,1e+300,18446744073709551615,8e-11\r\n1,,-1.5,0,1.5\r\n");
}

TEST(ExportCsv, RepeatsLabelsAndRunsQuantilesAcross) {
  const DataGroup group{
      .path = "g",
      .attributes = {{"coordinates", std::string("variant")}},
      .axes = {runs(),
               {"workload", {"workload"}, std::vector<std::string>{"w", "v"}, {}},
               {"quantile", {"quantile"}, std::vector<double>{0.5, 0.99}, {}}},
      .variables = {{"n", {"run", "workload"}, std::vector<std::int64_t>{1, 2, 3, 4}, {}},
                    {"q", {"run", "workload", "quantile"}, std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8}, {}},
                    {"variant", {"run"}, std::vector<std::string>{"a", "b"}, {}}}};
  EXPECT_EQ(csv(group),
            "run,workload,variant,n,q[0.5],q[0.99]\r\n"
            "0,w,a,1,1,2\r\n0,v,a,2,3,4\r\n1,w,b,3,5,6\r\n1,v,b,4,7,8\r\n");
}

TEST(ExportCsv, WritesOneLineForEachElementOfARaggedRow) {
  const DataGroup group{
      .path = "g",
      .attributes = {},
      .axes = {runs(), {"bucket", {"bucket"}, std::vector<std::int64_t>{0, 1, 2}, {}}},
      .variables = {
          {"row_size", {"run"}, std::vector<std::int64_t>{1, 2}, {{"sample_dimension", std::string("bucket")}}},
          {"count", {"bucket"}, std::vector<std::int64_t>{7, 8, 9}, {}}}};
  EXPECT_EQ(csv(group), "run,bucket,count\r\n0,0,7\r\n1,1,8\r\n1,2,9\r\n");
}

TEST(ExportCsv, ListsWhatSharesNoAxes) {
  const DataGroup group{.path = "g",
                        .attributes = {},
                        .axes = {{"input", {"input"}, std::vector<std::int64_t>{0, 1}, {}},
                                 {"override", {"override"}, std::vector<std::int64_t>{0}, {}}},
                        .variables = {{"seed", {}, std::vector<std::uint64_t>{42}, {}},
                                      {"overrides", {"override"}, std::vector<std::string>{"a=b"}, {}},
                                      {"input_name", {"input"}, std::vector<std::string>{"x", "y"}, {}}}};
  EXPECT_EQ(csv(group), "name,index,value\r\nseed,,42\r\noverrides,0,a=b\r\ninput_name,0,x\r\ninput_name,1,y\r\n");
}

}  // namespace
}  // namespace knetsim
