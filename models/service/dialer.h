#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster/cluster.h"
#include "models/cluster/pod_states.h"
#include "models/proxy/proxy_model.h"
#include "models/service/connection_symbols.h"
#include "models/service/edge_target.h"
#include "models/service/flow_tuple.h"
#include "models/service/kernel_tables.h"
#include "models/service/plan_book.h"
#include "models/service/policy_gate.h"
#include "models/service/resolver.h"
#include "models/service/service_chooser.h"
#include "models/service/table_needs.h"
#include "models/workload/dial.h"
#include "sim/core/random.h"

namespace knetsim {

struct DialerOptions {
  ConnectionSymbols::Options symbols{};
  std::uint32_t node_pairs = 1;                 ///< That connections run between.
  bool cni_masquerades = false;                 ///< CniModel::masquerades()
  const PodStates* pods = nullptr;              ///< What is true of pods at the moment; null: all answer.
  const NodeBalancer* balancer = nullptr;       ///< Of the load balancers that are asked; null where none is.
  std::optional<Duration> unreachable_after{};  ///< CniModel::unreachable_after()
  KernelTables* tables = nullptr;               ///< Of the kernels' that may fill up; null where none may.
  TableLimits table_limits{};                   ///< Where there are `tables`.
  PolicyGate* policies = nullptr;               ///< Network policies that somebody enforces; null where nobody does.
};

/// Opens connections by the rules of exposure types and of the proxy mode: who may answer, who does, what class of flow
/// that is, what its symbols are and which tuple it has.
class ServiceDialer final : public Dialer {
 public:
  /// All references outlive the dialer. @param targets  shape (edges,)
  /// @param endpoints  Of this run: what nodes know may change under it.
  ServiceDialer(const Cluster& cluster, const EndpointViews& endpoints, std::vector<EdgeTarget> targets, PlanBook& book,
                const ProxyModel& proxy, RandomStreams streams, const DialerOptions& options);

  Dial dial(EdgeIndex edge, PodIndex client, std::uint64_t id, Time now) override;
  Dial dial_to(EdgeIndex edge, PodIndex client, PodIndex server, std::uint64_t id, Time now) override;
  std::span<const Endpoint> endpoints(EdgeIndex edge, PodIndex client, Time now) override;
  void hung_up(EdgeIndex edge, HostId chosen_at, PodIndex server, Time now) override;
  void released(std::uint32_t holds, ConnectionEnd how, Time now) override { tables_->release(holds, how, now); }
  HostId leads_to(EdgeIndex edge, std::uint32_t path) const override {
    return resolver_.leads_to(targets_[edge], path);
  }

 private:
  /// A connection to the endpoint that was chosen.
  Dial open(EdgeIndex edge, const EdgeTarget& target, PodIndex client, const Candidates& candidates,
            const Chosen& chosen, std::uint64_t id, Time now);
  /// What becomes of a connection to a pod that does not answer; without a flow where its node does not know it.
  Dial to_silent_pod(const EdgeTarget& target, PodIndex server, Time now) const;
  bool is_stale(const EdgeTarget& target, PodIndex server) const;
  /// Rules that the packets which open the flow evaluate.
  double opening_rules(const PlanBook::Entry& entry, const FlowSpec& flow) const;

  const Cluster& cluster_;
  const EndpointViews& endpoints_;
  const PodStates* pods_;
  std::optional<Duration> unreachable_after_;
  std::vector<EdgeTarget> targets_;
  PlanBook& book_;
  RandomStreams streams_;
  Resolver resolver_;
  ServiceChooser chooser_;
  ConnectionSymbols symbols_;
  OuterTuples outer_tuples_;
  KernelTables* tables_;
  TableNeeds needs_;
  PolicyGate* policies_;
};

}  // namespace knetsim
