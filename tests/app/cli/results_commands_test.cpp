// Goal: inspect and export show what a results file holds, as run wrote it.
// Method: the built program runs a short scenario; its own JSON summary is the oracle for what the file says.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "run_program.h"

namespace knetsim::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// One short run for all tests of this file.
class ResultsCommands : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch = new TemporaryFolder;
    file = scratch->path("short.h5");
    const ProgramResult result = run_program(
        "run configs/quickstart.yaml -q -o json --variant iptables,nftables --set run.replicates=2 --set "
        "run.duration=200ms "
        "--set run.warmUp=50ms --set cluster.background.services=50 --out " +
        file);
    ASSERT_EQ(result.code, 0) << result.err;
    run = json::parse(result.out);
  }
  static void TearDownTestSuite() { delete scratch; }

  static TemporaryFolder* scratch;
  static std::string file;
  static json run;
};
TemporaryFolder* ResultsCommands::scratch = nullptr;
std::string ResultsCommands::file;
json ResultsCommands::run;

// Kept connections are opened once, mostly in the warm-up: nothing to compare a 99th percentile of, and the line says so.
TEST(Screen, ComparesNoPercentileOfAHandfulOfConnections) {
  const ProgramResult result = run_program("run configs/service-graph.yaml -q --no-results --set run.duration=1s");
  ASSERT_EQ(result.code, 0) << result.err;
  const std::size_t line = result.out.find("  kept", result.out.find("Against each"));
  ASSERT_NE(line, std::string::npos) << result.out;
  const std::string kept = result.out.substr(line, result.out.find('\n', line) - line);
  EXPECT_THAT(kept, HasSubstr("connect p99 not compared: run too short"));
  EXPECT_THAT(kept, HasSubstr("request p99"));
}

// Mean over replicates of the busiest core of any node, and not the greatest of all replicates.
TEST(Screen, SaysTheBusiestCoreOfAReplicateInMean) {
  const TemporaryFolder folder;
  const std::string file = folder.path("r.h5");
  const ProgramResult result = run_program(
      "run configs/tutorial.yaml -q --set run.duration=300ms --set run.warmUp=0s --set run.replicates=4 --set "
      "workloads.ask.arrivals.poisson=1500/s --out " +
      file);
  ASSERT_EQ(result.code, 0) << result.err;
  std::istringstream rows(run_program("export " + file + " --group cpu").out);
  std::string line;
  std::getline(rows, line);
  std::vector<std::string> names;
  std::istringstream head(line);
  for (std::string cell; std::getline(head, cell, ',');) names.push_back(cell);
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  std::map<std::string, double> busiest;  // by run
  while (std::getline(rows, line)) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    double& most = busiest[cells.at(column("run"))];
    most = std::max(most, std::stod(cells.at(column("busiest_core"))));
  }
  ASSERT_EQ(busiest.size(), 4u);
  double mean = 0, greatest = 0;
  for (const auto& [run, share] : busiest) {
    mean += share / 4;
    greatest = std::max(greatest, share);
  }
  ASSERT_GT(greatest, mean + 0.005) << "the case tells a mean from a maximum";
  EXPECT_THAT(result.out, HasSubstr(fmt::format("{:.0f} %", mean * 100)));
}

// In a closed loop the answer decides when the next request comes, and a variant may change the rate of an open one:
// the draws are then what variants have in common, not the arrivals.
TEST(Screen, SaysWhatVariantsHaveInCommon) {
  const auto says = [&](const std::string& arguments, const std::string& line) {
    const ProgramResult result = run_program("run " + arguments);
    EXPECT_THAT(result.out, HasSubstr(line)) << arguments << result.err;
  };
  const std::string brief = " -q --no-results --set run.replicates=1 --set run.duration=100ms --set run.warmUp=0s";
  says("configs/service-graph.yaml" + brief, "Against each, same users and random numbers, 1 replicate, 95 % CI\n");
  const std::string two = "configs/quickstart.yaml --variant podIP,ipvs" + brief;
  says(two, "Against podIP, same arrivals, 1 replicate, 95 % CI\n");
  says(two + " --set variants.ipvs.workloads.browse.arrivals.poisson=1000/s",
       "Against podIP, same random numbers, 1 replicate, 95 % CI\n");
}

// The exit code says that an objective is missed; the summary says which, in which variant, and by how much.
TEST(RunJson, HasTheOutcomeOfEachObjectiveInEachVariant) {
  const std::string brief =
      "run configs/quickstart.yaml -q -o json --no-results --variant podIP,ipvs --set run.replicates=1 "
      "--set run.duration=2s --set run.warmUp=0s";
  const ProgramResult missed = run_program(brief + " --set 'slo[1]=p50(connect) < 100us'");
  EXPECT_EQ(missed.code, 10) << missed.err;
  const json read = json::parse(missed.out);
  ASSERT_EQ(read.at("slo").size(), 4u) << read;
  for (std::size_t i = 0; i < 4; ++i) {
    const json& one = read.at("slo")[i];
    const json& browse = read.at("runs")[i / 2].at("workloads").at("browse");
    EXPECT_EQ(one.at("variant"), read.at("runs")[i / 2].at("variant"));
    EXPECT_EQ(one.at("objective"), i % 2 == 0 ? "p99(latency{workload=\"browse\"}) < 10ms" : "p50(connect) < 100us");
    const double seen = one.at("observed_s").get<double>();
    const double shown =
        (i % 2 == 0 ? browse.at("latency_s").at("p99") : browse.at("connect_s").at("p50")).get<double>();
    EXPECT_NEAR(seen, shown, shown / 1024);  // to the histogram's bucket
    EXPECT_NEAR(one.at("bound_s").get<double>(), i % 2 == 0 ? 10e-3 : 100e-6, 1e-12);
    EXPECT_EQ(one.at("outcome"), i == 3 ? "missed" : "met") << one;
    EXPECT_EQ(one.at("met").get<bool>(), i != 3);
  }  // pods addressed themselves: about 78 us; ipvs: about 119 us

  const json nothing = json::parse(run_program(brief + " --set 'slo=[\"p99(latency) < 1s\"]' --set "
                                                       "'workloads.browse.arrivals={poisson: 0.001/s}'")
                                       .out);
  EXPECT_EQ(nothing.at("slo")[0].at("observed_s"), nullptr);
  EXPECT_EQ(nothing.at("slo")[0].at("met"), false);
  EXPECT_EQ(json::parse(run_program(brief + " --set slo=").out).at("slo"), json::array());
}

// 400 requests in time do not show that 99 % are, where they are not independent: 0, but not with --strict.
TEST(Run, ExitsWith11WhereAnObjectiveCannotBeToldAndItIsStrict) {
  const std::string brief =
      "run configs/quickstart.yaml -q --no-results --variant podIP --set run.replicates=1 --set run.duration=100ms";
  const ProgramResult found = run_program(brief);
  EXPECT_EQ(found.code, 0) << found.err;
  EXPECT_THAT(found.out,
              HasSubstr("SLO  ? p99(latency{workload=\"browse\"}) < 10ms in 0 of 1 variants: podIP cannot tell"));
  EXPECT_EQ(run_program(brief + " --strict").code, 11);
  EXPECT_EQ(run_program(brief + " --strict --set 'slo=[\"rate(browse) > 1/s\"]'").code, 0);
  EXPECT_EQ(run_program(brief + " --strict --set 'slo=[\"rate(browse) > 1M/s\"]'").code, 10);
}

// What decides is in the summary for programs: intervals, p-values and verdicts.
TEST(RunJson, HasIntervalsAndTheComparison) {
  const json read =
      json::parse(run_program("run configs/quickstart.yaml -q -o json --no-results --variant iptables,podIP "
                              "--set run.replicates=3 --set run.duration=8s --set run.warmUp=0s")
                      .out);
  const json& comparison = read.at("comparison");
  EXPECT_EQ(comparison.at("base"), "iptables");
  ASSERT_EQ(comparison.at("variants").size(), 1U) << read;
  const json& connect = comparison.at("variants")[0].at("connect_p99");
  EXPECT_EQ(connect.at("verdict"), "better") << connect;
  EXPECT_LT(connect.at("low").get<double>(), connect.at("change").get<double>());
  EXPECT_LT(connect.at("change").get<double>(), connect.at("high").get<double>());
  EXPECT_GT(connect.at("low").get<double>(), -1);
  EXPECT_LE(connect.at("p").get<double>(), connect.at("p_holm").get<double>());
  EXPECT_EQ(comparison.at("variants")[0].at("availability").at("verdict"), "the same");
  const json& p99 = read.at("intervals")[0].at("latency_s").at("p99");
  EXPECT_LT(p99.at("low").get<double>(), p99.at("value").get<double>());
  EXPECT_LT(p99.at("value").get<double>(), p99.at("high").get<double>());
}

// One address that one node keeps to one of six pods (docs/questions.md): on the screen as in the file.
TEST(Screen, SaysWhatTheBusiestServerBears) {
  const TemporaryFolder folder;
  const std::string file = folder.path("r.h5");
  const ProgramResult result = run_program(
      "run configs/questions/16-affinity-behind-nat.yaml -q --variant oneNode,without --set run.duration=1s "
      "--set run.replicates=2 --out " +
      file);
  ASSERT_EQ(result.code, 0) << result.err;
  const std::string busiest =
      "busiest of 6 servers: 100 % of the requests, 6 times the mean; 100 to 100 % in 2 replicates; 5 without any\n";
  EXPECT_THAT(result.out, HasSubstr("    " + busiest));
  EXPECT_EQ(result.out.find("busiest of", result.out.find(busiest) + 1), std::string::npos) << "without affinity";
  EXPECT_THAT(run_program("inspect " + file).out, HasSubstr("browse (oneNode): " + busiest));
  const json read = json::parse(run_program("inspect -o json " + file).out);
  EXPECT_EQ(read.at("summary")[0].at("busiest_server_share"), 1);
  EXPECT_EQ(read.at("summary")[0].at("servers_unused"), 5);
}

// Three zones, of which PreferSameZone keeps to one: its own requests within, and all by the routing without hints.
TEST(Screen, SaysWhatCrossesZones) {
  const ProgramResult result =
      run_program("run configs/questions/10-zones.yaml -q --no-results --variant all,zone --set run.duration=1s");
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("    across zones, of its own requests: 0 % of the answers, 0 % of the bytes\n"));
  EXPECT_THAT(result.out, HasSubstr("    busiest of 6 servers: 3"));
  EXPECT_EQ(result.out.find("of all calls"), std::string::npos) << "there are no others";
}

// Of a graph of calls the workload's own requests are a part of what crosses zones: both are said, and in JSON call by call.
TEST(Screen, SaysWhatCrossesZonesOfTheCallTree) {
  const std::string graph =
      "run configs/service-graph.yaml -q --no-results --variant each --set run.duration=200ms --set run.replicates=1 "
      "--set 'cluster.nodes.zones=[a, b, c]'";
  const ProgramResult result = run_program(graph);
  ASSERT_EQ(result.code, 0) << result.err;
  const json run = json::parse(run_program(graph + " -o json").out).at("runs")[0];
  const auto of_all = [&](const char* way, const char* what) {
    std::int64_t sum = 0;
    for (const json& call : run.at("calls")) sum += call.at(way).at(what).get<std::int64_t>();
    return static_cast<double>(sum);
  };
  const auto part = [](double crossing, double within) { return 100 * crossing / (crossing + within); };
  const json& own = run.at("workloads").at("read");
  EXPECT_GT(run.at("calls").size(), 1U);
  EXPECT_EQ(run.at("calls").at("read").at("cross_zone"), own.at("cross_zone"));
  EXPECT_THAT(result.out,
              HasSubstr(fmt::format("Across zones, of all calls (each): {:.3g} % of the answers, {:.3g} % of "
                                    "the bytes\n",
                                    part(of_all("cross_zone", "answers"), of_all("same_zone", "answers")),
                                    part(of_all("cross_zone", "bytes"), of_all("same_zone", "bytes")))));
}

// Some thirty requests a run, sixty of a variant: a p99 needs a hundred.
TEST(RunJson, HasNoPercentileThatTheScreenDoesNotShow) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "few.h5").string();
  const std::string few =
      "run configs/quickstart.yaml -q --variant podIP,ipvs --set run.replicates=2 --set run.duration=100ms "
      "--set run.warmUp=0s --set 'workloads.browse.arrivals={constant: 300/s}' --set slo= --out " +
      file;
  const ProgramResult result = run_program(few + " -o json");
  ASSERT_EQ(result.code, 0) << result.err;
  const json read = json::parse(result.out);
  for (const json& run : read.at("runs")) {
    const json& browse = run.at("workloads").at("browse");
    for (const char* metric : {"latency_s", "connect_s"}) {
      EXPECT_TRUE(browse.at(metric).at("p50").is_number());
      EXPECT_TRUE(browse.at(metric).at("p90").is_number());
      EXPECT_TRUE(browse.at(metric).at("p99").is_null()) << browse;
      EXPECT_TRUE(browse.at(metric).at("p99.9").is_null());
    }
  }
  for (const json& of_variant : read.at("intervals")) {
    EXPECT_TRUE(of_variant.at("latency_s").at("p90").at("value").is_number());
    for (const char* key : {"value", "low", "high"}) {
      EXPECT_TRUE(of_variant.at("latency_s").at("p99").at(key).is_null()) << of_variant;
    }
  }
  const json& p99 = read.at("comparison").at("variants")[0].at("request_p99");
  EXPECT_EQ(p99.at("reason"), "run too short");
  for (const char* key : {"change", "low", "high"}) EXPECT_TRUE(p99.at(key).is_null()) << p99;
  const json inspected = json::parse(run_program("inspect -o json " + file).out);
  for (const json& row : inspected.at("summary")) {
    EXPECT_TRUE(row.at("latency_s").at("p50").is_number());
    EXPECT_TRUE(row.at("latency_s").at("p99").is_null()) << row;
  }
  EXPECT_THAT(run_program(few + " --force").out,
              HasSubstr("request p99 not compared: run too short (less than 1 of 60 effective)"));
}

TEST_F(ResultsCommands, InspectAddsUpReplicatesAndNamesTheSource) {
  const ProgramResult result = run_program("inspect -o json " + file);
  ASSERT_EQ(result.code, 0) << result.err;
  const json read = json::parse(result.out);
  EXPECT_EQ(read.at("title"), "quickstart");
  EXPECT_EQ(read.at("replicates"), 2);
  EXPECT_EQ(read.at("overrides").size(), 4u);
  ASSERT_EQ(read.at("summary").size(), 2u);
  for (const json& row : read.at("summary")) {
    std::int64_t ok = 0;
    for (const json& one : run.at("runs")) {
      if (one.at("variant") == row.at("variant")) ok += one.at("workloads").at("browse").at("ok").get<std::int64_t>();
    }
    EXPECT_EQ(row.at("ok"), ok);
    EXPECT_EQ(row.at("replicates"), 2);
    EXPECT_GT(row.at("latency_s").at("p99").get<double>(), row.at("latency_s").at("p50").get<double>());
  }
}

TEST_F(ResultsCommands, InspectListsGroupsThatExportTakes) {
  const json read = json::parse(run_program("inspect -o json " + file).out);
  ASSERT_GT(read.at("groups").size(), 5u);
  for (const json& group : read.at("groups")) {
    const std::string path = group.at("path");
    const ProgramResult csv = run_program(fmt::format("export {} --group {}", file, path));
    EXPECT_EQ(csv.code, 0) << path << csv.err;
    EXPECT_THAT(csv.out, HasSubstr("\r\n")) << path;
  }
  EXPECT_THAT(run_program("inspect " + file).out, HasSubstr("hist/latency"));
}

TEST_F(ResultsCommands, ExportHasALineForEachRunAndWorkload) {
  const std::string out = scratch->path("summary.csv");
  EXPECT_EQ(run_program("export " + file + " --out " + out).out, "");
  std::istringstream lines(read_text(out));
  std::string line;
  std::getline(lines, line);
  EXPECT_THAT(line, HasSubstr("variant"));
  EXPECT_THAT(line, HasSubstr("latency_quantile[0.99]"));
  std::size_t rows = 0;
  while (std::getline(lines, line)) ++rows;
  EXPECT_EQ(rows, 4u);  // two variants, two replicates, one workload
}

TEST_F(ResultsCommands, AnUnknownGroupIsRefusedWithTheListOfThose) {
  const ProgramResult result = run_program("export " + file + " --group sumary");
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("summary"));
}

std::string tutorial_with(const TemporaryFolder& folder, const std::string& variants) {
  return folder.write("scenario.yaml",
                      "apiVersion: knetsim.io/v1alpha1\nkind: Scenario\nmetadata: {name: parts}\n"
                      "manifests: [" KNETSIM_SOURCE_DIR "/configs/tutorial/]\ncosts: " KNETSIM_SOURCE_DIR
                      "/configs/profiles/default.yaml\n"
                      "apps: {web: {work: 10ms, workers: 1}}\n"
                      "workloads: {ask: {from: app=client, to: web, arrivals: {poisson: 50/s}}}\n"
                      "run: {duration: 200ms}\nvariants:\n" +
                          variants);
}

// A point that fails ends neither the others nor the file; its row says why, and the exit code is the mistake's.
TEST(Results, OfPointsThatEndedAreKeptWhereAnotherFails) {
  const TemporaryFolder folder;
  const std::string scenario =
      tutorial_with(folder,
                    "  fine: {}\n"
                    "  hopeless: {run.duration: 60s, workloads.ask: {from: {external: {count: 100, rtt: 1ms}}, to: "
                    "{nodePort: web-node-port}, timeout: 1h, arrivals: {poisson: 2000000/s}}}\n");
  const std::string file = folder.path("r.h5");
  const ProgramResult run = run_program("run " + scenario + " -q --out " + file);
  EXPECT_EQ(run.code, 3) << run.err;
  EXPECT_THAT(run.err, HasSubstr("1 of 2 points failed"));
  EXPECT_THAT(run.err, HasSubstr("requests are in flight after"));
  EXPECT_THAT(run.out, HasSubstr("fine (base)"));
  EXPECT_THAT(run.out, HasSubstr("no replicate came to its end"));
  const ProgramResult of_base = run_program("run " + scenario + " -q --no-results --variant hopeless,fine");
  EXPECT_EQ(of_base.code, 3) << of_base.err;
  EXPECT_THAT(of_base.out, HasSubstr("nothing to compare"));
  const auto inspected = nlohmann::json::parse(run_program("inspect " + file + " -o json").out);
  ASSERT_EQ(inspected["summary"].size(), 1U);
  EXPECT_EQ(inspected["summary"][0]["variant"], "fine");
  const std::string rows = run_program("export " + file + " --group summary").out;
  EXPECT_THAT(rows, HasSubstr("hopeless"));
  EXPECT_THAT(rows, HasSubstr("requests are in flight after"));
}

// What had ended when an experiment was stopped stands in a file of its own, and results that are there already stay.
TEST(Results, OfAStoppedExperimentHoldWhatHadEnded) {
  const TemporaryFolder folder;
  const std::string scenario = tutorial_with(folder, "  short: {}\n  endless: {run.duration: 24h}\n");
  const std::string partial = folder.path("r.partial.h5");
  for (const char* wait : {"1", "4", "16"}) {  // until the short one has ended, on whatever machine
    const std::string command =
        fmt::format("{} run {} -q -j 1 --out {} >/dev/null 2>{} & p=$!; sleep {}; kill -TERM $p; wait $p",
                    KNETSIM_PROGRAM, scenario, folder.path("r.h5"), folder.path("err"), wait);
    const int status = std::system(command.c_str());
    EXPECT_EQ(WEXITSTATUS(status), 143);
    if (std::filesystem::exists(partial)) break;
  }
  EXPECT_THAT(read_text(folder.path("err")), HasSubstr("1 of 2 points are in " + partial));
  EXPECT_FALSE(std::filesystem::exists(folder.path("r.h5")));
  const auto inspected = nlohmann::json::parse(run_program("inspect " + partial + " -o json").out);
  ASSERT_EQ(inspected["summary"].size(), 1U);
  EXPECT_EQ(inspected["summary"][0]["variant"], "short");
}

}  // namespace
}  // namespace knetsim::test
