#pragma once

#include <string>
#include <string_view>

namespace knetsim {

/// What a single-quoted scalar of YAML says: '' is a quote; a line break with the blanks around it is a blank, and n + 1 of
/// them are n line feeds.
/// @param raw  What stands between its quotes.
/// @source YAML 1.2.2, 7.3.2 and 6.5 (flow folding)
std::string single_quoted_text(std::string_view raw);

}  // namespace knetsim
