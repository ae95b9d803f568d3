#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/time.h"

namespace knetsim {

/// How the controller of a proxy that balances by itself brings changed endpoints to it.
struct ConfigUpdatePolicy {
  /// From an update to the next, at least: the first change after a longer while is taken up at once, and what changes
  /// in between comes with the next one.
  Duration min_interval{};
  Duration poll{};  ///< So often the proxy looks for one, from an instant of its own on; zero: it is handed over.

  bool operator==(const ConfigUpdatePolicy&) const = default;
};

/// Which version of the endpoints such proxies have. All controllers hear of a version when it is published, and so make
/// the same updates.
/// Left out: how long an update takes, and updates for other objects' sake, which hold up those of endpoints.
class ConfigUpdates {
 public:
  explicit ConfigUpdates(const ConfigUpdatePolicy& policy) : policy_(policy) {}

  const ConfigUpdatePolicy& policy() const { return policy_; }
  /// The last version that published() was told of; 0 before the first.
  std::uint64_t heard() const { return heard_; }
  /// @pre Versions come one after the other, from 1 on, at times that do not fall.
  void published(std::uint64_t version, Time at);
  /// The version that a proxy has. @param phase  From the start of the run to an instant at which it looks; in [0, poll).
  std::uint64_t known(Duration phase, Time now) const;

 private:
  struct Update {
    Time at{};
    std::uint64_t version = 0;
  };

  ConfigUpdatePolicy policy_;
  std::uint64_t heard_ = 0;
  std::vector<Update> updates_;  ///< In the order of their times; the last one may be yet to come.
};

}  // namespace knetsim
