#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "models/cost/cost_profile.h"
#include "models/service/datapath.h"
#include "models/service/path_mtu.h"
#include "models/walk/compile.h"
#include "sim/net/plan.h"

namespace knetsim {

/// The plans of every class of flow that has been asked for, described and compiled once: what nodes have is not in them
/// but bound to their symbols. An entry's address never changes.
class PlanBook {
 public:
  /// Rules that the packets which open a connection evaluate.
  struct OpeningRules {
    std::array<Count, 3> tracked{0, 0, 0};    ///< At each NodeRole's machine.
    std::array<Count, 3> untracked{0, 0, 0};  ///< Those more that a tunnel's outer packets meet where they are new.

    /// @param node  Symbols of each NodeRole's machine.
    double value(const FlowSymbols& connection, const std::array<const MachineSymbols*, 3>& node,
                 double outer_untracked) const;
  };
  struct Entry {
    FlowPlans plans;
    OpeningRules opening;
    std::vector<NodeRole> nodes;  ///< Machines from client to server.
    std::uint32_t fits = 0;       ///< FlowMtu::fits
    std::array<Walk, static_cast<std::size_t>(PacketClass::kCount)> walks;
  };

  /// What the references and `datapath` point to outlives the book.
  PlanBook(const Datapath& datapath, const CostProfile& profile, const PlanTables& tables, const PathMtu& mtu)
      : datapath_(datapath), profile_(profile), tables_(tables), mtu_(mtu) {}

  const Entry& at(const FlowClass& flow);

  struct Known {
    FlowClass flow;
    const Entry* entry = nullptr;
  };
  /// Whose plans these are, for one who was handed a connection. @pre They are of this book.
  Known known(const FlowPlans& plans) const;

 private:
  Datapath datapath_;
  const CostProfile& profile_;
  const PlanTables& tables_;
  PathMtu mtu_;
  std::map<FlowClass, std::unique_ptr<Entry>> entries_;
};

}  // namespace knetsim
