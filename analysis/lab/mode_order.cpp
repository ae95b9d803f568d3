#include "analysis/lab/mode_order.h"

#include <algorithm>
#include <functional>

#include "analysis/lab/prediction.h"

namespace knetsim::lab {
namespace {

// From here on looking a virtual server up costs less than scanning as many rules.
constexpr std::uint32_t kManyServices = 500;

bool is_plain(const LabCase& one) {
  return !one.cold && one.placement == Placement::OneCpu && one.bytes == 1 && one.setup.nodes == 2 &&
         one.setup.bridge && !one.setup.chained && one.setup.rules.transport == Transport::Tcp &&
         one.setup.rules.host_ports == 0;
}

bool between_pods(const LabCase& one) { return is_plain(one) && !one.client_host_network && !one.server_host_network; }

bool by_service(const LabCase& one) { return between_pods(one) && one.exposure == Exposure::ClusterIp; }

bool without_rules(const LabCase& one) { return one.setup.rules.proxy == LabProxy::None; }

/// Whether `upper` is `lower` but for what `change` makes of it.
bool differ_by(const LabCase& lower, const LabCase& upper, const std::function<void(LabCase&)>& change) {
  LabCase changed = lower;
  change(changed);
  return changed == upper && !(changed == lower);
}

struct Rule {
  const char* text;
  std::function<bool(const LabCase& lower, const LabCase& upper)> applies;
};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> list = {
      {"hosts below pods",
       [](const LabCase& lower, const LabCase& upper) {
         return is_plain(lower) && differ_by(lower, upper, [](LabCase& one) {
                  one.client_host_network = one.server_host_network = false;
                });
       }},
      {"pods without rules below pods by a Service",
       [](const LabCase& lower, const LabCase& upper) {
         return between_pods(lower) && without_rules(lower) && by_service(upper) &&
                lower.operation == upper.operation && lower.setup.fabric == upper.setup.fabric &&
                lower.requests == upper.requests;
       }},
      {"a Service below the same over VXLAN",
       [](const LabCase& lower, const LabCase& upper) {
         return by_service(lower) && lower.setup.fabric == Fabric::HostRoutes &&
                differ_by(lower, upper, [](LabCase& one) { one.setup.fabric = Fabric::Vxlan; });
       }},
      {"pods below the same over VXLAN, without rules",
       [](const LabCase& lower, const LabCase& upper) {
         return between_pods(lower) && without_rules(lower) && lower.setup.fabric == Fabric::HostRoutes &&
                differ_by(lower, upper, [](LabCase& one) { one.setup.fabric = Fabric::Vxlan; });
       }},
      {"established packets: iptables below IPVS",
       [](const LabCase& lower, const LabCase& upper) {
         return by_service(lower) && lower.setup.rules.proxy == LabProxy::IptablesLegacy &&
                lower.operation == Operation::RoundTrip &&
                differ_by(lower, upper, [](LabCase& one) { one.setup.rules.proxy = LabProxy::Ipvs; });
       }},
      {"connects past many Services: IPVS below iptables",
       [](const LabCase& lower, const LabCase& upper) {
         return by_service(lower) && lower.setup.rules.proxy == LabProxy::Ipvs &&
                lower.setup.rules.position >= kManyServices && lower.operation == Operation::Connect &&
                differ_by(lower, upper, [](LabCase& one) { one.setup.rules.proxy = LabProxy::IptablesLegacy; });
       }},
      {"warm caches below swept ones",
       [](const LabCase& lower, const LabCase& upper) {
         return differ_by(lower, upper, [](LabCase& one) { one.cold = true; });
       }},
      {"connects past few Services below those past three times as many",
       [](const LabCase& lower, const LabCase& upper) {
         const LabRules& few = lower.setup.rules;
         const LabRules& many = upper.setup.rules;
         const bool scanned = few.proxy == LabProxy::IptablesLegacy || few.proxy == LabProxy::IptablesNft;
         return by_service(lower) && scanned && lower.operation == Operation::Connect &&
                many.position >= 3 * few.position && many.services >= std::max(kManyServices, 3 * few.services) &&
                differ_by(lower, upper, [&](LabCase& one) {
                  one.setup.rules.services = many.services;
                  one.setup.rules.position = many.position;
                });
       }},
  };
  return list;
}

}  // namespace

std::vector<OrderRelation> orders_of(std::span<const Measured> measured, const CostProfile& profile) {
  std::vector<OrderRelation> relations;
  for (const Rule& rule : rules()) {
    OrderRelation relation{.text = rule.text};
    for (const Measured& lower : measured) {
      for (const Measured& upper : measured) {
        if (!has_model(lower.lab_case) || !has_model(upper.lab_case)) continue;
        if (!rule.applies(lower.lab_case, upper.lab_case)) continue;
        ++relation.pairs;
        if (lower.p50.high < upper.p50.low) ++relation.measured;
        if (lower.p50.low > upper.p50.high) ++relation.reversed;
        if (predict_ns(lower.lab_case, profile) < predict_ns(upper.lab_case, profile)) ++relation.predicted;
      }
    }
    if (relation.pairs > 0) relations.push_back(relation);
  }
  return relations;
}

OrderRelation sum_of(std::span<const OrderRelation> orders) {
  OrderRelation all;
  for (const OrderRelation& one : orders) {
    all.pairs += one.pairs;
    all.measured += one.measured;
    all.reversed += one.reversed;
    all.predicted += one.predicted;
  }
  return all;
}

}  // namespace knetsim::lab
