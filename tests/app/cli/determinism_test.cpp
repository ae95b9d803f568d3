// Goal: with --deterministic a results file has the same bytes when the run is repeated, with any number of threads,
// and on machines for which libm chooses other variants of its functions. Method: one scenario with every proxy mode,
// files compared byte by byte. glibc's tunables switch off the fused multiply-add and AVX2 variants (glibc 2.36,
// sysdeps/x86/cpu-tunables.c); a control shows that libm's own figures do change by that where the processor has these
// instructions, so that the comparison could fail.

#include <gtest/gtest.h>

#include <cstdlib>

#include "run_program.h"

namespace knetsim::test {
namespace {

constexpr const char* kPlainLibm = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-FMA,-FMA4";

std::string file_of_run(const std::string& options, const std::string& environment = {}) {
  const TemporaryFolder scratch;
  const std::string file = scratch.path("run.h5");
  const ProgramResult result = run_program(
      "run configs/quickstart.yaml -q --deterministic --set run.duration=100ms --set run.warmUp=50ms "
      "--set run.replicates=2 --out " +
          file + " " + options,
      environment);
  EXPECT_EQ(result.code, 0) << result.err;
  return read_text(file);
}

std::string libm_figures(const std::string& environment) {
  const TemporaryFolder scratch;
  const std::string script =
      scratch.write("figures.py",
                    "import math\n"
                    "for i in range(1, 2000):\n"
                    "    x = i * 0.0137\n"
                    "    print(math.exp(x).hex(), math.log(x).hex(), math.pow(x, 1.37).hex(), math.sin(x).hex())\n");
  const std::string out = scratch.path("figures.txt");
  const std::string command = environment + " " KNETSIM_PYTHON " " + script + " >" + out;
  EXPECT_EQ(std::system(command.c_str()), 0);
  return read_text(out);
}

TEST(Determinism, TheFileDependsNeitherOnTheRepeatNorOnTheThreads) {
  const std::string once = file_of_run("-j 1");
  ASSERT_GT(once.size(), 10'000u);
  for (const char* threads : {"-j 1", "-j 2", "-j 4"}) EXPECT_TRUE(file_of_run(threads) == once) << threads;
}

TEST(Determinism, TheFileDependsNotOnTheVariantsOfLibm) {
  const std::string as_it_is = file_of_run("-j 1");
  ASSERT_GT(as_it_is.size(), 10'000u);
  EXPECT_TRUE(file_of_run("-j 1", kPlainLibm) == as_it_is);
}

TEST(Determinism, TheControlSeesLibmChange) {
  if (!__builtin_cpu_supports("fma")) GTEST_SKIP() << "this processor has no fused multiply-add to switch off";
  EXPECT_NE(libm_figures("env"), libm_figures(kPlainLibm));
}

TEST(Determinism, AnotherSeedGivesAnotherFile) {
  EXPECT_FALSE(file_of_run("-j 1 --set run.seed=43") == file_of_run("-j 1"));
}

}  // namespace
}  // namespace knetsim::test
