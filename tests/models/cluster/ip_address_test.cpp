// Goal: addresses are read and written as the rest of the world does.
// Method: the C library's inet_pton and inet_ntop as oracle over random addresses and over texts that are nearly
// addresses.

#include "models/cluster/ip_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "draw.h"

namespace knetsim {
namespace {

TEST(IpAddress, RandomAddressesOfBothFamiliesReadBackAndPrintAsTheLibraryDoes) {
  Draw draw(7);
  for (int round = 0; round < 2000; ++round) {
    std::array<std::uint8_t, 16> bytes{};
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(draw.below(3) == 0 ? draw.bits() : 0);
    bytes[0] = 0xfd;  // Not one of the ranges that inet_ntop prints with an embedded IPv4 address.
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
    const auto read = parse_ip(text.data());
    ASSERT_TRUE(read.has_value()) << text.data();
    EXPECT_EQ(read->bytes(), bytes);
    EXPECT_EQ(to_string(*read), text.data());

    const auto v4 = draw.bits();
    const in_addr network{htonl(v4)};
    inet_ntop(AF_INET, &network, text.data(), text.size());
    EXPECT_EQ(to_string(IpAddress::v4(v4)), text.data());
    EXPECT_EQ(parse_ip(text.data()), IpAddress::v4(v4));
  }
}

TEST(IpAddress, NearlyAnAddressIsRefusedWhereTheLibraryRefusesIt) {
  for (const char* text : {"", "10.0.0", "10.0.0.256", "10.0.0.1.", "10.0.0.01", " 10.0.0.1", "10.0.0.1/8", "1.2.3.4.5",
                           "::1::", "1:2:3", "12345::", "g::", ":", "1:2:3:4:5:6:7:8:9", ":::"}) {
    std::array<std::uint8_t, 16> buffer{};
    EXPECT_NE(inet_pton(AF_INET, text, buffer.data()), 1) << text;
    EXPECT_NE(inet_pton(AF_INET6, text, buffer.data()), 1) << text;
    EXPECT_FALSE(parse_ip(text).has_value()) << text;
  }
}

TEST(Cidr, HoldsItsAddressesAndNoOthers) {
  const Cidr block = parse_cidr("10.244.3.7/24").value();
  EXPECT_EQ(to_string(block), "10.244.3.0/24");
  EXPECT_EQ(block.size(), 256U);
  EXPECT_TRUE(block.contains(0x0af40300));
  EXPECT_TRUE(block.contains(0x0af403ff));
  EXPECT_FALSE(block.contains(0x0af40400));
  EXPECT_TRUE(parse_cidr("0.0.0.0/0")->contains(0xffffffff));
  EXPECT_EQ(parse_cidr("1.2.3.4/32")->size(), 1U);
  for (const char* text : {"10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8x"}) {
    EXPECT_FALSE(parse_cidr(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace knetsim
