// A DataFile that a netCDF reader could misread is refused before it is written: each rule is broken once.
#include "sim/output/data_file.h"

#include <gtest/gtest.h>

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

DataFile two_by_three() {
  DataGroup group{.path = "g", .attributes = {}, .axes = {}, .variables = {}};
  group.axes.push_back({"x", {"x"}, std::vector<std::int64_t>{0, 1}, {}});
  group.axes.push_back({"y", {"y"}, std::vector<std::string>{"a", "b", "c"}, {}});
  group.variables.push_back({"v", {"x", "y"}, std::vector<double>(6), {}});
  group.variables.push_back({"scalar", {}, std::vector<double>(1), {{"units", std::string("s")}}});
  return {.attributes = {}, .groups = {group}};
}

TEST(DataFile, AcceptsVariablesAlongTheAxesOfTheirGroup) { EXPECT_NO_THROW(check_data_file(two_by_three())); }

TEST(DataFile, RefusesAVariableOfTheWrongLength) {
  DataFile file = two_by_three();
  file.groups[0].variables[0].values = std::vector<double>(5);
  EXPECT_THROW(check_data_file(file), InvariantError);
}

TEST(DataFile, RefusesADimensionThatIsNoAxisOfTheGroup) {
  DataFile file = two_by_three();
  file.groups[0].variables[0].dims = {"x", "z"};
  EXPECT_THROW(check_data_file(file), InvariantError);
}

TEST(DataFile, RefusesAnEmptyAxis) {
  DataFile file = two_by_three();
  file.groups[0].axes[0].values = std::vector<std::int64_t>{};
  EXPECT_THROW(check_data_file(file), InvariantError);
}

TEST(DataFile, RefusesTwoOfOneName) {
  DataFile file = two_by_three();
  file.groups[0].variables[1].name = "v";
  EXPECT_THROW(check_data_file(file), InvariantError);
  file = two_by_three();
  file.groups.push_back(file.groups[0]);
  EXPECT_THROW(check_data_file(file), InvariantError);
}

TEST(DataFile, FindsVariablesAndTextAttributesByName) {
  const DataFile file = two_by_three();
  ASSERT_NE(file.groups[0].find("y"), nullptr);
  EXPECT_EQ(file.groups[0].find("nothing"), nullptr);
  EXPECT_EQ(text_attribute(file.groups[0].find("scalar")->attributes, "units"), "s");
  EXPECT_EQ(text_attribute(file.groups[0].find("v")->attributes, "units"), "");
}

}  // namespace
}  // namespace knetsim
