#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/experiment/simulation.h"
#include "models/service/plan_book.h"
#include "models/walk/bindings.h"
#include "models/walk/walk_table.h"

namespace knetsim {

/// Where in the chains that it searches a connection finds its rules: kube-proxy's order is random, so that a Service
/// stands anywhere.
enum class RulePosition : std::uint8_t { First, Middle, Last };

/// Nothing is called so, or nobody answers there.
class NoSuchConnection : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct TraceRequest {
  std::string from;        ///< A workload of the scenario, a Deployment or the like, or a pod; "namespace/name" too.
  std::string to;          ///< The same, or a Service; with ":port"; or a target as in a scenario, "nodePort:frontend".
  bool udp = false;        ///< Of a target that no workload or app of the scenario calls.
  bool same_node = false;  ///< Prefers a server on the client's node; else the one farthest away.
  std::optional<Bytes> request;  ///< Payload; else the mean of what the scenario sends.
  std::optional<Bytes> response;
  RulePosition position = RulePosition::Middle;
};

/// One connection as a variant would open it, and all that its walks are made from.
struct TracedConnection {
  const BoundVariant* variant = nullptr;
  std::string
      edge;  ///< "browse", "frontend > cart": whose connection it is; empty if nothing in the scenario opens it.
  PodIndex client = kNoIndex;
  PodIndex server = kNoIndex;
  EdgeTarget target;
  FlowClass flow;
  std::array<NodeIndex, 3> nodes{};  ///< By NodeRole; kNoIndex where the walk does not pass it.
  Bindings bindings;
  RuleSizes sizes;
  std::uint32_t endpoints = 0;  ///< Of the list from which the server was chosen.
  Bytes request;
  Bytes response;
  std::array<Walk, static_cast<std::size_t>(PacketClass::kCount)> walks;
  std::array<MessageSize, static_cast<std::size_t>(PacketClass::kCount)> message_sizes;
  /// What the edge's clients ask for the name first, a line for each question; empty where they look up none.
  std::vector<std::string> questions;
  std::string policies;   ///< What network policies say of it; empty where nobody enforces any.
  std::string forbidden;  ///< What they forbid of what was asked for beside it; empty where they do not.

  const Walk& walk(PacketClass packet) const { return walks[static_cast<std::size_t>(packet)]; }
  const MessageSize& size(PacketClass packet) const { return message_sizes[static_cast<std::size_t>(packet)]; }
};

/// Finds the connection from one workload to another. What the scenario itself opens between them comes first, with the
/// exposure (ClusterIP, hostPort ...) that the variant uses; else `to` is looked up as a Service, then as pods.
/// @throws NoSuchConnection  No such name, with a near one; nobody answers.
TracedConnection find_connection(const BoundVariant& variant, const TraceRequest& request);

}  // namespace knetsim
