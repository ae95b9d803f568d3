// What is written is what is read: every type, shape and attribute through the file and back. Files that are no results
// end in one line that names the file, never in the library's own output.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <span>

#include "sim/output/hdf5_reader.h"
#include "sim/output/hdf5_writer.h"
#include "sim/output/output_error.h"
#include "sim/output/safe_file.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

template <class Cell>
std::vector<Cell> counted(std::size_t cells) {
  std::vector<Cell> values(cells);
  for (std::size_t i = 0; i < cells; ++i) values[i] = static_cast<Cell>(i % 100);
  return values;
}

/// Columns below and above the size from which they are compressed, in every type and up to three dimensions.
DataFile every_kind() {
  DataFile file;
  file.attributes = {{"text", std::string("grün")}, {"list", std::vector<std::int64_t>{1, 0}}};
  DataGroup group{.path = "a/b", .attributes = {{"description", std::string("nested")}}, .axes = {}, .variables = {}};
  group.axes.push_back(
      {"x", {"x"}, std::vector<std::string>{"", "ö", "long text with spaces"}, {{"units", std::string("1")}}});
  group.axes.push_back({"y", {"y"}, counted<std::int64_t>(70), {}});
  group.axes.push_back({"z", {"z"}, counted<double>(1000), {}});
  constexpr std::size_t kCells = std::size_t{3} * 70 * 1000;
  group.variables.push_back({"f64", {"x", "y", "z"}, counted<double>(kCells), {{"scale_factor", 0.5}}});
  group.variables.push_back({"i64", {"x", "y", "z"}, counted<std::int64_t>(kCells), {{"n", std::int64_t{-7}}}});
  group.variables.push_back({"u64", {"z", "y"}, counted<std::uint64_t>(70'000), {}});
  group.variables.push_back({"i8", {"y", "x"}, counted<std::int8_t>(210), {{"flags", std::vector<std::int8_t>{0, 1}}}});
  group.variables.push_back({"string", {"y"}, std::vector<std::string>(70, "x"), {}});
  group.variables.push_back({"text", {}, std::vector<std::string>{std::string(100'000, 'y')}, {}});
  group.variables.push_back({"biggest", {}, std::vector<std::uint64_t>{std::numeric_limits<std::uint64_t>::max()}, {}});
  file.groups = {group};
  return file;
}

class Hdf5File : public ::testing::Test {
 protected:
  std::filesystem::path write(const DataFile& data) {
    auto path = folder / "file.h5";
    write_file_safely(path, hdf5_image(data));
    return path;
  }
  /// Message of the OutputError that opening gives.
  static std::string refusal(const std::filesystem::path& path) {
    testing::internal::CaptureStderr();
    std::string message;
    try {
      const Hdf5Reader reader(path);
    } catch (const OutputError& error) {
      message = error.what();
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "the library printed its own stack";
    EXPECT_THAT(message, HasSubstr(path.string()));
    EXPECT_THAT(message, Not(HasSubstr("\n")));
    return message;
  }
  TemporaryFolder folder;
};

TEST_F(Hdf5File, GivesBackEveryTypeShapeAndAttribute) {
  const DataFile data = every_kind();
  const Hdf5Reader reader(write(data));
  EXPECT_EQ(text_attribute(reader.attributes(), "text"), "grün");
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(*find_attribute(reader.attributes(), "list")),
            (std::vector<std::int64_t>{1, 0}));
  EXPECT_THAT(reader.groups(), ElementsAre("a/b"));
  const DataGroup group = reader.group("a/b");
  const auto compare = [](const std::vector<DataVariable>& read, const std::vector<DataVariable>& written) {
    ASSERT_EQ(read.size(), written.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(read[i].name, written[i].name);
      EXPECT_EQ(read[i].dims, written[i].dims) << read[i].name;
      EXPECT_EQ(read[i].values, written[i].values) << read[i].name;
      for (const DataAttribute& attribute : written[i].attributes) {
        const AttributeValue* value = find_attribute(read[i].attributes, attribute.name);
        ASSERT_NE(value, nullptr) << attribute.name;
        EXPECT_EQ(*value, attribute.value) << attribute.name;
      }
    }
  };
  compare(group.axes, data.groups[0].axes);
  compare(group.variables, data.groups[0].variables);
  EXPECT_EQ(text_attribute(group.attributes, "description"), "nested");
}

TEST_F(Hdf5File, KeepsNanAndInfinity) {
  DataFile data = every_kind();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  data.groups[0].variables = {{"odd", {"x"}, std::vector<double>{std::nan(""), kInfinity, -kInfinity}, {}}};
  const DataGroup group = Hdf5Reader(write(data)).group("a/b");
  const auto& values = std::get<std::vector<double>>(group.variables.at(0).values);
  EXPECT_TRUE(std::isnan(values[0]));
  EXPECT_EQ(values[1], kInfinity);
  EXPECT_EQ(values[2], -kInfinity);
}

TEST_F(Hdf5File, CompressesLargeColumns) {
  DataFile data = every_kind();
  data.groups[0].variables = {{"steady", {"x", "y", "z"}, std::vector<double>(210'000, 1.5), {}}};
  EXPECT_LT(std::filesystem::file_size(write(data)), 210'000U);  // 1.7 MB raw
}

TEST_F(Hdf5File, EqualDataGiveEqualBytes) { EXPECT_EQ(hdf5_image(every_kind()), hdf5_image(every_kind())); }

TEST_F(Hdf5File, AMissingFileIsOneLine) {
  EXPECT_THAT(refusal(folder / "none.h5"), HasSubstr("No such file or directory"));
}

TEST_F(Hdf5File, WhatIsNotHdf5IsOneLine) {
  write_text(folder / "text.h5", "apiVersion: v1\n");
  EXPECT_THAT(refusal(folder / "text.h5"), HasSubstr("not an HDF5 file"));
  write_text(folder / "empty.h5", "");
  EXPECT_THAT(refusal(folder / "empty.h5"), HasSubstr("not an HDF5 file"));
  EXPECT_THAT(refusal(folder.path()), HasSubstr("directory"));
}

TEST_F(Hdf5File, AFileCutShortIsOneLine) {
  const auto path = write(every_kind());
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(refusal(path), HasSubstr("truncated"));
}

TEST_F(Hdf5File, AMissingGroupIsOneLine) {
  const Hdf5Reader reader(write(every_kind()));
  EXPECT_THROW(reader.group("none"), OutputError);
}

TEST_F(Hdf5File, ALockedFileComesWithTheWayOut) {
  const auto path = write(every_kind());
  const int holder = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(holder, LOCK_EX), 0);
  EXPECT_THAT(refusal(path), HasSubstr("HDF5_USE_FILE_LOCKING=FALSE"));
  ::close(holder);
}

}  // namespace
}  // namespace knetsim
