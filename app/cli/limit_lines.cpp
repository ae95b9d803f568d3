#include "app/cli/limit_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "models/workload/dial.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

/// All replicates of a variant together; the rest is of the replicate that met it first.
struct MetLimit {
  std::int64_t connections = 0;
  std::size_t first = 0;  ///< Row of /limits.
};

/// What happened to them, and why.
std::string met_text(const LimitResults& limits, std::size_t row) {
  const std::string& whose = limits.whose[row];
  const std::string& towards = limits.towards[row];
  const std::string room = with_commas(limits.room[row]);
  const std::string after = human(Duration(limits.after_close[row]));
  switch (static_cast<KernelLimit>(limits.kind[row])) {
    case KernelLimit::LocalPorts:
      return fmt::format("{} has no local port left for {}; {} exist, each waits {} in TIME_WAIT", whose, towards, room,
                         after);
    case KernelLimit::NatPorts:
      return fmt::format("{} has no port left to masquerade for {}; {} exist{}", whose, towards, room,
                         limits.after_close[row] == 0 ? std::string(", each until its connection closes")
                                                      : fmt::format(", each is kept for {}", after));
    case KernelLimit::Conntrack:
      return fmt::format("conntrack of {} is full; it has room for {} entries, each stays for {} after the end", whose,
                         room, after);
    case KernelLimit::GatewayPorts:
      return fmt::format("the NAT gateway has no port{} left for {}; {} exist, each is kept for {}",
                         whose == "NAT gateway" ? std::string() : fmt::format(" of {}'s", whose), towards, room, after);
    case KernelLimit::AcceptQueue:
      return fmt::format(
          "the accept queue of {} is full; it has room for {}, its backlog and one more, and a SYN that finds none is "
          "sent "
          "again after 1s and later",
          whose, room);
    case KernelLimit::kCount:
      break;
  }
  return {};
}

}  // namespace

std::string limit_lines(const Recorded& recorded) {
  const ExperimentResults& results = recorded.results();
  const LimitResults& limits = results.limits;
  std::map<std::tuple<std::size_t, std::string, std::int8_t>, MetLimit> met;  // variants in their order
  const auto& variants = recorded.variants();
  for (std::size_t row = 0; row < limits.call.size(); ++row) {
    const std::string& variant = results.variant[static_cast<std::size_t>(limits.run_index[row])];
    const auto place = static_cast<std::size_t>(std::ranges::find(variants, variant) - variants.begin());
    const auto [entry, made] = met.try_emplace({place, limits.call[row], limits.kind[row]}, MetLimit{.first = row});
    entry->second.connections += limits.connections[row];
    if (limits.since[row] < limits.since[entry->second.first]) entry->second.first = row;
  }
  std::string text;
  for (const auto& [of, limit] : met) {
    const auto& [place, call, kind] = of;
    const auto met_kind = static_cast<KernelLimit>(kind);
    const char* what = met_kind == KernelLimit::LocalPorts    ? "failed"
                       : met_kind == KernelLimit::AcceptQueue ? "were put off"
                                                              : "were dropped";
    text += fmt::format("Limit ({}): {} connects of {} {} from {} on: {}\n", variants[place],
                        with_commas(limit.connections), call, what, human(Duration(limits.since[limit.first])),
                        met_text(limits, limit.first));
  }
  return text;
}

}  // namespace knetsim
