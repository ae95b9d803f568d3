// Goal: no command destroys what it reads or what is no file, nothing is written outside results/ that nobody named,
// and a screen that cannot be written takes no run with it. Method: the built program, as a shell starts it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "run_program.h"

namespace knetsim::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kShort =
    "run configs/tutorial.yaml --set run.duration=20ms --set run.warmUp=0s --set run.replicates=1";

/// Exit status of a line for /bin/sh in the tree's root.
int shell(const std::string& line) {
  const int status = std::system(("cd " KNETSIM_SOURCE_DIR " && " + line).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(Outputs, ExportDestroysNeitherItsInputNorADevice) {
  const TemporaryFolder folder;
  const std::string results = folder.path("r.h5");
  ASSERT_EQ(run_program(fmt::format("{} --out {}", kShort, results)).code, 0);
  const std::string before = read_text(results);
  EXPECT_EQ(run_program(fmt::format("export {} --out {}", results, results)).code, 2);
  EXPECT_EQ(run_program(fmt::format("export {} --out {} --force", results, results)).code, 2);
  EXPECT_EQ(run_program(fmt::format("export {} --out {}/./r.h5 --force", results, folder.path().string())).code, 2);
  EXPECT_EQ(read_text(results), before);
  const std::string other = folder.write("other.csv", "mine");
  const ProgramResult there = run_program(fmt::format("export {} --out {}", results, other));
  EXPECT_EQ(there.code, 2);
  EXPECT_THAT(there.err, HasSubstr("exists; --force writes it anew"));
  EXPECT_EQ(read_text(other), "mine");
  EXPECT_EQ(run_program(fmt::format("export {} --out {} --force", results, other)).code, 0);
  EXPECT_THAT(read_text(other), HasSubstr("latency_quantile"));
  for (const std::string& command : {"export " + results, std::string("schema"), std::string("schema --force")}) {
    const ProgramResult device = run_program(command + " --out /dev/null");
    EXPECT_EQ(device.code, 5) << command;
    EXPECT_THAT(device.err, HasSubstr("/dev/null: exists and is not a regular file"));
  }
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(Outputs, ANameThatLeadsOutOfResultsIsRefusedWithItsPlace) {
  for (const char* name : {"../../x", "/any/x", "a/b", "..", "\"a\\0b\"", "\"a\\nb\""}) {
    const ProgramResult result = run_program(fmt::format("{} --set 'metadata.name={}'", kShort, name));
    EXPECT_EQ(result.code, 3) << name << result.err;
    EXPECT_THAT(result.err, HasSubstr("metadata.name")) << name;
    EXPECT_THAT(result.err, HasSubstr("the name cannot be that of a file in results/")) << name;
  }
}

// ENOSPC on each write, a closed descriptor, a reader that is gone: SIGABRT, 134, or SIGPIPE, 141, were the ends.
TEST(Screens, OneThatCannotBeWrittenTakesNoRunWithIt) {
  const TemporaryFolder folder;
  const std::string run = fmt::format("{} {} --no-results", KNETSIM_PROGRAM, kShort);
  const std::string wrong = fmt::format("{} run no-such-file.yaml", KNETSIM_PROGRAM);
  EXPECT_EQ(shell(run + " >" + folder.path("out") + " 2>/dev/full"), 0);
  EXPECT_THAT(read_text(folder.path("out")), HasSubstr("ask"));
  EXPECT_EQ(shell(run + " >" + folder.path("out") + " 2>&-"), 0);
  EXPECT_EQ(shell(run + " -vv >" + folder.path("out") + " 2>/dev/full"), 0);
  EXPECT_EQ(shell(wrong + " 2>/dev/full"), 3);
  EXPECT_EQ(shell(wrong + " 2>&-"), 3);
  EXPECT_EQ(shell(wrong + " 2>&- >&- <&-"), 3);
  EXPECT_EQ(shell(fmt::format("{{ sleep 0.2; {} 2>&1; echo $? >{}; }} | true", run, folder.path("code"))), 0);
  EXPECT_EQ(read_text(folder.path("code")), "0\n");
  const std::string results = folder.path("r.h5");
  EXPECT_EQ(shell(fmt::format("{} {} --out {} >/dev/full 2>&1", KNETSIM_PROGRAM, kShort, results)), 5);
  EXPECT_TRUE(std::filesystem::exists(results)) << "what was simulated is kept";
}

TEST(Screens, NamesOfOthersAreShownEscaped) {
  const TemporaryFolder folder;
  std::string scenario = read_text(KNETSIM_SOURCE_DIR "/configs/tutorial.yaml");
  const std::size_t at = scenario.find("  ask:");
  ASSERT_NE(at, std::string::npos);
  scenario.replace(at, 6, "  \"\\e]0;gotcha\\a\\x9b31m\\u202eask\":");
  std::filesystem::copy(KNETSIM_SOURCE_DIR "/configs", folder / "configs", std::filesystem::copy_options::recursive);
  const std::string path = folder.write("configs/evil.yaml", scenario);
  const ProgramResult result = run_program(
      fmt::format("run {} --no-results --set run.duration=20ms --set run.warmUp=0s --set run.replicates=1", path));
  EXPECT_EQ(result.code, 0) << result.err;
  for (const std::string& text : {result.out, result.err}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\u009b"), std::string::npos);
    EXPECT_EQ(text.find("\u202e"), std::string::npos);
  }
  EXPECT_THAT(result.out, HasSubstr("\\x1b]0;gotcha\\x07\\u009b31m\\u202eask"));
}

// RFC 8259, section 8.1: JSON is UTF-8. Names of files and arguments are bytes.
TEST(Screens, JsonIsValidWhateverTheNamesAre) {
  const TemporaryFolder folder;
  const std::string results = folder.path("r\xff.h5");
  ASSERT_EQ(run_program(fmt::format("{} --out '{}' --set 'metadata.title=\xc3('", kShort, results)).code, 3)
      << "a value of the scenario has to be UTF-8";
  ASSERT_EQ(run_program(fmt::format("{} --out '{}'", kShort, results)).code, 0);
  const ProgramResult inspected = run_program(fmt::format("inspect '{}' -o json", results));
  EXPECT_EQ(inspected.code, 0) << inspected.err;
  EXPECT_TRUE(nlohmann::json::accept(inspected.out));
  folder.write("x\xff.yaml", "kind: Pod\napiVersion: v1\nmetadata: {name: \"a\\u0080\"}\n");
  const ProgramResult validated = run_program(fmt::format("validate '{}' -o json", folder.path("x\xff.yaml")));
  EXPECT_NE(validated.code, 1);
  EXPECT_TRUE(nlohmann::json::accept(validated.out.empty() ? "{}" : validated.out));
}

TEST(Inputs, WhatIsNoRegularFileIsNotWaitedFor) {
  const TemporaryFolder folder;
  const std::string fifo = folder.path("pipe");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& line :
       std::vector<std::string>{"validate " + fifo, "run " + fifo, "inspect " + fifo, "export " + fifo,
                                "validate /dev/zero", fmt::format("{} --no-results --set costs={}", kShort, fifo)}) {
    const ProgramResult result = run_program(line);
    EXPECT_THAT(result.err, HasSubstr("regular file")) << line;
    EXPECT_TRUE(result.code == 3 || result.code == 5) << line << " " << result.code;
  }
}

TEST(Inputs, LinesOfFilesThatAreNoneOfOursStayUnseen) {
  const TemporaryFolder folder;
  const std::string shadow = folder.write("shadow", "root:$6$SALT$HASH:19000:0:99999:7:::\ndaemon:*:19000:\n");
  const ProgramResult result = run_program(fmt::format("{} --no-results --set costs={}", kShort, shadow));
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("shadow:1:1"));
  EXPECT_THAT(result.err, Not(HasSubstr("HASH")));
}

// Each ended in exit 1, a broken invariant, or time and memory without end.
TEST(Ranges, ValuesBeyondWhatIsSimulatedAreErrorsWithTheirPlace) {
  const std::pair<const char*, const char*> beyond[] = {
      {"workloads.ask.arrivals={poisson: 1e30/s}", "workloads.ask.arrivals.poisson"},
      {"workloads.ask.arrivals={constant: 1e30/s}", "workloads.ask.arrivals.constant"},
      {"workloads.ask.arrivals={closed: {users: 4000000000}}", "workloads.ask.arrivals.closed.users"},
      {"workloads.ask.timeout=9223372036854775807ps", "workloads.ask.timeout"},
      {"workloads.ask.request={exponential: 1000000Ti}", "workloads.ask.request"},
      {"workloads.ask.request=1000000TiB", "workloads.ask.request"},
      {"apps.web.work={exponential: 9223372036854775807ps}", "apps.web.work"},
      {"apps.web.workers=4000000000", "apps.web.workers"},
      {"cluster.topology={kind: leaf-spine, leaves: 2, spines: 1000000000}", "cluster.topology.spines"},
      {"cluster.topology={kind: leaf-spine, leaves: 4000, spines: 1000}", "cluster.topology.spines"},
      {"cluster.topology={kind: fat-tree, k: 100000}", "cluster.topology.k"},
      {"cluster.topology.delay=9223372036854775807ps", "cluster.topology.delay"},
      {"cluster.topology.switchLatency=9223372036854775807ps", "cluster.topology.switchLatency"},
      {"cluster.proxy.syncPeriod=1ps", "cluster.proxy.syncPeriod"},
      {"cluster.nodes.cpu=1025", "cluster.nodes.cpu"},
      {"cluster.nodes.nic=9000000Tbps", "cluster.nodes.nic"}};
  for (const auto& [set, place] : beyond) {
    const ProgramResult result = run_program(fmt::format("{} --no-results --set '{}'", kShort, set));
    EXPECT_EQ(result.code, 3) << set << "\n" << result.err;
    EXPECT_THAT(result.err, HasSubstr(place)) << set;
  }
  EXPECT_EQ(run_program("validate configs/tutorial --nodes 100000000").code, 2);
  EXPECT_EQ(run_program("trace configs/tutorial.yaml client web --bytes 1000000TiB").code, 2);
}

// A gamma of shape 0.01 is nothing in most draws and beyond 106 days, what 64 bits of picoseconds hold, in about one of
// a thousand: each user comes to one.
TEST(Ranges, DrawsBeyondARunEndNoRun) {
  const ProgramResult result =
      run_program(fmt::format("{} --no-results --set 'workloads.ask.arrivals={{closed: {{users: 100, think: {{gamma: "
                              "{{mean: 24h, shape: 0.01}}}}}}}}'",
                              kShort));
  EXPECT_EQ(result.code, 0) << result.err;
}

TEST(Ranges, ClustersOfTooManyPodsOrCoresAreTold) {
  const TemporaryFolder folder;
  std::string many;
  for (int i = 0; i < 40; ++i) {
    many += fmt::format(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d{0}}}\nspec:\n  replicas: 1000000\n  selector: "
        "{{matchLabels: {{app: d{0}}}}}\n  template:\n    metadata: {{labels: {{app: d{0}}}}}\n    spec: {{containers: "
        "[{{name: c, image: x}}]}}\n---\n",
        i);
  }
  const ProgramResult pods = run_program("validate " + folder.write("many.yaml", many));
  EXPECT_EQ(pods.code, 3);
  EXPECT_THAT(pods.err, HasSubstr("there are more than 1000000 of them in the cluster"));
  const std::string pod =
      "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: x, resources: "
      "{{requests: "
      "{{cpu: 1}}, limits: {{cpu: {}}}}}}}]}}\n";
  EXPECT_EQ(run_program("validate " + folder.write("p.yaml", fmt::format(fmt::runtime(pod), "1000"))).code, 0);
  const ProgramResult limit =
      run_program("validate " + folder.write("q.yaml", fmt::format(fmt::runtime(pod), "92234")));
  EXPECT_EQ(limit.code, 3);
  EXPECT_THAT(limit.err, HasSubstr("92234 cores"));
  const ProgramResult node = run_program(
      "validate " +
      folder.write("n.yaml",
                   "apiVersion: v1\nkind: Node\nmetadata: {name: node1}\nstatus: {capacity: {cpu: \"1025\"}}\n"));
  EXPECT_EQ(node.code, 3);
  EXPECT_THAT(node.err, HasSubstr("1025 cores"));
}

// 50 times what one worker does, and a timeout that lets none go: the requests in flight grow with the run. Clients of as many
// addresses as have ports for them.
TEST(Overload, EndsWhereTheRequestsInFlightAreTooMany) {
  const ProgramResult result = run_program(
      "run configs/tutorial.yaml --no-results --set run.duration=60s --set run.warmUp=0s --set run.replicates=1 "
      "--set 'workloads.ask.arrivals={poisson: 2000000/s}' --set workloads.ask.timeout=1h --set apps.web.work=10ms "
      "--set 'workloads.ask.from={external: {count: 100, rtt: 1ms}}' --set 'workloads.ask.to={nodePort: web}' --set "
      "'patches={Service/web: {spec.type: NodePort}}' "
      "--set apps.web.workers=1");
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("1000000 requests are in flight after"));
  EXPECT_THAT(result.err, HasSubstr("workloads.ask.arrivals"));
}

TEST(Provenance, DeterministicResultsNameNoFolderOfTheMachine) {
  const TemporaryFolder folder;
  std::filesystem::copy(KNETSIM_SOURCE_DIR "/configs", folder / "configs", std::filesystem::copy_options::recursive);
  const std::string results = folder.path("r.h5");
  const std::string root = folder.path().string();
  const ProgramResult run = run_program(fmt::format(
      "run {0}/configs/tutorial.yaml --deterministic --out {0}/r.h5 --set run.duration=20ms --set run.warmUp=0s "
      "--set run.replicates=1 --set 'manifests=[{0}/configs/tutorial]' --set costs={0}/configs/profiles/default.yaml",
      root));
  ASSERT_EQ(run.code, 0) << run.err;
  const ProgramResult shown = run_program("inspect " + results + " -o json");
  const std::string resolved = nlohmann::json::parse(shown.out)["config_resolved"];
  EXPECT_THAT(resolved, Not(HasSubstr(root)));
  EXPECT_THAT(resolved, HasSubstr("costs: profiles/default.yaml"));
  EXPECT_THAT(resolved, HasSubstr("- tutorial"));
}

}  // namespace
}  // namespace knetsim::test
