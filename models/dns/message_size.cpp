#include "models/dns/message_size.h"

namespace knetsim {
namespace {

constexpr std::int64_t kHeader = 12;
constexpr std::int64_t kTypeAndClass = 4;
constexpr std::int64_t kTtlAndLength = 6;

/// Of a name as labels with their lengths before them, and the root's: two bytes more than its text without a last dot.
std::int64_t wire(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name.empty() ? 1 : static_cast<std::int64_t>(name.size()) + 2;
}

std::int64_t record(std::string_view name, std::int64_t data) {
  return wire(name) + kTypeAndClass + kTtlAndLength + data;
}

std::int64_t question(std::string_view name) { return kHeader + wire(name) + kTypeAndClass; }

}  // namespace

Bytes query_bytes(std::string_view name) { return Bytes(question(name)); }

Bytes address_answer_bytes(std::string_view name, std::uint32_t records, std::uint32_t bytes_each) {
  return Bytes(question(name) + records * record(name, bytes_each));
}

Bytes alias_answer_bytes(std::string_view name, std::string_view target, std::uint32_t records) {
  return Bytes(question(name) + record(name, wire(target)) + records * record(target, 4));
}

Bytes negative_answer_bytes(std::string_view name, std::string_view zone) {
  constexpr std::int64_t kFiveNumbers = 20;
  // ns.dns.ZONE and hostmaster.ZONE: coredns/coredns plugin/kubernetes/ns.go, plugin/pkg/../backend_lookup.go, SOA.
  const std::int64_t names = 2 * wire(zone) + 7 + 11;
  return Bytes(question(name) + record(zone, names + kFiveNumbers));
}

Bytes srv_answer_bytes(std::string_view name, std::string_view target, std::uint32_t records) {
  constexpr std::int64_t kPriorityWeightPort = 6;
  return Bytes(question(name) + records * (record(name, kPriorityWeightPort + wire(target)) + record(target, 4)));
}

}  // namespace knetsim
