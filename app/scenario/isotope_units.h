#pragma once

#include <cstdint>
#include <string_view>

namespace knetsim {

inline constexpr std::string_view kRamUnits =
    "a number of bytes, or one with k, m, g, t or p (1024 each), as in 16k or 1 KB";

/// A size as isotope reads it: bare numbers are bytes, units count by 1024 whatever their case, with or without "b" or
/// "ib" and a blank: 128, "16k", "1 KB" (1024), 1.5MiB.
/// @source github.com/docker/go-units size.go, RAMInBytes. @throws ValueError
std::int64_t parse_ram_bytes(std::string_view text);

}  // namespace knetsim
