#pragma once

namespace knetsim {

/// Whether the address or thread sanitizer is compiled in: their shadow takes terabytes of address space, so a limit on
/// that ends the process before the program sees it.
inline constexpr bool kShadowed =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // g++
    true;
#elif defined(__has_feature)  // clang
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

/// Of `count` turns that differ by their draws alone, as many as a test takes: a tenth where a sanitizer makes each of
/// them ten times as slow.
constexpr int repetitions(int count) { return kShadowed ? (count + 9) / 10 : count; }

}  // namespace knetsim
