// A results file of others can neither take this process with it, nor the machine's memory or time, nor show other
// files of the machine. Files are made with the library itself: what the format allows, and 300 random changes of a
// good file.
#include "sim/output/foreign_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "analysis/results/results_writer.h"
#include "sample_results.h"
#include "sim/output/apart.h"
#include "sim/output/hdf5_writer.h"
#include "sim/output/output_error.h"
#include "sim/output/safe_file.h"
#include "support/sanitized.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

using ::testing::HasSubstr;

bool all(std::string_view /*path*/) { return true; }
bool none(std::string_view /*path*/) { return false; }

class ForeignFile : public ::testing::Test {
 protected:
  std::string refusal() const {
    try {
      read_foreign_file(file, all);
    } catch (const OutputError& error) {
      return error.what();
    }
    return "";
  }

  /// A file with one group "a" that `fill` puts something into.
  template <class Fill>
  void make(Fill&& fill) const {
    const hid_t id = H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t group = H5Gcreate2(id, "a", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    fill(id, group);
    H5Gclose(group);
    H5Fclose(id);
  }

  TemporaryFolder folder;
  std::filesystem::path file = folder / "foreign.h5";
};

TEST_F(ForeignFile, GivesWhatTheReaderGives) {
  const DataFile written = to_data_file(sample_results(), {});
  write_file_safely(file, hdf5_image(written));
  const DataFile read = read_foreign_file(file, all);
  ASSERT_EQ(read.groups.size(), written.groups.size());
  for (std::size_t g = 0; g < read.groups.size(); ++g) {
    ASSERT_EQ(read.groups[g].path, written.groups[g].path);
    ASSERT_EQ(read.groups[g].variables.size(), written.groups[g].variables.size());
    for (std::size_t v = 0; v < read.groups[g].variables.size(); ++v) {
      EXPECT_EQ(read.groups[g].variables[v].name, written.groups[g].variables[v].name);
      EXPECT_EQ(read.groups[g].variables[v].dims, written.groups[g].variables[v].dims);
      EXPECT_EQ(read.groups[g].variables[v].size(), written.groups[g].variables[v].size());
    }
  }
  EXPECT_EQ(text_attribute(read.attributes, "title"), text_attribute(written.attributes, "title"));
}

TEST_F(ForeignFile, GroupsThatAreNotWantedComeByTheirNamesAlone) {
  write_file_safely(file, hdf5_image(to_data_file(sample_results(), {})));
  const DataFile read = read_foreign_file(file, none);
  ASSERT_FALSE(read.groups.empty());
  for (const DataGroup& group : read.groups) EXPECT_TRUE(group.variables.empty() && group.axes.empty()) << group.path;
}

// Storage of a dataset may be any file of the machine (H5Pset_external), or any dataset of one (H5Pset_virtual).
TEST_F(ForeignFile, DataOfOtherFilesAreRefused) {
  write_text(folder / "secret", "0123456789abcdef");
  const hsize_t length = 2;
  make([&](hid_t, hid_t group) {
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, (folder / "secret").c_str(), 0, 16);
    const hid_t space = H5Screate_simple(1, &length, nullptr);
    H5Dclose(H5Dcreate2(group, "x", H5T_NATIVE_INT64, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(creation);
  });
  EXPECT_THAT(refusal(), HasSubstr("the data of 'x' stand in another file (external storage)"));
  make([&](hid_t, hid_t group) {
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t space = H5Screate_simple(1, &length, nullptr);
    H5Pset_virtual(creation, space, (folder / "secret").c_str(), "/y", space);
    H5Dclose(H5Dcreate2(group, "x", H5T_NATIVE_INT64, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(creation);
  });
  EXPECT_THAT(refusal(), HasSubstr("'x' is a virtual dataset"));
  make([&](hid_t, hid_t group) {
    H5Lcreate_external((folder / "secret").c_str(), "/", group, "out", H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_EQ(refusal(), "") << "a link to another file is no member";
}

// Four hard links a group make 4^depth paths out of a handful of groups.
TEST_F(ForeignFile, LinksThatLeadBackAreTold) {
  make([&](hid_t id, hid_t group) {
    for (const char* name : {"l0", "l1", "l2", "l3"}) H5Lcreate_hard(id, "/", group, name, H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_THAT(refusal(), HasSubstr("damaged: group '/a/l0' is a link to group '/'"));
}

TEST_F(ForeignFile, ManyGroupsAreTold) {
  make([&](hid_t, hid_t group) {
    for (int i = 0; i < 2000; ++i) {
      H5Gclose(H5Gcreate2(group, ("g" + std::to_string(i)).c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    }
  });
  EXPECT_THAT(refusal(), HasSubstr("no results file: more than 1000 groups"));
  make([&](hid_t, hid_t group) {
    for (int i = 0; i < 20'000; ++i) {
      H5Lcreate_soft("nowhere", group, std::to_string(i).c_str(), H5P_DEFAULT, H5P_DEFAULT);
    }
  });
  EXPECT_THAT(refusal(), HasSubstr("a group of more than 10000 members"));
}

// Chunks that were never written are the fill value: 32 GB in a file of a few kB.
TEST_F(ForeignFile, AFileOfAFewBytesCannotUnpackToGigabytes) {
  if (kShadowed) GTEST_SKIP() << "a sanitizer's shadow needs the address space that is taken away here";
  make([&](hid_t, hid_t group) {
    const hsize_t length = hsize_t{1} << 32U;
    const hsize_t chunk = 1024;
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 1, &chunk);
    const hid_t space = H5Screate_simple(1, &length, nullptr);
    const hid_t axis = H5Dcreate2(group, "x", H5T_NATIVE_INT64, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    H5DSset_scale(axis, "x");
    H5Dclose(axis);
    H5Sclose(space);
    H5Pclose(creation);
  });
  EXPECT_THAT(refusal(), HasSubstr("holds more than fits into memory, or is damaged"));
}

TEST_F(ForeignFile, WhatIsNoRegularFileIsNotOpened) {
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_THAT(refusal(), HasSubstr("is not a regular file"));
  EXPECT_THROW(read_foreign_file("/dev/zero", all), OutputError);
  EXPECT_THROW(read_foreign_file(folder.path(), all), OutputError);
}

// About one change in fifty made the library abort or loop (1.10.8, Debian 12). Each ends in content or in one line.
TEST_F(ForeignFile, RandomChangesEndInOneLineOrInContent) {
  const std::vector<std::byte> good = hdf5_image(to_data_file(sample_results(), {}));
  std::uint64_t state = 1;
  const auto draw = [&](std::size_t below) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>(state >> 33U) % below;
  };
  std::size_t refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::byte> bad = good;
    for (std::size_t change = 0; change <= draw(8); ++change) bad[draw(bad.size())] = static_cast<std::byte>(draw(256));
    write_text(file, std::string(reinterpret_cast<const char*>(bad.data()), bad.size()));
    const std::string told = refusal();
    refused += told.empty() ? 0U : 1U;
    EXPECT_EQ(told.find('\n'), std::string::npos) << told;
  }
  EXPECT_GT(refused, 10U) << "the changes do reach the structure";
  EXPECT_LT(refused, 300U);
}

std::string end_of(const ApartLimits& limits, const std::function<void(PipeWriter&)>& job) {
  try {
    run_apart(limits, job, [](PipeReader& from) {
      char byte = 0;
      from.read(&byte, 1);
    });
  } catch (const ApartFailure& failure) {
    return failure.what();
  }
  return "came to its end";
}

TEST(Apart, EachWayToEndIsTold) {
  const auto write_one = [](PipeWriter& to) { to.write("x", 1); };
  EXPECT_EQ(end_of({}, write_one), "came to its end");
  EXPECT_EQ(end_of({}, [](PipeWriter&) { ::raise(SIGABRT); }), "ended by SIGABRT");
  EXPECT_EQ(end_of({}, [](PipeWriter&) { throw 1; }), "ended with status 120");
  EXPECT_EQ(end_of({.cpu_s = 0.05, .wall_s = 60},
                   [](PipeWriter&) {
                     for (volatile bool on = true; on;) {
                     }
                   }),
            "took more than 0.05 s of CPU time");
  EXPECT_EQ(end_of({.cpu_s = 1, .wall_s = 0.1}, [](PipeWriter&) { ::pause(); }), "did not end within 0.1 s");
}

TEST(Apart, HasTheMemoryThatItIsGiven) {
  if (kShadowed) GTEST_SKIP() << "a sanitizer's shadow needs the address space that is taken away here";
  EXPECT_EQ(end_of({.memory_bytes = 64U << 20U},
                   [](PipeWriter& to) {
                     const std::vector<char> much(256U << 20U);
                     to.write(much.data(), 1);
                   }),
            "ended with status 120");
}

}  // namespace
}  // namespace knetsim
