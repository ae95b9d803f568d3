#pragma once

#include <string>
#include <string_view>

namespace knetsim {

/// A namespace and a name in it.
struct ObjectName {
  std::string ns;
  std::string name;
};

/// "shop/cart" or "cart": the latter in `ns`.
inline ObjectName split_name(std::string_view text, std::string_view ns) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {std::string(ns), std::string(text)};
  return {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

}  // namespace knetsim
