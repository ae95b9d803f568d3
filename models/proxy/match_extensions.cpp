#include "models/proxy/match_extensions.h"

#include <algorithm>

namespace knetsim {
namespace {

template <class... Kinds>
bool is_any(const Match& condition) {
  return (std::holds_alternative<Kinds>(condition) || ...);
}

template <class... Kinds>
bool has_any(const Rule& rule) {
  return std::any_of(rule.matches.begin(), rule.matches.end(), [](const Match& m) { return is_any<Kinds...>(m); });
}

}  // namespace

bool is_of_entry(const Match& condition) {
  return is_any<match::Source, match::Destination, match::Protocol, match::Ipip, match::InDevice, match::OutDevice>(
      condition);
}

bool is_extension(const Match& condition, const Rule& rule, IptablesBackend backend) {
  const bool nft = backend == IptablesBackend::Nft;
  if (is_any<match::Protocol>(condition)) {
    // multiport and set stand without it; iptables-nft needs it where it has no port to compare.
    return !has_any<match::DestinationPorts, match::InIpSet>(rule) && !(nft && has_any<match::DestinationPort>(rule));
  }
  if (is_any<match::Mark>(condition)) return !nft;
  return is_any<match::DestinationPorts, match::State, match::SourceLocal, match::NotByBridgePort,
                match::OfVirtualServer, match::DestinationLocal, match::Statistic, match::RecentCheck, match::RecentSet,
                match::Comment, match::ReversePathFails>(condition);
}

}  // namespace knetsim
