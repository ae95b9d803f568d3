#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/cluster/endpoint_hints.h"
#include "models/proxy/endpoint_categories.h"
#include "models/proxy/endpoint_chooser.h"
#include "models/proxy/felix_rules.h"
#include "models/walk/netfilter.h"

namespace knetsim {

/// Versions that a mode's rule layout depends on (Kubernetes 1.36 is {1, 36}; kernel 6.18 is {6, 18}).
struct Version {
  int major = 0;
  int minor = 0;
  auto operator<=>(const Version&) const = default;
};

enum class IptablesBackend : std::uint8_t { Legacy, Nft };

/// What only some clusters have: addresses beside ClusterIPs and node ports', and others who write rules. Only then rules
/// that every packet meets for them are learned (CanonicalNodes), so that what nobody has is no step of anybody's walk.
struct SpecialAddresses {
  bool firewalled = false;      ///< A load balancer's with source ranges.
  bool external_ips = false;    ///< One of externalIPs.
  bool load_balancers = false;  ///< A load balancer's that nodes have rules for.
  std::optional<FelixOptions>
      felix{};  ///< Beside addresses: Calico's agent writes rules on the nodes, by pods' devices.
};

/// What a mode is built from: versions, and what the scenario chooses among a mode's own parameters.
struct ProxyParams {
  Version kubernetes{1, 36};
  Version kernel{6, 18};
  std::map<std::string, std::string, std::less<>> choices{};  ///< By ModeParam::key.
  SpecialAddresses special{};
  bool large_cluster = false;  ///< Of more than kLargeClusterEndpoints endpoints, whose rules have no comments.

  /// What is chosen for the parameter; its fallback where nothing is.
  std::string_view choice(std::string_view key, std::string_view fallback) const {
    const auto found = choices.find(key);
    return found == choices.end() ? fallback : std::string_view(found->second);
  }
};

/// CPU seconds that one kube-proxy sync takes: one of every rule, and one after a change to a single Service.
struct SyncCost {
  double full_seconds = 0;
  double partial_seconds = 0;
};

/// Where a mode sends a new connection to its endpoint.
enum class Translation : std::uint8_t {
  None,        ///< Nowhere: Services are not served.
  Connect,     ///< In the client's system call where ProxyModel::in_socket() says so: its packets carry the endpoint's
               ///< address from the start; else in programs of devices, packet by packet.
  Prerouting,  ///< At PREROUTING, or OUTPUT for the node's own processes, by conntrack's NAT.
  Input,       ///< At INPUT, the Service's addresses being the node's own (IPVS): a packet to a Service (destination
               ///< ClusterIp, or a node port of this node) passes INPUT, OUTPUT and POSTROUTING where other modes have
               ///< FORWARD and POSTROUTING, and so does every later packet in that direction.
};

/// Ways in.
class ExposureSet {
 public:
  constexpr ExposureSet(std::initializer_list<Exposure> all) {
    for (const Exposure one : all) bits_ |= bit(one);
  }
  constexpr bool contains(Exposure one) const { return (bits_ & bit(one)) != 0; }

 private:
  static constexpr unsigned bit(Exposure one) { return 1U << static_cast<unsigned>(one); }
  unsigned bits_ = 0;
};

/// Something that a mode leaves to the scenario: a key of `cluster.proxy`, with its default and what may stand there.
struct ModeParam {
  struct Value {
    std::string name;
    std::string summary;
  };
  std::string key;
  std::string fallback;
  std::string doc;
  std::string source{};
  std::vector<Value> values;
  bool of_host_ports = false;  ///< portmap's rules go by it too, whatever the mode.
};

struct ProxyInfo;
struct Service;

/// A kube-proxy mode: what its rules do to a packet at each netfilter hook. It describes steps and changes the packet;
/// it schedules nothing. Counts are linear in symbols (Symbol), so that one instance stands for the rules of every node at
/// any time.
class ProxyModel {
 public:
  virtual ~ProxyModel() = default;
  /// The mode that it is a model of. @pre It was made by make_proxy().
  const ProxyInfo& info() const { return *info_; }
  /// Steps that this mode's rules add at `hook`, in order; changes `packet` as they do. Conntrack's own work is the
  /// caller's, NatSetup and NatMangle included.
  virtual void at_hook(Hook hook, HookPacket& packet, StepSink& sink) const = 0;
  /// Whether it translates what a client asks in the client's own system call, so that the client's node chooses,
  /// whichever node's port is asked: for a pod, or for a process of the node. Of host ports those of the own node alone.
  /// By default never.
  virtual bool in_socket(Exposure /*exposure*/, bool /*host_network*/) const { return false; }
  /// Steps of its programs at a socket's system call; none by default.
  virtual void at_socket(SocketHook /*hook*/, const HookPacket& /*packet*/, StepSink& /*sink*/) const {}
  /// Steps of its programs at a device, which may translate the packet and send it on; none by default. They see every
  /// packet, whatever conntrack knows: what they did to a connection's first packet they do to each.
  virtual void at_device(DeviceHook /*hook*/, HookPacket& /*packet*/, StepSink& /*sink*/) const {}
  /// Which of a Service port's endpoints one who asks is sent to. By default as the rules of the iptables and the
  /// nftables mode have it: refused where there is no endpoint at all, dropped where the policy finds none.
  virtual Reach reach(const Asking& asking, const EndpointCounts& known) const;
  /// Which topology hints of a Service's endpoints it looks at. By default those that kube-proxy of its version does: from
  /// 1.24 on those for zones, up to 1.30 only of Services with the annotation; from 1.34 on those for nodes too.
  /// @source k/k pkg/proxy/topology.go, filterEndpointsWithHints, canUseTopology, topologyModeFromHints
  virtual HintsRead hints_read(const Service& service) const;
  /// Why it does not look at the hints of a Service, and what would have it do so: for a person.
  struct Unread {
    std::string why;
    std::string accepted;
  };
  virtual Unread unread_hints(const Service& service) const;
  /// How it picks endpoints, for one run. By default with equal chances.
  virtual std::unique_ptr<EndpointChooser> make_chooser(RandomStreams streams) const { return random_chooser(streams); }
  /// Whether session affinity knows a client by the virtual server that it asked; else by the Service port, whichever
  /// way it was asked.
  virtual bool remembers_by_virtual_server() const { return false; }
  /// Clients that session affinity remembers for one endpoint on one node; 0: the mode has no affinity.
  virtual std::uint32_t clients_remembered() const { return std::numeric_limits<std::uint32_t>::max(); }
  /// On a node whose rules have these sizes.
  virtual SyncCost sync_cost(const RuleSizes& sizes) const = 0;

 private:
  friend std::unique_ptr<ProxyModel> make_proxy(std::string_view mode, const ProxyParams& params);
  const ProxyInfo* info_ = nullptr;
  Version kubernetes_{1, 36};
};

/// A mode as it describes itself. Nothing else asks which one it is: scenario keys, their explanation, schema and what is
/// told of idle ones, targets that it does not serve and walks all follow from this.
struct ProxyInfo {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  std::vector<ModeParam> params{};
  ExposureSet serves;
  Translation translation{};
  Version external_ips_since{};    ///< Of Kubernetes: older rules for external IPs are not described.
  bool in_iptables = false;        ///< Its rules are among those of iptables, where others may write in front of them.
  bool kube_proxy = true;          ///< Whether there is a kube-proxy, which raises conntrack's limit too.
  bool host_ports = false;         ///< Whether it serves host ports itself, in portmap's place.
  bool own_tables = false;         ///< Whether its rules stand in tables of its own, beside iptables' filter and nat.
  bool ranges_hold_inside = true;  ///< A load balancer's source ranges hold for the cluster's own clients too; ...
  Version ranges_hold_on_nodes_since{};  ///< ... for nodes' own processes from this Kubernetes on.
  Version since_kubernetes{};            ///< Older ones, and older kernels, do not have it.
  Version since_kernel{};
  std::unique_ptr<ProxyModel> (*make)(const ProxyParams&);

  /// Whether conntrack has a NAT binding for every new connection, an empty one where nothing matches: nat chains are
  /// registered.
  bool has_nat() const { return translation == Translation::Prerouting || translation == Translation::Input; }
};

/// The table of modes, in the order in which they are shown. Adding a mode adds a line in builtin.cpp.
std::span<const ProxyInfo> proxy_modes();
/// nullptr for an unknown name.
const ProxyInfo* proxy_mode_named(std::string_view name);
/// A model of the mode. @pre There is one of this name.
std::unique_ptr<ProxyModel> make_proxy(std::string_view mode, const ProxyParams& params = {});

}  // namespace knetsim
