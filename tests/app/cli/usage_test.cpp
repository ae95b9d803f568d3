// Goal: a mistake on the command line costs one look: exit code 2, what is wrong, the near name, where to read on.
// Method: the built program is run with each mistake; code and whole message are compared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "run_program.h"

namespace knetsim::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Mistake {
  const char* name;
  const char* arguments;
  const char* first_line;
};

class Usage : public testing::TestWithParam<Mistake> {};

TEST_P(Usage, MistakeIsNamedWithExitCode2) {
  const ProgramResult result = run_program(GetParam().arguments);
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err.substr(0, result.err.find('\n')), GetParam().first_line);
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine, Usage,
    testing::Values(
        Mistake{"NearCommand", "rum configs/quickstart.yaml", "knetsim: unknown command 'rum'; did you mean 'run'?"},
        Mistake{"NoNearCommand", "frobnicate", "knetsim: unknown command 'frobnicate'"},
        Mistake{"ProgramOption", "--verison", "knetsim: unknown option '--verison'; did you mean '--version'?"},
        Mistake{"NearOption", "run configs/quickstart.yaml --varient ipvs",
                "knetsim run: unknown option '--varient'; did you mean '--variant'?"},
        Mistake{"NearOptionWithValue", "trace a b c --pakcet=first",
                "knetsim trace: unknown option '--pakcet'; did you mean '--packet'?"},
        Mistake{"ShortOption", "inspect a.h5 -x", "knetsim inspect: unknown option '-x'"},
        Mistake{"MissingScenario", "run", "knetsim run: SCENARIO is missing"},
        Mistake{"MissingTarget", "trace configs/quickstart.yaml client", "knetsim trace: TO is missing"},
        Mistake{"TooMany", "inspect a.h5 b.h5", "knetsim inspect: too many arguments: b.h5"},
        Mistake{"Format", "models -o yaml", "knetsim models: --output: yaml not in {table,json}"},
        Mistake{"Colour", "models --color pink", "knetsim models: --color: pink not in {auto,always,never}"},
        Mistake{"Packet", "trace a b c --packet third",
                "knetsim trace: --packet: third not in {all,first,syn-ack,request,response}"},
        Mistake{"OptionOfTheOtherKind", "verify --published --save record.json",
                "knetsim verify: --save requires --kernel"},
        Mistake{"EmptyFileName", "run configs/tutorial.yaml --out ''", "knetsim run: --out: the file's name is empty"},
        Mistake{"ExplainNearKey", "explain cluster.proxi",
                "knetsim: unknown key 'proxi' in 'cluster'; did you mean 'proxy'?"}),
    [](const testing::TestParamInfo<Mistake>& parameter) { return parameter.param.name; });

TEST(UsageMessage, SaysHowTheCommandIsUsed) {
  EXPECT_EQ(run_program("trace configs/quickstart.yaml").err,
            "knetsim trace: FROM is missing\n"
            "Usage: knetsim trace SCENARIO FROM TO [options]\n"
            "Run 'knetsim help trace' for more.\n");
}

TEST(ExitCode, OfABrokenInputIs3) {
  const ProgramResult missing = run_program("run configs/no-such-file.yaml");
  EXPECT_EQ(missing.code, 3);
  EXPECT_THAT(missing.err, HasSubstr("configs/no-such-file.yaml"));
  EXPECT_EQ(missing.out, "");
}

TEST(ExitCode, OfAVariantNamedTwiceAndOfACircleOfLinksIs3) {
  const ProgramResult twice = run_program("run configs/quickstart.yaml --variant ipvs,ipvs");
  EXPECT_EQ(twice.code, 3);
  EXPECT_EQ(twice.err, "--variant: error: 'ipvs' is named twice\n");
  const TemporaryFolder scratch;
  std::filesystem::create_symlink(scratch.path("circle"), scratch.path("circle"));
  EXPECT_EQ(run_program("validate " + scratch.path("circle")).code, 3);
}

TEST(ExitCode, OfAFileThatACommandWouldReadAndWriteIs2AndItStaysAsItWas) {
  const std::string record = "configs/validation/kernel/measured.json";
  const TemporaryFolder scratch;
  const std::string copy = scratch.write("record.json", read_text(KNETSIM_SOURCE_DIR "/" + record));
  const std::string profile = scratch.path("profile.yaml");
  for (const std::string& command : {"calibrate --from " + copy + " --out " + copy,
                                     "verify --kernel --from " + copy + " --calibrate " + scratch.path("./record.json"),
                                     "verify --kernel --save " + profile + " --calibrate " + profile}) {
    const ProgramResult result = run_program(command + " --force");
    EXPECT_EQ(result.code, 2) << command;
    EXPECT_THAT(result.err, HasSubstr("is read or written by this command already"));
  }
  EXPECT_EQ(read_text(copy), read_text(KNETSIM_SOURCE_DIR "/" + record));
  EXPECT_FALSE(std::filesystem::exists(profile));
}

TEST(ExitCode, OfLabOptionsThatDoNothingTogetherIs2) {
  for (const char* command : {"calibrate --emulated --rounds 9", "calibrate --kernel-root /",
                              "verify --kernel --from ''", "verify --kernel --calibrate ''",
                              "verify --kernel --from configs/validation/kernel/measured.json --rounds 9"}) {
    EXPECT_EQ(run_program(command).code, 2) << command;
  }
}

TEST(Lab, AProfileOfAnotherMachineIsNamedAsThat) {
  const ProgramResult result = run_program("verify --kernel --from configs/validation/kernel/measured.json");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("it is one of another machine or day (AMD Ryzen"));
}

// Root of a container often lacks one of the two capabilities; setpriv makes such a root.
TEST(ExitCode, OfALabWithoutACapabilityIs6AndOneLineNamesIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to take a capability from";
  const TemporaryFolder scratch;
  for (const std::string& command : {"calibrate --out " + scratch.path("p.yaml"), std::string("verify --kernel")}) {
    for (const auto& [taken, named] : {std::pair("-net_admin", "root lacks CAP_NET_ADMIN here, "),
                                       std::pair("-sys_admin", "root lacks CAP_SYS_ADMIN here, "),
                                       std::pair("-net_admin,-sys_admin", "CAP_NET_ADMIN, CAP_SYS_ADMIN here, ")}) {
      const std::string flags = std::string(" --bounding-set=") + taken + " --inh-caps=" + taken;
      const ProgramResult result = run_program(command, "setpriv" + flags);
      EXPECT_EQ(result.code, 6) << result.err;
      EXPECT_EQ(result.out, "");
      EXPECT_THAT(result.err, testing::AllOf(StartsWith("knetsim: "), HasSubstr(named), HasSubstr("--from FILE"),
                                             HasSubstr("--emulated")));
      EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
    }
  }
}

// A user namespace has limits of its own; a sandbox that forbids unshare() ends in the same place.
TEST(ExitCode, OfALabWithoutNetworkNamespacesIs6AndOneLineSaysWhy) {
  const ProgramResult result =
      run_program("verify --kernel",
                  "unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_net_namespaces && \"$@\"' sh");
  if (!result.err.starts_with("knetsim: ")) GTEST_SKIP() << "no user namespaces: " << result.err;
  EXPECT_EQ(result.code, 6);
  EXPECT_THAT(result.err, testing::AllOf(HasSubstr("no network namespace can be made here"),
                                         HasSubstr("user.max_net_namespaces"), HasSubstr("--from FILE")));
  EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
}

TEST(ExitCode, OfAFileSystemThatTakesNoFilesIs5BeforeAnythingIsMeasured) {
  if (::access("/proc", W_OK) != 0) GTEST_SKIP() << "only root may write to /proc by its permissions";
  const ProgramResult result = run_program("calibrate --before no-such-profile.yaml --out /proc/x.yaml");
  EXPECT_EQ(result.code, 5);
  EXPECT_EQ(result.err, "knetsim: /proc/x.yaml: no file can be created in '/proc': No such file or directory\n");
}

TEST(ExitCode, OfAnUnusableResultsFileIs5) {
  const TemporaryFolder scratch;
  EXPECT_EQ(run_program("inspect " + scratch.path("none.h5")).code, 5);
  EXPECT_EQ(run_program("inspect " + scratch.write("text.h5", "no HDF5\n")).code, 5);
  EXPECT_EQ(run_program("export " + scratch.path("none.h5")).code, 5);
}

TEST(ExitCode, OfAFileThatCannotBeWrittenIs5AndItsNameSaysWhy) {
  const ProgramResult schema = run_program("schema --out /nonexistent/schema.json");
  EXPECT_EQ(schema.code, 5);
  EXPECT_THAT(schema.err, HasSubstr("directory '/nonexistent' does not exist"));
}

TEST(ExitCode, OfAFolderForResultsThatCannotBeMadeIs5) {
  const TemporaryFolder scratch;
  scratch.write("results", "a file of that name\n");
  const std::string command = "cd " + scratch.path("") +
                              " && " KNETSIM_PROGRAM " run " KNETSIM_SOURCE_DIR "/configs/tutorial.yaml -q 2>" +
                              scratch.path("err");
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 5);
  EXPECT_EQ(read_text(scratch.path("err")),
            "knetsim: results: cannot make this folder: Not a directory (--out FILE)\n");
}

TEST(ExitCode, OfAFullStandardOutputIs5) {
  const TemporaryFolder scratch;
  const std::string program = KNETSIM_PROGRAM;
  const int status = std::system((program + " schema >/dev/full 2>" + scratch.path("err")).c_str());
  EXPECT_EQ(WEXITSTATUS(status), 5);
  EXPECT_EQ(read_text(scratch.path("err")), "knetsim: cannot write to standard output\n");
}

TEST(Colour, IsOnlyWhereItIsWanted) {
  const std::string broken = "validate configs/no-such-file.yaml";
  EXPECT_THAT(run_program(broken).err, Not(HasSubstr("\033[")));
  EXPECT_THAT(run_program(broken + " --color always").err, HasSubstr("\033["));
  EXPECT_THAT(run_program(broken, "CLICOLOR_FORCE=1").err, HasSubstr("\033["));
  EXPECT_THAT(run_program(broken, "CLICOLOR_FORCE=1 NO_COLOR=1").err, Not(HasSubstr("\033[")));
  EXPECT_THAT(run_program(broken + " --color never", "CLICOLOR_FORCE=1").err, Not(HasSubstr("\033[")));
}

TEST(Notices, AreCountedWithTheCommandThatShowsThem) {
  const std::string sets = " --set 'cluster.topology.k=4'";
  const ProgramResult run = run_program("run configs/tutorial.yaml --no-results --set run.duration=1s" + sets);
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(run.err, "1 notice: knetsim validate configs/tutorial.yaml --set 'run.duration=1s'" + sets + "\n");
  EXPECT_THAT(run_program("validate configs/tutorial.yaml" + sets).err, HasSubstr("nothing reads 'k' here"));
}

TEST(Verbose, SaysOnStandardErrorWhatItTook) {
  const ProgramResult plain = run_program("models");
  const ProgramResult verbose = run_program("models -v");
  EXPECT_EQ(plain.err, "");
  EXPECT_THAT(verbose.err, StartsWith("took "));
  EXPECT_EQ(plain.out, verbose.out);
}

TEST(LogLevel, ByNameOrByLetter) {
  EXPECT_EQ(run_program("models --log-level warning").err, "");
  EXPECT_THAT(run_program("models --log-level info").err, StartsWith("took "));
  const std::string run = "run configs/tutorial.yaml --no-results --set run.duration=10ms ";
  EXPECT_THAT(run_program(run + "-vv").err, HasSubstr("configs/tutorial/web.yaml"));
  EXPECT_THAT(run_program(run + "--log-level debug").err, HasSubstr("variant base: 2 nodes, 3 pods"));
  EXPECT_EQ(run_program(run + "-q").err, "");
}

// What shells and schedulers expect: 128 and the signal's number.
TEST(ExitCode, OfAStoppedRunNamesTheSignal) {
  const std::string run = std::string(KNETSIM_PROGRAM) +
                          " run configs/tutorial.yaml --no-results -q --set run.duration=3000s >/dev/null 2>&1 & p=$!; "
                          "sleep 0.5; kill -";
  for (const auto& [signal, code] : {std::pair{"INT", 130}, std::pair{"TERM", 143}}) {
    // A shell without job control has its background jobs ignore SIGINT; the program's own handler takes it back.
    const int status = std::system((run + signal + " $p; wait $p").c_str());
    EXPECT_EQ(WEXITSTATUS(status), code) << signal;
  }
}

}  // namespace
}  // namespace knetsim::test
