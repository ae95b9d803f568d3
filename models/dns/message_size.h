#pragma once

#include <cstdint>
#include <string_view>

#include "sim/core/units.h"

namespace knetsim {

// Sizes of DNS messages, without headers of IP and UDP: RFC 1035, section 4; names uncompressed, as CoreDNS sends them
// where the answer fits (coredns/coredns request/request.go, SizeAndDo and Scrub).

/// Of a question for a name: 12 bytes of header, the name's labels, type and class.
Bytes query_bytes(std::string_view name);
/// Of the answer with that many addresses. @param bytes_each  4 (A), 16 (AAAA).
Bytes address_answer_bytes(std::string_view name, std::uint32_t records, std::uint32_t bytes_each);
/// Of one that the name is an alias of `target`, which has that many IPv4 addresses.
Bytes alias_answer_bytes(std::string_view name, std::string_view target, std::uint32_t records);
/// Of an answer without records, with the zone's SOA (RFC 2308). @param zone  Whose it is.
Bytes negative_answer_bytes(std::string_view name, std::string_view zone);
/// Of one with that many SRV records (RFC 2782), each with its target's address beside.
Bytes srv_answer_bytes(std::string_view name, std::string_view target, std::uint32_t records);

}  // namespace knetsim
