// What a terminal obeys is shown escaped: the control functions of ECMA-48 (C0, DEL, C1 also as UTF-8), the marks of
// direction of Unicode's TR 9, and bytes that are no UTF-8 (a lone 0x9b is CSI to a terminal that speaks Latin-1).
#include "sim/input/printable.h"

#include <gtest/gtest.h>

namespace knetsim {
namespace {

TEST(Printable, WhatATerminalObeysIsEscaped) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(printable("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
  EXPECT_EQ(printable(std::string_view("a\0b\r\n\t\x7f", 7)), "a\\x00b\\x0d\\x0a\\x09\\u007f");
  EXPECT_EQ(printable("\u009b31m"), "\\u009b31m");
  EXPECT_EQ(printable("\u202egpj.exe\u2066"), "\\u202egpj.exe\\u2066");
  EXPECT_EQ(printable("\x9b"
                      "31m"),
            "\\x9b31m");
}

TEST(Printable, TextOfAnyLanguageStaysAsItIs) {
  const std::string text = "zahlen-für-Müller, 価格, \U0001F40B, \u00a0";
  EXPECT_EQ(printable(text), text);
}

// Overlong forms and surrogates are no UTF-8 (RFC 3629, section 3): they hide what they stand for.
TEST(Printable, BytesThatAreNoUtf8AreEscapedOneByOne) {
  EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("a\xe2\x80"), "a\\xe2\\x80");
  EXPECT_EQ(printable("\xe2(x"), "\\xe2(x");
}

TEST(Printable, ALineWithACaretKeepsItsColumns) {
  EXPECT_EQ(printable_line("a\tb\x1b"
                           "c\u202e"),
            "a b\ufffd"
            "c\ufffd");
}

}  // namespace
}  // namespace knetsim
