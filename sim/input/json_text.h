#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstdint>
#include <string>

namespace knetsim {

// The bytes of JSON text below its grammar: blanks, strings, escapes.

inline bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Both scanners read 16 bytes at a time, up to 15 beyond the place where they stop: an Input is followed by 64 zero
// bytes, and a zero byte stops both.

/// First byte that is no blank. kubectl indents: runs of 10 to 30 blanks are the rule.
inline const char* skip_blanks(const char* p) {
  if (!is_blank(*p)) return p;
  if (!is_blank(*++p)) return p;
#ifdef __SSE2__
  for (;; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i space_or_end =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
    const __m128i tab_or_return =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')));
    const auto blanks = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(space_or_end, tab_or_return)));
    if (blanks != 0xffffU) return p + std::countr_one(blanks);
  }
#else
  while (is_blank(*p)) ++p;
  return p;
#endif
}

/// First quote, backslash or control character. Sets `wide` when a byte above 0x7f came before it.
inline const char* skip_string(const char* p, bool& wide) {
#ifdef __SSE2__
  for (;; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    const auto stops = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, special)));
    const auto high = static_cast<unsigned>(_mm_movemask_epi8(bytes));
    if (stops == 0) {
      wide = wide || high != 0;
      continue;
    }
    wide = wide || (high & (stops ^ (stops - 1))) != 0;
    return p + std::countr_zero(stops);
  }
#else
  for (;; ++p) {
    const auto byte = static_cast<unsigned char>(*p);
    if (byte == '"' || byte == '\\' || byte < 0x20) return p;
    wide = wide || byte > 0x7f;
  }
#endif
}

/// An escape that JSON does not have.
struct BadEscape {
  enum class Problem : std::uint8_t { Unknown, NoHexDigit, HalfPair };
  Problem problem = Problem::Unknown;
  const char* place = nullptr;
};

/// Appends what the escape at `p` (a backslash) stands for, as UTF-8. @return  After it. @throws BadEscape
const char* append_unescaped(const char* p, std::string& text);

}  // namespace knetsim
