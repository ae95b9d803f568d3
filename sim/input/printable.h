#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace knetsim {

/// The character at the start of a text, as a screen meets it.
struct ScreenCharacter {
  std::size_t bytes = 1;  ///< Of it; 0 where the text ends inside it.
  char32_t code = 0;      ///< Its code point; the byte, where it is no UTF-8.
  bool is_utf8 = true;
  /// What a terminal or an editor obeys instead of showing: C0 and C1 controls (ECMA-48: ESC, CSI, OSC ...), DEL, the
  /// line and paragraph separators, and the marks that turn the direction of what follows (Unicode TR 9;
  /// CVE-2021-42574).
  bool obeyed = false;
};

/// @pre  The text is not empty.
ScreenCharacter first_character(std::string_view text);

/// Appends what stands for a character that is not to be obeyed: \x1b below a blank, \u202e beyond, which JSON reads
/// back, and \xff for a byte that is no UTF-8.
void append_escaped(std::string& to, const ScreenCharacter& character);

/// A text of others as it may go to a screen: what would be obeyed is escaped, line ends and tabs too.
std::string printable(std::string_view text);

/// The same in as many columns: each such character is U+FFFD, a tab a blank. For a source line with a caret beneath
/// it.
std::string printable_line(std::string_view text);

}  // namespace knetsim
