// Files as they come: missing, empty, binary, large, from a pipe; and directories of them. Messages are golden; places
// of a large file are checked against a count of its line ends made here.
#include "sim/input/input_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sim/input/diagnostics.h"
#include "sim/input/read_documents.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class InputFile : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const { return folder_.write(name, text); }
  /// The message of an input that cannot be opened, with the folder's name as F.
  std::string refusal(const std::string& path) {
    try {
      Input::open(path);
    } catch (const ConfigError& error) {
      std::string text = error.what();
      const std::string folder = folder_.path().string();
      for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
        text.replace(at, folder.size(), "F");
      }
      return text;
    }
    return "no error";
  }

  TemporaryFolder folder_;
};

TEST_F(InputFile, MissingFileIsNamedWithANearOne) {
  write("shop.yaml", "a: 1\n");
  EXPECT_EQ(refusal(folder_.path("shop.yml")), "F/shop.yml: error: no such file; did you mean 'F/shop.yaml'?\n");
  EXPECT_EQ(refusal(folder_.path("entirely-different")), "F/entirely-different: error: no such file\n");
}

TEST_F(InputFile, ALinkThatLeadsNowhereIsNotItsOwnNearName) {
  fs::create_symlink(folder_ / "gone.yaml", folder_ / "shop.yaml");
  fs::create_symlink(folder_ / "circle.yaml", folder_ / "circle.yaml");
  EXPECT_EQ(refusal(folder_.path("shop.yaml")), "F/shop.yaml: error: a symbolic link to a file that does not exist\n");
  EXPECT_THAT(refusal(folder_.path("circle.yaml")), HasSubstr("cannot be opened: Too many levels"));
  EXPECT_EQ(refusal(folder_.path("shops.yaml")), "F/shops.yaml: error: no such file\n");
}

TEST_F(InputFile, DirectoryEmptyAndUnreadableFilesAreRefused) {
  EXPECT_EQ(refusal(folder_.path().string()), "F: error: is a directory\n   = accepted: a file\n");
  EXPECT_EQ(refusal(write("empty.yaml", "")),
            "F/empty.yaml: error: the file is empty\n   = accepted: a YAML or JSON document\n");
  const std::string secret = write("secret.yaml", "a: 1\n");
  ::chmod(secret.c_str(), 0);
  if (::access(secret.c_str(), R_OK) != 0) {  // root reads everything
    EXPECT_EQ(refusal(secret), "F/secret.yaml: error: cannot be opened: Permission denied\n");
  }
}

TEST_F(InputFile, WhatIsNoTextIsNamedForWhatItIs) {
  EXPECT_THAT(refusal(write("a.bin", std::string("\x7f"
                                                 "ELF\0\0",
                                                 6))),
              HasSubstr("the file is binary: it holds a NUL byte"));
  EXPECT_THAT(refusal(write("a.gz", "\x1f\x8b\x08xxxx")), HasSubstr("the file is compressed"));
}

TEST_F(InputFile, MarksOfAMappedFileCountItsLines) {
  // 3 MB: mapped, several index blocks a line and several lines a block.
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < 3'000'000) {
    state = state * 1664525 + 1013904223;
    text += std::string(state >> 20U, 'a' + static_cast<char>(state % 26)) + '\n';
  }
  text += "last";
  const auto input = Input::open(write("large.yaml", text));
  ASSERT_EQ(input->text(), text);
  EXPECT_EQ(input->text().data()[text.size()], '\0');
  for (std::size_t at = 0; at < text.size(); at += 99'991) {
    const std::size_t start = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;  // npos + 1 is 0
    const Mark mark = input->mark(at);
    ASSERT_EQ(mark.line, 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')) << at;
    ASSERT_EQ(mark.column, at - start + 1) << at;
    ASSERT_EQ(input->line(mark.line), std::string_view(text).substr(start, text.find('\n', start) - start)) << at;
  }
  input->release_before(2'000'000);
  EXPECT_EQ(input->mark(text.size()).column, 5U);
  EXPECT_EQ(input->line(1), std::string_view(text).substr(0, text.find('\n')));
  EXPECT_EQ(input->line(4'000'000'000U), "");
}

TEST_F(InputFile, ALineOfManyBlocksHasOneStart) {
  const std::string text = "first\n" + std::string(50'000, 'x') + "\nthird";
  const auto input = Input::from_text("t", text);
  EXPECT_EQ(to_string(input->mark(6 + 40'000)), "t:2:40001");
  EXPECT_EQ(to_string(input->mark(text.size() - 5)), "t:3:1");
  EXPECT_EQ(input->line(2).size(), 50'000U);
  EXPECT_EQ(input->line(3), "third");
}

TEST_F(InputFile, AFileOfExactPagesIsFollowedByZeroes) {
  const std::string text(2U << 20U, 'x');
  const auto input = Input::open(write("pages.yaml", text));
  EXPECT_EQ(std::string_view(input->text().data() + text.size(), 64), std::string_view(std::string(64, '\0')));
}

TEST_F(InputFile, APipeOfTheShellIsReadToItsEnd) {
  // Process substitution gives /dev/fd/N; the second text is longer than what stays in memory.
  for (const std::size_t size : {std::size_t{10}, std::size_t{70} << 20U}) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    std::thread writer([&] {
      const std::string chunk(std::min<std::size_t>(size, 1U << 16U), 'y');
      for (std::size_t done = 0; done < size; done += chunk.size()) {
        EXPECT_EQ(::write(ends[1], chunk.data(), chunk.size()), static_cast<ssize_t>(chunk.size()));
      }
      ::close(ends[1]);
    });
    const auto input = Input::open("/dev/fd/" + std::to_string(ends[0]));
    writer.join();
    ::close(ends[0]);
    EXPECT_EQ(input->text().size(), size);
    EXPECT_EQ(input->text().back(), 'y');
  }
}

// A pipe without a writer and a device without an end hang a program that opens what a scenario of others names.
TEST_F(InputFile, WhatIsNoRegularFileIsNotRead) {
  const std::string pipe = folder_.path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, std::string("/dev/zero"), std::string("/dev/tty"), std::string("a\0b", 3)}) {
    EXPECT_THROW(Input::open(path), ConfigError) << path;
  }
}

TEST_F(InputFile, LinesOfAFileThatIsNoneOfOursAreNotQuoted) {
  const std::string text = "root:$6$salt$hash:19000\nb: [1\n";
  const std::string shadow = write("shadow", text);
  fs::create_symlink(shadow, folder_.path("profile.yaml"));
  EXPECT_FALSE(Input::open(shadow)->may_be_quoted(1));
  EXPECT_FALSE(Input::open(folder_.path("profile.yaml"))->may_be_quoted(1)) << "what counts is behind the link";
  EXPECT_TRUE(Input::open(write("own.yaml", text))->may_be_quoted(1));
  EXPECT_TRUE(Input::from_text("--set", text)->may_be_quoted(1));
}

TEST_F(InputFile, LinesOfASecretAreNotQuoted) {
  const std::string text =
      "kind: ConfigMap\ndata: {a: Secret}\n---\ndata:\n  password: hunter2\n  password: hunter3\nkind: 'Secret'\n---\n"
      "kind: SecretStore\nspec: 1\n";
  const auto input = Input::from_text("mixed.yaml", text);
  for (const std::uint32_t line : {1U, 2U, 9U, 10U}) EXPECT_TRUE(input->may_be_quoted(line)) << line;
  for (const std::uint32_t line : {4U, 5U, 6U, 7U}) EXPECT_FALSE(input->may_be_quoted(line)) << line;
  EXPECT_FALSE(Input::from_text("one.json", R"({"data":{"p":"x"},"kind":"Secret"})")->may_be_quoted(1));
  Diagnostics diagnostics;
  read_documents(*input, diagnostics, [](const Document&) {});
  EXPECT_EQ(render(diagnostics.errors()).find("hunter"), std::string::npos);
  EXPECT_EQ(render(diagnostics.notices()).find("hunter"), std::string::npos);
}

TEST_F(InputFile, DirectoriesGiveTheirManifestsInByteOrder) {
  write("b.yaml", "x");
  write("a.json", "x");
  write("B.yml", "x");
  write("notes.txt", "x");
  write(".hidden.yaml", "x");
  write("sub/c.yaml", "x");
  write("sub/.git/d.yaml", "x");
  const auto names = [&](bool recursive, const std::string& path) {
    std::vector<std::string> found = expand_paths(std::vector{path}, {.recursive = recursive});
    for (std::string& name : found) name = fs::relative(name, folder_.path()).string();
    return found;
  };
  EXPECT_THAT(names(false, folder_.path().string()), ElementsAre("B.yml", "a.json", "b.yaml"));
  EXPECT_THAT(names(true, folder_.path().string()), ElementsAre("B.yml", "a.json", "b.yaml", "sub/c.yaml"));
  EXPECT_THAT(expand_paths(std::vector<std::string>{"-"}), ElementsAre("-"));
  EXPECT_THAT(names(false, folder_.path("notes.txt")), ElementsAre("notes.txt"));
}

TEST_F(InputFile, EveryWrongPathIsReported) {
  fs::create_directories(folder_ / "none");
  try {
    expand_paths(std::vector<std::string>{folder_.path("none"), folder_.path("gone")});
    FAIL() << "nothing was thrown";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.diagnostics().size(), 2U);
    EXPECT_THAT(error.what(), HasSubstr("no .yaml, .yml or .json file in this directory"));
    EXPECT_THAT(error.what(), HasSubstr("no such file or directory"));
  }
}

}  // namespace
}  // namespace knetsim
