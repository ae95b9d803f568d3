// Goal: docs/validation-kernel.md is what the program makes of the records that come with the project, and the profile
// beside them is the fit to those cases of the first that are not held out. Method: both are repeated from the records;
// nothing is measured.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "run_program.h"

namespace knetsim::test {
namespace {

const std::string kRecords = "configs/validation/kernel/";
const std::string kProfile = "configs/profiles/epyc-linux-6.18.yaml";

std::string verdicts(const std::string& profile) {
  const ProgramResult run =
      run_program("verify --kernel --from " + kRecords + "measured.json --profile " + profile + " -o markdown -q");
  EXPECT_EQ(run.code, 0) << run.err;
  return run.out;
}

/// "Medians: ..." and "p90 and p99 ...", without the rest.
std::string counts(const std::string& page) {
  const std::size_t begin = page.find("\nMedians: ");
  return begin == std::string::npos ? std::string{}
                                    : page.substr(begin, page.find("The machine's noise", begin) - begin);
}

TEST(KernelPage, IsWhatTheProgramMakesOfTheRecord) {
  const std::string page = read_text(KNETSIM_SOURCE_DIR "/docs/validation-kernel.md");
  const std::size_t begin = page.find("## Kernel of ");  // what stands above is written by hand
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(first_difference(page.substr(begin), verdicts(kProfile)), "");
}

TEST(KernelPage, AProfileOnTopOfAnotherPredictsAsThatDoes) {
  const TemporaryFolder scratch;
  const std::string based =
      scratch.write("based.yaml",
                    "apiVersion: knetsim.io/v1alpha1\nkind: CostProfile\nmetadata: {name: based}\n"
                    "machine: m\nbase: {profile: " KNETSIM_SOURCE_DIR "/" +
                        kProfile + "}\n");
  EXPECT_EQ(counts(verdicts(based)), counts(verdicts(kProfile)));
}

/// What a profile has below its heading.
std::string figures(const std::string& profile) { return profile.substr(profile.find("\nsteps:")); }

TEST(KernelPage, TheProfileIsTheFitToTheRecordAndToTheEmulatedOne) {
  const TemporaryFolder scratch;
  const std::string fit = scratch.path("fit.yaml");
  const std::string counted = scratch.path("counted.yaml");
  ASSERT_EQ(run_program("calibrate --from " + kRecords + "measured.json --out " + fit + " -q").code, 0);
  ASSERT_EQ(run_program("calibrate --emulated --from " + kRecords + "emulated.json --before " + fit + " --out " +
                        counted + " -q")
                .code,
            0);
  EXPECT_EQ(first_difference(figures(read_text(KNETSIM_SOURCE_DIR "/" + kProfile)), figures(read_text(counted))), "");
  EXPECT_NE(figures(read_text(counted)), figures(read_text(fit)));
}

}  // namespace
}  // namespace knetsim::test
