#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/proxy/endpoint_categories.h"
#include "models/walk/netfilter.h"

namespace knetsim {

/// Versions that a mode's rule layout depends on (Kubernetes 1.36 is {1, 36}; kernel 6.18 is {6, 18}).
struct Version {
  int major = 0;
  int minor = 0;
  auto operator<=>(const Version&) const = default;
};

enum class IptablesBackend : std::uint8_t { Legacy, Nft };

/// What a mode is built from: `cluster.proxy` of the scenario, with versions.
struct ProxyParams {
  Version kubernetes{1, 36};
  Version kernel{6, 18};
  IptablesBackend backend = IptablesBackend::Legacy;
  std::string scheduler = "rr";  ///< IPVS
  RuleSizes sizes;
};

/// How a mode picks the endpoint of a new connection.
enum class Selection : std::uint8_t {
  Random,
  RoundRobin,
  LeastConnection,
  SourceHash,
  DestinationHash,
  ShortestDelay,
  NeverQueue,
  WeightedRoundRobin,
  WeightedLeastConnection
};

/// A kube-proxy mode: what its rules do to a packet at each netfilter hook. It describes steps and changes the packet;
/// it schedules nothing. One instance stands for one node's rules at one version of the view.
class ProxyModel {
 public:
  virtual ~ProxyModel() = default;
  /// Steps that this mode's rules add at `hook`, in order; changes `packet` as they do. Conntrack's own work is the
  /// caller's, NatSetup and NatMangle included.
  virtual void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const = 0;
  /// Whether a Service's addresses are addresses of the node itself and the endpoint is chosen at the INPUT hook
  /// (IPVS): a packet to a Service (destination ClusterIp, or a node port of this node) then passes INPUT, OUTPUT and
  /// POSTROUTING where other modes have FORWARD and POSTROUTING, and so does every later packet in that direction.
  virtual bool translates_at_input() const { return false; }
  /// Whether this mode registers nat chains, so that a new connection gets a NAT binding (an empty one where none
  /// matches).
  virtual bool has_nat() const { return true; }
  virtual Selection selection() const = 0;
  /// Which of a Service port's endpoints one who asks is sent to. By default as the rules of the iptables and the
  /// nftables mode have it: refused where there is no endpoint at all, dropped where the policy finds none.
  virtual Reach reach(const Asking& asking, const EndpointCounts& known) const;
  /// Destinations that the scheduler looks at for one new connection among `endpoints`: the value of
  /// Symbol::IpvsDestinations.
  virtual double destinations_scanned(std::uint32_t /*endpoints*/) const { return 1; }
  /// Clients that session affinity remembers for one endpoint on one node.
  virtual std::uint32_t clients_remembered() const { return std::numeric_limits<std::uint32_t>::max(); }
  /// CPU seconds of one sync of all rules, and of one that changes a single Service.
  virtual double full_sync_seconds() const = 0;
  virtual double partial_sync_seconds() const = 0;
};

struct ProxyInfo {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  std::unique_ptr<ProxyModel> (*make)(const ProxyParams&);
};

/// The table of modes, in the order in which they are shown. Adding a mode adds a line in builtin.cpp.
std::span<const ProxyInfo> proxy_modes();
/// nullptr for an unknown name.
const ProxyInfo* proxy_mode_named(std::string_view name);

}  // namespace knetsim
