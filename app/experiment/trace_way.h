#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/experiment/trace_connection.h"

namespace knetsim {

/// By what somebody on the way decides where a request goes on.
enum class Decision : std::uint8_t {
  Routing,    ///< The address: layer 3.
  Balancing,  ///< Addresses and ports, one of several: layer 4.
  Content,    ///< What the request says: layer 7.
};
std::string_view to_text(Decision decision);

struct Hop {
  std::string at;  ///< Who decides: "load balancer", "node-2", a pod.
  Decision decision{};
  std::string what;  ///< "Service shop/web, one of 3 endpoints".
};

/// The way of a request that is asked by URL, from decision to decision; empty for a connection that no proxy ends.
std::vector<Hop> way_of(const TracedConnection& connection);

}  // namespace knetsim
