#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "models/walk/netfilter.h"
#include "models/walk/walk.h"
#include "sim/net/plan.h"

namespace knetsim {

/// The engine's index of a symbol: its flow symbols are the connection's, its machine symbols the node's.
constexpr SymbolIndex symbol_index(Symbol symbol) {
  return is_of_node(symbol) ? static_cast<SymbolIndex>(kFlowSymbols + static_cast<std::size_t>(symbol) -
                                                       static_cast<std::size_t>(kFirstOfNode))
                            : static_cast<SymbolIndex>(symbol);
}
static_assert(static_cast<std::size_t>(kLastOfConnection) < kFlowSymbols && kLastOfConnection < kFirstOfNode);
static_assert(symbol_index(kLastOfNode) < kFlowSymbols + kMachineSymbols);

/// The symbols of a node whose rules have these sizes.
MachineSymbols symbols_of(const RuleSizes& sizes);

/// Of the rules in KUBE-NODEPORTS up to the one at `position`, how many are of that port's transport: where the others
/// stand in any order, the mean.
double node_ports_alike(double position, const RuleSizes& sizes, Transport transport);

/// Sets a symbol of the node in what the engine knows of a machine.
inline void set(MachineSymbols& machine, Symbol symbol, double value) {
  machine[symbol_index(symbol) - kFlowSymbols] = static_cast<float>(value);
}

/// Values of one connection's symbols, and of those of the nodes that it passes; each at least 0.
struct Bindings {
  FlowSymbols connection{};
  std::array<MachineSymbols, 3> node{};  ///< By NodeRole.

  /// Of the connection's own.
  float& operator[](Symbol symbol) { return connection[symbol_index(symbol)]; }
  float operator[](Symbol symbol) const { return connection[symbol_index(symbol)]; }
  /// Of any, at a machine.
  double at(Symbol symbol, NodeRole machine) const {
    return symbol_value(symbol_index(symbol), connection, node[static_cast<std::size_t>(machine)]);
  }
  /// The same at every machine.
  void set_everywhere(const MachineSymbols& machine) { node.fill(machine); }
};

/// The count at a machine; never below 0.
double value_of(const Count& count, const Bindings& bindings, NodeRole machine);

/// "k" for ServicePosition and so on, as in formulas; "" for None.
std::string_view symbol_letter(Symbol symbol);

/// Which of a walk's rules to count.
struct RuleFilter {
  std::optional<NodeRole> node{};     ///< Empty: every machine.
  RuleTable table = RuleTable::None;  ///< None: every table.
  bool outer_untracked = false;       ///< With the rules that a tunnel's untracked outer packets meet.
};

/// Rules that the walk's own packet evaluates (iptables rules of either back end and nftables rules; lookups are no
/// rules). Rules that ACKs and other unawaited packets meet are not counted.
double rules_evaluated(const Walk& walk, const Bindings& bindings, const RuleFilter& filter = {});

}  // namespace knetsim
