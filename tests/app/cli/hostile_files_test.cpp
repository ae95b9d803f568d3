// Goal: a file that is no input, of whatever size, ends in a clear error with exit code 3 and little work.
// Method: the built program reads 100 MB of each kind of junk under limits of address space and CPU time that are far
// from what it needs (tenths of a second, a tenth of a gigabyte) and just as far from what a careless reader takes
// (a minute, 23 GB).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "run_program.h"
#include "support/sanitized.h"

namespace knetsim::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t kBytes = 100U << 20U;

struct Junk {
  const char* name;
  const char* file;
  std::string begin;
  std::string unit;  ///< Repeated up to kBytes.
  const char* validate_says;
};
void PrintTo(const Junk& junk, std::ostream* os) { *os << junk.name; }

/// Every byte, in an order that repeats late.
std::string noise() {
  std::string text;
  std::uint32_t state = 1;
  for (int i = 0; i < 65536; ++i) text += static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
  return text;
}

class HostileFiles : public testing::TestWithParam<Junk> {};

TEST_P(HostileFiles, EndInAnErrorWithinBounds) {
  if (kShadowed) GTEST_SKIP() << "a sanitizer's shadow needs the address space that this test forbids";
  const Junk& junk = GetParam();
  const TemporaryFolder scratch;
  const std::string path = scratch.path(junk.file);
  {
    std::ofstream out(path, std::ios::binary);
    out << junk.begin;
    std::string block;
    while (block.size() < (1U << 20U)) block += junk.unit;
    for (std::size_t written = 0; written < kBytes; written += block.size()) out << block;
  }
  for (const std::string verb : {"validate", "run"}) {
    SCOPED_TRACE(verb);
    const std::string command = fmt::format("ulimit -v 2000000; ulimit -t 20; {} {} {} >{} 2>{}", KNETSIM_PROGRAM, verb,
                                            path, scratch.path("out"), scratch.path("err"));
    const int status = std::system(command.c_str());
    const std::string err = read_text(scratch.path("err"));
    EXPECT_EQ(WEXITSTATUS(status), 3) << err.substr(0, 1000);
    EXPECT_EQ(read_text(scratch.path("out")), "");
    EXPECT_LT(err.size(), 100'000u);
    EXPECT_THAT(err, HasSubstr("error: "));
    if (verb == "validate") {
      EXPECT_THAT(err.substr(0, 2000), HasSubstr(junk.validate_says));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Of100Megabytes, HostileFiles,
    testing::Values(Junk{"Binary", "a.yaml", "", noise(), "the file is binary"},
                    Junk{"Log", "a.yaml", "", "line of a log: something\n", "one document of more than 32 MiB"},
                    Junk{"Words", "a.yaml", "", "lorem ipsum dolor sit amet\n", "the document is a scalar"},
                    Junk{"Comment", "a.yaml", "#", "cc", "the file holds no document"},
                    Junk{"OpenString", "a.yaml", "a: \"", "xx", "double-quoted scalar without closing quote"},
                    Junk{"DeepYaml", "a.yaml", "a: ", "[[[[", "brackets and braces that are not closed"},
                    Junk{"DeepYamlByLines", "a.yaml", "a: ", "[\n", "brackets and braces that are not closed"},
                    Junk{"DeepJson", "a.json", "", "{\"a\":", "nested more than 256 levels deep"},
                    Junk{"EmptyDocuments", "a.yaml", "", "---\n", "empty documents"},
                    Junk{"ListOfNothing", "a.json", "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}", ",{}",
                         "neither apiVersion nor kind"},
                    Junk{"ManyDocuments", "a.yaml", "", "kind: Pod\n---\n", "apiVersion is missing"}),
    [](const testing::TestParamInfo<Junk>& parameter) { return std::string(parameter.param.name); });

TEST(AliasBomb, EndsInOneError) {
  const TemporaryFolder scratch;
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'j'; ++name) {
    bomb += fmt::format("{}: &{} [", name, name);
    for (int i = 0; i < 9; ++i) bomb += fmt::format("*{}, ", static_cast<char>(name - 1));
    bomb += "]\n";
  }
  const ProgramResult result = run_program("run " + scratch.write("bomb.yaml", bomb));
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("the aliases of this document stand for more than 200000 values"));
}

}  // namespace
}  // namespace knetsim::test
