#include "models/proxy/rule_bytes.h"

#include <algorithm>

namespace knetsim {
namespace {

// XT_ALIGN rounds the private part of a match or target up to 8 bytes.
constexpr std::uint32_t kEntry = 112;  // sizeof(struct ipt_entry)
constexpr std::uint32_t kHead = 32;    // sizeof(struct xt_entry_match) and of struct xt_entry_target
constexpr std::uint32_t kStandardTarget = kHead + 8;
constexpr std::uint32_t kErrorTarget = kHead + 32;
constexpr std::uint32_t kComment = 256;
constexpr std::uint32_t kTcpUdp = 16;
constexpr std::uint32_t kStatistic = 24;
constexpr std::uint32_t kAddrtype = 8;
constexpr std::uint32_t kPhysdev = 72;    // struct xt_physdev_info: two names and their masks, two bytes
constexpr std::uint32_t kIpvsMatch = 40;  // struct xt_ipvs_mtinfo: an address, its mask, and eight bytes
constexpr std::uint32_t kConntrack = 168;
constexpr std::uint32_t kMark = 16;
constexpr std::uint32_t kRecent = 232;
constexpr std::uint32_t kMultiport = 48;
constexpr std::uint32_t kSet = 48;          // struct xt_set_info_match_v4
constexpr std::uint32_t kReversePath = 8;   // struct xt_rpfilter_info
constexpr std::uint32_t kTrackTarget = 40;  // struct xt_ct_target_info
constexpr std::uint32_t kMarkTarget = 8;
constexpr std::uint32_t kNatRange = 48;    // struct nf_nat_range2, DNAT revision 2
constexpr std::uint32_t kMasquerade = 24;  // struct nf_nat_ipv4_multi_range_compat
constexpr std::uint32_t kRejectTarget = 8;

// Private bytes of the xtables match that a condition takes; 0 where the entry itself has it (addresses, and the port,
// which shares its protocol's match).
std::uint32_t xtables_match(const Match& any, bool own_ports) {
  return std::visit(Overloaded{
                        [&](const match::Protocol&) { return own_ports ? 0 : kTcpUdp; },
                        [](const match::DestinationPorts&) { return kMultiport; },
                        [](const match::InIpSet&) { return kSet; },
                        [](const match::State&) { return kConntrack; },
                        [](const match::Comment&) { return kComment; },
                        [](const match::ReversePathFails&) { return kReversePath; },
                        [](const match::Mark&) { return kMark; },
                        [](const match::SourceLocal&) { return kAddrtype; },
                        [](const match::NotByBridgePort&) { return kPhysdev; },
                        [](const match::OfVirtualServer&) { return kIpvsMatch; },
                        [](const match::DestinationLocal&) { return kAddrtype; },
                        [](const match::Statistic&) { return kStatistic; },
                        [](const match::RecentCheck&) { return kRecent; },
                        [](const match::RecentSet&) { return kRecent; },
                        [](const auto&) { return std::uint32_t{0}; },
                    },
                    any);
}

// Private bytes of a target; 0 for a verdict or a jump, which need none of their own.
std::uint32_t xtables_target(const Action& any) {
  return std::visit(Overloaded{
                        [](const action::Dnat&) { return kNatRange; },
                        [](const action::Masquerade&) { return kMasquerade; },
                        [](const action::SetMark&) { return kMarkTarget; },
                        [](const action::ClearMark&) { return kMarkTarget; },
                        [](const action::ResetMark&) { return kMarkTarget; },
                        [](const action::NoTrack&) { return kTrackTarget; },
                        [](const action::Reject&) { return kRejectTarget; },
                        [](const auto&) { return std::uint32_t{0}; },
                    },
                    any);
}

template <class Kind>
bool has(const Rule& rule) {
  return std::any_of(rule.matches.begin(), rule.matches.end(),
                     [](const Match& m) { return std::holds_alternative<Kind>(m); });
}

std::uint32_t legacy_bytes(const Rule& rule) {
  std::uint32_t bytes = kEntry;
  if (!rule.comment.empty()) {
    bytes += kHead + kComment;
  }
  for (const Match& m : rule.matches) {
    const std::uint32_t own = xtables_match(m, has<match::DestinationPorts>(rule) || has<match::InIpSet>(rule));
    bytes += own == 0 ? 0 : kHead + own;
  }
  for (const Action& a : rule.actions) {
    const std::uint32_t own = xtables_target(a);
    bytes += own == 0 ? kStandardTarget : kHead + own;
  }
  return bytes;
}

constexpr std::uint32_t kNftRule = 8;  // struct nft_rule_dp
constexpr std::uint32_t kOps = 8;      // struct nft_expr: the pointer in front of each expression's own data
constexpr std::uint32_t kPayload = kOps + 8;
constexpr std::uint32_t kMeta = kOps + 8;
constexpr std::uint32_t kCompare = kOps + 16;
constexpr std::uint32_t kBitwise = kOps + 16;
constexpr std::uint32_t kCounter = kOps + 8;
constexpr std::uint32_t kVerdict = kOps + 24;
constexpr std::uint32_t kLargeMatch = 192;  // NFT_MATCH_LARGE_THRESH: beyond it a pointer stands for the match
constexpr std::uint32_t kPointer = kOps + 8;

std::uint32_t compat(std::uint32_t private_bytes) {
  const std::uint32_t bytes = kOps + private_bytes;
  return bytes > kLargeMatch ? kPointer : bytes;
}

std::uint32_t nft_bytes(const Rule& rule) {
  const bool with_port =
      has<match::DestinationPort>(rule) || has<match::DestinationPorts>(rule) || has<match::InIpSet>(rule);
  std::uint32_t bytes = kNftRule + kCounter;
  if (!rule.comment.empty()) {
    bytes += compat(kComment);
  }
  for (const Match& m : rule.matches) {
    bytes +=
        std::visit(Overloaded{
                       [](const match::Source&) { return kPayload + kCompare; },
                       [](const match::Ipip&) { return kMeta + kCompare; },
                       [](const match::InDevice&) { return kMeta + kCompare; },
                       [](const match::OutDevice&) { return kMeta + kCompare; },
                       [](const match::Destination&) { return kPayload + kCompare; },
                       [](const match::DestinationPort&) { return kPayload + kCompare; },
                       // A protocol without a port leaves a match that tests nothing more.
                       [&](const match::Protocol&) { return kMeta + kCompare + (with_port ? 0 : compat(kTcpUdp)); },
                       [](const match::Mark&) { return kMeta + kBitwise + kCompare; },
                       [](const auto& other) { return compat(xtables_match(other, false)); },
                   },
                   m);
  }
  for (const Action& a : rule.actions) {
    const std::uint32_t own = xtables_target(a);
    bytes += own == 0 ? kVerdict : compat(own);
  }
  return bytes;
}

}  // namespace

std::uint32_t rule_bytes(const Rule& rule, IptablesBackend backend) {
  return backend == IptablesBackend::Legacy ? legacy_bytes(rule) : nft_bytes(rule);
}

std::uint64_t legacy_table_bytes(const Table& table) {
  std::uint64_t bytes = kEntry + kErrorTarget;
  for (const Chain& chain : table.chains) {
    bytes += kEntry + kStandardTarget;
    if (!chain.base) {
      bytes += kEntry + kErrorTarget;
    }
    for (const Rule& rule : chain.rules) {
      bytes += legacy_bytes(rule);
    }
  }
  return bytes;
}

}  // namespace knetsim
