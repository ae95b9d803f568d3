#include "models/proxy/chain_names.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstdint>

namespace knetsim {
namespace {

// FIPS 180-4, section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
constexpr std::array<std::uint32_t, 64> kRoundConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using State = std::array<std::uint32_t, 8>;

void absorb(State& state, const char* block) {
  std::array<std::uint32_t, 64> w{};
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t byte = 0; byte < 4; ++byte) {
      w[i] = (w[i] << 8) | static_cast<unsigned char>(block[4 * i + byte]);
    }
  }
  for (std::size_t i = 16; i < 64; ++i) {
    const std::uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
    const std::uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  State s = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint32_t big1 = std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25);
    const std::uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
    const std::uint32_t t1 = s[7] + big1 + choice + kRoundConstants[i] + w[i];
    const std::uint32_t big0 = std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22);
    const std::uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    s = {t1 + big0 + majority, s[0], s[1], s[2], s[3] + t1, s[4], s[5], s[6]};
  }
  for (std::size_t i = 0; i < 8; ++i) {
    state[i] += s[i];
  }
}

State sha256(std::string_view text) {
  std::string padded(text);
  padded += '\x80';
  padded.append((120 - padded.size() % 64) % 64, '\0');
  const std::uint64_t bits = std::uint64_t{text.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8) {
    padded += static_cast<char>((bits >> shift) & 255);
  }
  State state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for (std::size_t at = 0; at < padded.size(); at += 64) {
    absorb(state, padded.data() + at);
  }
  return state;
}

constexpr std::size_t kIptablesHash = 16;  // chain names have at most 28 characters
constexpr std::size_t kNftablesHash = 8;
constexpr std::size_t kNftablesNameMax = 256 - 16;  // knftables.NameLengthMax less the longest prefix

std::string hashed_and_cut(std::string_view name) {
  std::string full = sha256_base32(name).substr(0, kNftablesHash) + "-" + std::string(name);
  if (full.size() > kNftablesNameMax) {
    full = full.substr(0, kNftablesNameMax - 3) + "...";
  }
  return full;
}

std::string nftables_base(const ServicePortSpec& service) {
  return fmt::format("{}/{}/{}/{}", service.name_space, service.name, to_text(service.transport), service.port_name);
}

}  // namespace

std::string sha256_base32(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const State digest = sha256(text);
  std::string encoded;
  std::uint32_t pending = 0;
  int bits = 0;
  for (std::size_t byte = 0; byte < 32; ++byte) {
    pending = (pending << 8) | ((digest[byte / 4] >> (24 - 8 * (byte % 4))) & 255);
    for (bits += 8; bits >= 5; bits -= 5) {
      encoded += kAlphabet[(pending >> (bits - 5)) & 31];
    }
  }
  encoded += kAlphabet[(pending << (5 - bits)) & 31];  // 256 bits leave one over
  return encoded;
}

std::string iptables_service_chain(std::string_view prefix, const ServicePortSpec& service) {
  const std::string hashed = service.port_string() + std::string(to_text(service.transport));
  return std::string(prefix) + sha256_base32(hashed).substr(0, kIptablesHash);
}

std::string iptables_endpoint_chain(const ServicePortSpec& service, const EndpointSpec& endpoint) {
  const std::string hashed = fmt::format("{}{}{}:{}", service.port_string(), to_text(service.transport),
                                         to_text(endpoint.address), endpoint.port);
  return "KUBE-SEP-" + sha256_base32(hashed).substr(0, kIptablesHash);
}

std::string nftables_service_chain(std::string_view prefix, const ServicePortSpec& service) {
  return std::string(prefix) + hashed_and_cut(nftables_base(service));
}

std::string nftables_endpoint_chain(std::string_view prefix, const ServicePortSpec& service,
                                    const EndpointSpec& endpoint) {
  return std::string(prefix) +
         hashed_and_cut(fmt::format("{}__{}/{}", nftables_base(service), to_text(endpoint.address), endpoint.port));
}

}  // namespace knetsim
