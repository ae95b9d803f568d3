#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "models/cost/cost_profile.h"
#include "models/service/datapath.h"
#include "models/walk/compile.h"
#include "sim/net/plan.h"

namespace knetsim {

/// The plans of every class of flow that has been asked for, described and compiled once for each epoch of the rules.
/// An entry's address never changes, and it stays when its epoch is over: connections of that time refer to it.
class PlanBook {
 public:
  struct Entry {
    FlowPlans plans;
    std::vector<NodeRole> nodes;  ///< Machines from client to server.
    std::array<Walk, static_cast<std::size_t>(PacketClass::kCount)> walks;
  };

  /// @param mtu  Of the underlay. What the references and `datapath` point to outlives the book.
  PlanBook(const Datapath& datapath, const CostProfile& profile, const PlanTables& tables, std::uint32_t mtu)
      : datapath_(datapath), profile_(profile), tables_(tables), mtu_(mtu) {}

  const Entry& at(const FlowClass& flow);

  /// The models describe other walks from now on: an epoch ends. `datapath` replaces the old one.
  void renew(const Datapath& datapath);
  /// Plans of this epoch for a connection that was handed `plans`, in whichever epoch.
  const FlowPlans& current(const FlowPlans& plans) {
    return plans.epoch == epoch_ ? plans : at(known(plans).flow).plans;
  }

  struct Known {
    FlowClass flow;
    const Entry* entry = nullptr;
  };
  /// Whose plans these are, for one who was handed a connection. @pre They are of this book.
  Known known(const FlowPlans& plans) const;

 private:
  std::optional<Datapath> datapath_;  // always there; Datapath has references, so it is not assigned but replaced
  const CostProfile& profile_;
  const PlanTables& tables_;
  std::uint32_t mtu_;
  using Entries = std::map<FlowClass, std::unique_ptr<Entry>>;
  Entries entries_;
  std::vector<Entries> retired_;  // by epoch
  std::uint32_t epoch_ = 0;
};

}  // namespace knetsim
