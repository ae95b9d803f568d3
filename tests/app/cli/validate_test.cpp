// Goal: validate says what was read and used, and every mistake at once with its place; its exit code is what a script
// needs.
// Method: the built program is run on the project's own files, and on broken copies whose messages are golden.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "run_program.h"

namespace knetsim::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kScenario = R"(apiVersion: knetsim.io/v1alpha1
kind: Scenario
metadata: {name: small}
manifests: [web.yaml]
workloads:
  get:
    from: {selector: app=client}
    to: {service: web}
    arrivals: {poisson: 100/s}
)";

constexpr const char* kManifests = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, labels: {app: client}}
spec: {containers: [{name: client, image: curl}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: extra}
)";

TEST(Validate, CountsWhatAScenarioHolds) {
  const TemporaryFolder scratch;
  scratch.write("web.yaml", kManifests);
  const std::string scenario =
      scratch.write("small.yaml", std::string(kScenario) + "run: {duration: 1s}\ncosts: " KNETSIM_SOURCE_DIR
                                                           "/configs/profiles/default.yaml\n");
  const ProgramResult result = run_program("validate " + scenario);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("small: 1 workload, 0 apps"));
  EXPECT_THAT(result.out, HasSubstr("3 nodes, 3 pods, 1 Service with 1 port and 2 endpoints"));
  EXPECT_THAT(result.out, HasSubstr("not used: 1 ConfigMap"));
  const json read = json::parse(run_program("validate -o json " + scenario).out);
  EXPECT_EQ(read.at("valid"), true);
  EXPECT_EQ(read.at("cluster").at("endpoints"), 2);
  EXPECT_EQ(read.at("scenario").at("points"), 1);
  EXPECT_EQ(read.at("manifests").at("objects"), 4);
  EXPECT_EQ(read.at("manifests").at("not_used"), (json{{"ConfigMap", 1}}));
}

TEST(Validate, SaysTheMeanOfEachLawThatIsReadFromAFile) {
  const TemporaryFolder scratch;
  std::string second =
      std::string(kManifests).substr(0, std::string_view(kManifests).find("---\napiVersion: v1\nkind: Pod"));
  for (std::size_t at = 0; (at = second.find("web", at)) != std::string::npos;) second.replace(at, 3, "db");
  scratch.write("web.yaml", second + "---\n" + kManifests);
  scratch.write("sizes.txt", "0 0\n1000 50\n3000 100\n");  // mean of two uniform halves: 0.5 * 500 + 0.5 * 2000
  scratch.write("times.txt", "0 0\n2ms 100\n");
  const std::string scenario = scratch.write("small.yaml", std::string(kScenario) + R"(    response: {cdf: sizes.txt}
    work: {cdf: times.txt}
apps:
  web:
    work: {cdf: times.txt}
    calls: [{sleep: {cdf: times.txt}}, {to: db, request: {cdf: sizes.txt}}, [db, {to: db, response: {cdf: sizes.txt}}]]
run: {duration: 1s}
costs: )" KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml\n");
  const ProgramResult result = run_program("validate -o json " + scenario);
  ASSERT_EQ(result.code, 0) << result.err;
  std::map<std::string, double> means;
  const json read = json::parse(result.out);
  for (const json& law : read.at("laws")) means[law.at("key")] = law.at("mean");
  EXPECT_THAT(means, testing::ElementsAre(testing::Pair("apps.web.calls[0].sleep", testing::DoubleEq(1e-3)),
                                          testing::Pair("apps.web.calls[1].request", testing::DoubleEq(1250)),
                                          testing::Pair("apps.web.calls[2][1].response", testing::DoubleEq(1250)),
                                          testing::Pair("apps.web.work", testing::DoubleEq(1e-3)),
                                          testing::Pair("workloads.get.response", testing::DoubleEq(1250)),
                                          testing::Pair("workloads.get.work", testing::DoubleEq(1e-3))));
}

TEST(Validate, ReadsFoldersBelowAFolderWhenAsked) {
  const TemporaryFolder scratch;
  scratch.write("all/below/web.yaml", kManifests);
  const ProgramResult flat = run_program("validate " + scratch.path("all"));
  EXPECT_EQ(flat.code, 3);
  EXPECT_THAT(flat.err, HasSubstr("no .yaml, .yml or .json file in this directory"));
  EXPECT_THAT(run_program("validate -R " + scratch.path("all")).out, HasSubstr("4 objects"));
}

TEST(Validate, TakesManifestsAloneFromFilesFoldersStandardInputAndPipes) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write("manifests/web.yaml", kManifests);
  const std::string validate = KNETSIM_PROGRAM " validate -o json ";
  for (const std::string& command : {validate + file, validate + scratch.path("manifests"), validate + "- <" + file,
                                     "cat " + file + " | " + validate + "/dev/fd/0"}) {
    SCOPED_TRACE(command);
    const std::string out = scratch.path("out");
    const int status = std::system(fmt::format("{} >{}", command, out).c_str());
    ASSERT_EQ(WEXITSTATUS(status), 0);
    const json read = json::parse(read_text(out));
    EXPECT_EQ(read.at("manifests").at("objects"), 4);
    EXPECT_EQ(read.at("manifests").at("not_used").at("ConfigMap"), 1);
    EXPECT_EQ(read.at("cluster").at("pods"), 3);
  }
  const ProgramResult more = run_program("validate --nodes 7 " + file);
  EXPECT_THAT(more.out, HasSubstr("7 nodes, 3 pods"));
}

// A manifest may hold a scenario, or a template of somebody else's, as text.
TEST(Validate, TellsManifestsFromScenariosByTheirOwnKeys) {
  const TemporaryFolder scratch;
  const std::string text = scratch.write(
      "chaos.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  e.yaml: |\n    apiVersion: knetsim.io/v1alpha1\n "
      "   "
      "kind: Scenario\n  alert: \"{{ $labels.pod }} is down\"\n---\napiVersion: v1\nkind: Service\nmetadata: {name: "
      "s}\nspec: {ports: [{port: 80}]}\n");
  const ProgramResult held = run_program("validate " + text);
  EXPECT_EQ(held.code, 0) << held.err;
  EXPECT_THAT(held.out, HasSubstr("1 Service"));
  scratch.write("web.yaml", kManifests);
  const std::string run = "run: {duration: 1s}\ncosts: " KNETSIM_SOURCE_DIR "/configs/profiles/default.yaml\n";
  const std::string bare = std::string(kScenario).substr(std::string(kScenario).find("metadata:"));
  const ProgramResult missing = run_program("validate " + scratch.write("bare.yaml", bare + run));
  EXPECT_THAT(missing.err, HasSubstr("missing key 'kind'")) << "a scenario's keys without its kind";
}

// kubectl reads through unicode.BOMOverride(unicode.UTF8.NewDecoder()) (cli-runtime, FileVisitor).
TEST(Validate, ReadsTheEncodingsThatKubectlReads) {
  const TemporaryFolder scratch;
  const std::string stray = scratch.write("stray.yaml", "# \x93smart quotes\x94\n" + std::string(kManifests));
  const ProgramResult quoted = run_program("validate " + stray);
  EXPECT_EQ(quoted.code, 0) << quoted.err;
  EXPECT_THAT(quoted.err, HasSubstr("stray.yaml:1:3: notice: not UTF-8 (2 bytes, the first here)"));
  EXPECT_THAT(quoted.out, HasSubstr("3 pods"));
  std::string wide = "\xff\xfe";
  for (const char c : std::string(kManifests)) wide += std::string{c, '\0'};
  const ProgramResult powershell = run_program("validate " + scratch.write("wide.yaml", wide));
  EXPECT_EQ(powershell.code, 0) << powershell.err;
  EXPECT_THAT(powershell.out, HasSubstr("3 pods"));
  // Our own format stays strict.
  scratch.write("web.yaml", kManifests);
  const std::string scenario = scratch.write("s.yaml", "# \x93\n" + std::string(kScenario) + "run: {duration: 1s}\n");
  EXPECT_EQ(run_program("validate " + scenario).code, 3);
}

TEST(Validate, NamesTemplatesValuesAndKustomizationsForWhatTheyAre) {
  const TemporaryFolder scratch;
  const auto refusal = [&](const std::string& name, const std::string& text) {
    const ProgramResult result = run_program("validate " + scratch.write(name, text));
    EXPECT_EQ(result.code, 3) << name;
    return result.err;
  };
  const std::string line = "spec: {ports: [{port: 80}]}\n";
  EXPECT_THAT(refusal("if.yaml", "{{- if .Values.x }}\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n" + line +
                                     "{{- end }}\n"),
              HasSubstr("if.yaml:1:1: error: a Helm template, no manifest: render it first"));
  EXPECT_THAT(refusal("name.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Release.Name }}}\n" + line),
              HasSubstr("name.yaml:3:18: error: a Helm template"));
  EXPECT_THAT(refusal("include.yaml",
                      "apiVersion: v1\nkind: Service\nmetadata:\n  labels:\n    {{ include \"l\" . }}\n" + line),
              HasSubstr("include.yaml:5:5: error: a Helm template"));
  EXPECT_THAT(
      refusal("quoted.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: \"{{ .Release.Name }}-a\"}\n" + line),
      HasSubstr("a template's, which is to be rendered first"));
  EXPECT_THAT(refusal("jinja.yaml", "{% if x %}\napiVersion: v1\n{% endif %}\nkind: Service\n"),
              HasSubstr("a template (Jinja), no manifest"));
  EXPECT_THAT(refusal("values.yaml", "replicaCount: 1\ncluster: x\n"),
              HasSubstr("the values of a Helm chart, no manifest"));
  EXPECT_THAT(refusal("kustomization.yaml", "resources: [web.yaml]\n"), HasSubstr("kubectl kustomize FOLDER"));
  const std::string in_text = refusal(
      "text.yaml",
      "apiVersion: v1\nkind: ConfigMap\ndata:\n  t: |\n    {{ define \"x\" }}\n    y\n    {{ end }}\nkind: [\n");
  EXPECT_THAT(in_text, HasSubstr("not valid YAML")) << "a template in a text hides no mistake";
  EXPECT_THAT(refusal("bad.yaml", "apiVersion: v1\nkind: [\n"), testing::Not(HasSubstr("template")));
  // Beside manifests they are passed over.
  scratch.write("all/web.yaml", kManifests);
  scratch.write("all/kustomization.yaml", "resources: [web.yaml]\n");
  scratch.write("all/values.yaml", "replicaCount: 1\n");
  const ProgramResult folder = run_program("validate " + scratch.path("all"));
  EXPECT_EQ(folder.code, 0) << folder.err;
  EXPECT_THAT(folder.out, HasSubstr("2 notices, no error"));
}

TEST(Validate, TellsOfKubeProxysConfigMapAmongManifestsAlone) {
  const TemporaryFolder scratch;
  const std::string file = scratch.write(
      "web.yaml", std::string(kManifests) +
                      "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-proxy, namespace: kube-system}\n"
                      "data: {config.conf: \"kind: KubeProxyConfiguration\\nmode: ipvs\\n\"}\n");
  const json read = json::parse(run_program("validate -o json " + file).out);
  ASSERT_EQ(read.at("notices").size(), 1u) << read;
  EXPECT_EQ(read.at("notices")[0].at("unsupported"), false);
  EXPECT_THAT(read.at("notices")[0].at("message").get<std::string>(), HasSubstr("cluster.proxy.mode: ipvs"));
  EXPECT_EQ(read.at("manifests").at("not_used").at("ConfigMap"), 2);
}

TEST(Validate, LoadsTheProjectsOwnFiles) {
  for (const char* path : {"configs/quickstart.yaml", "configs/shop", "configs/tutorial/web.yaml"}) {
    EXPECT_EQ(run_program(std::string("validate ") + path).code, 0) << path;
  }
}

TEST(Validate, ReportsEveryMistakeInOnePass) {
  const TemporaryFolder scratch;
  scratch.write("web.yaml", kManifests);
  std::string text = kScenario;
  text += "run: {duration: 1s, duratoin: 3s, seed: -1}\ncluster: {proxy: {mode: iptable}}\n";
  const std::string scenario = scratch.write("small.yaml", text);
  const ProgramResult result = run_program("validate " + scenario);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "");
  std::string message = result.err;
  for (std::size_t at = message.find(scenario); at != std::string::npos; at = message.find(scenario)) {
    message.replace(at, scenario.size(), "small.yaml");
  }
  expect_golden("validate_mistakes.txt", message);
  const json read = json::parse(run_program("validate -o json " + scenario).out);
  EXPECT_EQ(read.at("valid"), false);
  ASSERT_EQ(read.at("errors").size(), 3u);
  EXPECT_EQ(read.at("errors")[0].at("line"), 10);
  EXPECT_EQ(read.at("errors")[0].at("path"), "run.duratoin");
}

TEST(Validate, StrictTurnsWhatIsNotModelledIntoExitCode4) {
  const TemporaryFolder scratch;
  std::string manifests = kManifests;
  manifests +=
      "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed}\nspec: {podSelector: {}}\n";
  const std::string file = scratch.write("web.yaml", manifests);
  const ProgramResult lenient = run_program("validate " + file);
  EXPECT_EQ(lenient.code, 0);
  EXPECT_THAT(lenient.err, HasSubstr("NetworkPolicy"));
  EXPECT_EQ(run_program("validate --strict " + file).code, 4);
  EXPECT_EQ(run_program("validate -q " + file).err, "");
  const json notices = json::parse(run_program("validate -o json " + file).out).at("notices");
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_EQ(notices[0].at("unsupported"), true);
  EXPECT_EQ(run_program("validate --strict " + scratch.write("clean.yaml", kManifests)).code, 0);
  // A notice about what is modelled is no reason to refuse.
  const std::string lonely =
      scratch.write("lonely.yaml", std::string(kManifests) +
                                       "---\napiVersion: v1\nkind: Service\nmetadata: {name: lonely}\n"
                                       "spec: {selector: {app: none}, ports: [{port: 80}]}\n");
  const ProgramResult doubtful = run_program("validate --strict " + lonely);
  EXPECT_EQ(doubtful.code, 0);
  EXPECT_THAT(doubtful.out, HasSubstr("1 notice, no error"));
}

TEST(Strict, KeepsRunFromSimulatingWhatIsNotModelled) {
  const TemporaryFolder scratch;
  scratch.write("web.yaml", std::string(kManifests) +
                                "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed}\n"
                                "spec: {podSelector: {}}\n");
  const std::string scenario =
      scratch.write("small.yaml", std::string(kScenario) + "run: {duration: 10ms}\ncosts: " KNETSIM_SOURCE_DIR
                                                           "/configs/profiles/default.yaml\n");
  const ProgramResult strict = run_program("run --strict --no-results " + scenario);
  EXPECT_EQ(strict.code, 4);
  EXPECT_EQ(strict.out, "");
  EXPECT_THAT(strict.err, HasSubstr("NetworkPolicy"));
  EXPECT_EQ(run_program("run --no-results " + scenario).code, 0);
}

}  // namespace
}  // namespace knetsim::test
