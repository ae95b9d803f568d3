// SHA-256 gives the digests of NIST's published examples and agrees with itself however the stream is cut, with and
// without the CPU's SHA instructions.
#include "sim/core/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace knetsim {
namespace {

struct Vector {
  std::string text;
  std::string digest;
};

// NIST, Examples with Intermediate Values, SHA-256 (FIPS 180-4), and the "Additional" examples of the same page: the
// empty message and a million letters.
const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all{
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  return all;
}

TEST(Sha256, GivesThePublishedDigests) {
  for (const Vector& vector : vectors()) EXPECT_EQ(sha256_hex(vector.text), vector.digest);
}

TEST(Sha256, PortableCodeGivesThePublishedDigests) {
  for (const Vector& vector : vectors()) {
    Sha256 hash(Sha256::Code::kPortable);
    hash.update(vector.text);
    EXPECT_EQ(hash.hex_digest(), vector.digest);
  }
}

TEST(Sha256, DoesNotDependOnWhereTheStreamIsCutNorOnTheCode) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 37);
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const std::string_view whole = std::string_view(text).substr(0, length);
    Sha256 portable(Sha256::Code::kPortable);
    portable.update(whole);
    Sha256 pieces;
    for (std::size_t at = 0; at < length; at += 1 + at % 71) pieces.update(whole.substr(at, 1 + at % 71));
    EXPECT_EQ(pieces.hex_digest(), portable.hex_digest()) << length;
  }
}

TEST(Sha256, ReadingTheDigestLeavesTheStreamOpen) {
  Sha256 hash;
  hash.update("ab");
  hash.hex_digest();
  hash.update("c");
  EXPECT_EQ(hash.hex_digest(), vectors()[0].digest);
}

}  // namespace
}  // namespace knetsim
