#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace knetsim {

/// The field names of one structure of the Kubernetes API, as a hash table that is built at compile time. An index is
/// asked for by name, and a name that is not in the list does not compile:
///
///     constexpr Keys kTaint({"key", "value", "effect", "timeAdded"});
///     static_assert(kTaint["effect"] == 2);
template <std::size_t N>
class Keys {
 public:
  static constexpr std::size_t kNotFound = N;

  consteval explicit Keys(const std::string_view (&names)[N]) {
    for (std::size_t i = 0; i < N; ++i) {
      names_[i] = names[i];
      std::size_t slot = hash(names[i]);
      while (slots_[slot] != 0) slot = (slot + 1) % kSlots;
      slots_[slot] = static_cast<std::uint8_t>(i + 1);
    }
  }

  consteval std::size_t operator[](std::string_view name) const {
    const std::size_t index = find(name);
    if (index == kNotFound) throw "no such key in this structure";  // Never at run time.
    return index;
  }

  /// Index of `name`, or kNotFound.
  constexpr std::size_t find(std::string_view name) const {
    if (name.empty()) return kNotFound;
    for (std::size_t slot = hash(name); slots_[slot] != 0; slot = (slot + 1) % kSlots) {
      const std::size_t index = slots_[slot] - std::size_t{1};
      if (names_[index] == name) return index;
    }
    return kNotFound;
  }

  constexpr std::span<const std::string_view> names() const { return names_; }

 private:
  static_assert(N < 255);
  static constexpr std::size_t kSlots = std::bit_ceil(2 * N + 2);

  static constexpr std::size_t hash(std::string_view name) {
    const auto at = [name](std::size_t i) { return std::size_t{static_cast<unsigned char>(name[i])}; };
    return (name.size() * 7 + at(0) * 31 + at(name.size() / 2) * 131 + at(name.size() - 1) * 521) % kSlots;
  }

  std::array<std::string_view, N> names_{};
  std::array<std::uint8_t, kSlots> slots_{};
};

}  // namespace knetsim
