// Goal: text in UTF-16 and with stray bytes is read as kubectl reads it. Method: characters of each length against
// Unicode's own encodings, and files as PowerShell and Windows editors write them.

#include "sim/input/text_encoding.h"

#include <gtest/gtest.h>

#include <fstream>

#include "sim/input/read_documents.h"
#include "support/temporary_folder.h"

namespace knetsim {
namespace {

using namespace std::string_literals;

std::string utf16(const std::u16string& text, bool little) {
  std::string bytes;
  for (const char16_t unit : text) {
    const char low = static_cast<char>(unit & 0xff);
    const char high = static_cast<char>(unit >> 8);
    bytes += little ? low : high;
    bytes += little ? high : low;
  }
  return bytes;
}

TEST(TextEncoding, Utf16OfBothOrdersIsDecoded) {
  const std::u16string text = u"\ufeffa\u00e4\u20ac\U0001f600";  // one, two, three and four bytes of UTF-8
  for (const bool little : {true, false}) {
    const auto decoded = from_utf16(utf16(text, little));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  }
  EXPECT_FALSE(from_utf16("plain"));
  EXPECT_EQ(*from_utf16("\xff\xfe\x00\xd8\x61\x00"s),
            "\xef\xbf\xbd"
            "a")
      << "half a pair";
  EXPECT_EQ(*from_utf16("\xff\xfe\x61\x00\x62"s), "a\xef\xbf\xbd") << "half a unit";
}

TEST(TextEncoding, WrongBytesBecomeTheReplacementCharacter) {
  const Repaired one = repair_utf8(
      "a\x93"
      "b\xc3\xa4\xe2\x82");
  EXPECT_EQ(one.text,
            "a\xef\xbf\xbd"
            "b\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(one.bytes, 3U);
  // Pieces end within characters: nothing may be lost there.
  std::string good;
  for (int i = 0; i < 5000; ++i) good += "x\xe2\x82\xac\xf0\x9f\x98\x80";
  const Repaired whole = repair_utf8(good);
  EXPECT_EQ(whole.bytes, 0U);
  EXPECT_EQ(whole.text, good);
  EXPECT_EQ(repair_utf8(good + "\xff" + good).text, good + "\xef\xbf\xbd" + good);
}

TEST(TextEncoding, FilesAreReadSo) {
  TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(folder.path(name), std::ios::binary) << bytes;
    return folder.path(name);
  };
  InputSet inputs;
  const Input& wide = inputs.open(write("wide.yaml", utf16(u"\ufeffa: 1\nb: \u20ac\n", true)));
  EXPECT_EQ(read_document(wide)["b"].text(), "\xe2\x82\xac");
  EXPECT_EQ(read_document(wide)["b"].mark().line, 2U);
  Input& stray = inputs.open(write("stray.yaml", "# \x93quoted\x94\na: 1\n"));
  const auto replaced = stray.replace_invalid_utf8();
  ASSERT_TRUE(replaced);
  EXPECT_EQ(replaced->bytes, 2U);
  EXPECT_EQ(replaced->first.line, 1U);
  EXPECT_EQ(replaced->first.column, 3U);
  EXPECT_EQ(read_document(stray)["a"].text(), "1");
  // A file that is mapped: longer than a mebibyte, of which much is replaced by longer text.
  std::string long_text = "a: \"";
  long_text.append(3 << 20, '\xff');
  Input& mapped = inputs.open(write("long.yaml", long_text + "\"\n"));
  ASSERT_TRUE(mapped.replace_invalid_utf8());
  EXPECT_EQ(read_document(mapped)["a"].text().size(), std::size_t{9} << 20);
  mapped.release_before(std::size_t{9} << 20);
  Input& clean = inputs.open(write("clean.yaml", "a: \xc3\xa4\n"));
  EXPECT_FALSE(clean.replace_invalid_utf8());
}

}  // namespace
}  // namespace knetsim
