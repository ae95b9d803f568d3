#pragma once

#include <cstdint>
#include <unordered_set>

#include "models/workload/spec.h"
#include "sim/core/hash.h"

namespace knetsim {

/// The sessions that clients have of servers, which they resume instead of shaking hands anew. None ends within a run: tickets
/// and caches last minutes to hours.
class TlsSessions {
 public:
  bool has(SessionScope scope, EdgeIndex edge, PodIndex client, PodIndex server) const {
    return scope != SessionScope::None && made_.contains(key(scope, edge, client, server));
  }
  void made(SessionScope scope, EdgeIndex edge, PodIndex client, PodIndex server) {
    if (scope != SessionScope::None) made_.insert(key(scope, edge, client, server));
  }

 private:
  static std::uint64_t key(SessionScope scope, EdgeIndex edge, PodIndex client, PodIndex server) {
    return hash_combine(client_key(edge, client), scope == SessionScope::Server ? server : kNoIndex);
  }
  std::unordered_set<std::uint64_t> made_;  // looked up, never iterated
};

}  // namespace knetsim
