#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "models/cluster/endpoints.h"
#include "models/walk/walk.h"
#include "sim/core/random.h"
#include "sim/core/time.h"

namespace knetsim {

/// A connection that a node is about to send to one of a Service's endpoints.
struct NewConnection {
  std::uint64_t id = 0;      ///< What is drawn belongs to it.
  std::uint64_t server = 0;  ///< Which virtual server is asked: a Service port, the way in and the node.
  bool by_nic = false;       ///< The node that chooses has it from another machine, by its NIC.
  /// Addresses of its packets as the node has them, where the chooser looks at them.
  IpAddress source{};
  IpAddress destination{};
};

/// How the nodes of a run pick endpoints for new connections. An object with state, that the proxy mode makes for each
/// run: some draw, some count what they have chosen before.
class EndpointChooser {
 public:
  virtual ~EndpointChooser() = default;
  /// The index of the one chosen. @pre There is one.
  virtual std::uint32_t choose(const NewConnection& connection, std::span<const Endpoint> endpoints, Time now) = 0;
  /// Of `endpoints`, how many it looks at for one connection: the value of Symbol::IpvsDestinations.
  virtual double looked_at(std::uint32_t /*endpoints*/) const { return 1; }
  /// Whether it asks a NewConnection for its addresses.
  virtual bool reads_addresses() const { return false; }
  /// A connection to the endpoint has begun at a virtual server ...
  virtual void opened(std::uint64_t /*server*/, PodIndex /*endpoint*/, Transport /*transport*/) {}
  /// ... and has been closed at both ends.
  virtual void closed(std::uint64_t /*server*/, PodIndex /*endpoint*/, Transport /*transport*/, Time /*now*/) {}
};

/// What is drawn for the endpoint of a connection, whoever draws.
inline constexpr Purpose kEndpointDraw("proxy.endpoint");

/// Any of them, with equal chances: what rules do.
std::unique_ptr<EndpointChooser> random_chooser(RandomStreams streams);

}  // namespace knetsim
