#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/core/hash.h"

namespace knetsim {

/// A namespace and a name in it.
struct ObjectName {
  std::string ns;
  std::string name;
};

/// Of an object's name, by which what is drawn for it is keyed, and not by its position: objects that a manifest brings
/// beside it change nothing.
constexpr std::uint64_t name_key(std::string_view ns, std::string_view name) {
  return hash_combine(hash_text(ns), hash_text(name));
}

/// "shop/cart" or "cart": the latter in `ns`.
inline ObjectName split_name(std::string_view text, std::string_view ns) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {std::string(ns), std::string(text)};
  return {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

}  // namespace knetsim
