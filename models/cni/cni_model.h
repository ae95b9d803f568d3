#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/walk/netfilter.h"
#include "sim/core/time.h"

namespace knetsim {

/// How the packets between pods of two nodes are carried.
struct Tunnel {
  Encapsulation encapsulation = Encapsulation::None;
  std::uint32_t header_bytes = 0;  ///< Per wire packet.
  bool tracked = true;             ///< The outer packets pass conntrack and the nat chains like any others of the node.
  explicit operator bool() const { return encapsulation != Encapsulation::None; }
  /// Whether conntrack has entries for each flow within.
  bool tracks_flows() const { return *this && tracked && !hides_flows(encapsulation); }
};

/// What a pod network is built from: `cluster.cni` of the scenario.
struct CniParams {
  std::string backend{};   ///< One of CniInfo::backends, by whichever key; empty: the first.
  bool notrack = false;    ///< The tunnel's own packets are exempt from conntrack (a NOTRACK rule in the raw table).
  bool masquerade = true;  ///< flannel's --ip-masq, which its manifests set. Other kinds never do.
  bool services_by_programs = false;  ///< The proxy mode needs no netfilter hook (Translation::Connect).
};

/// A pod network: what lies between a pod's socket and its node's IP stack, and how packets for other nodes' pods are
/// carried. It describes steps and schedules nothing.
class CniModel {
 public:
  virtual ~CniModel() = default;
  /// Steps from the pod's network namespace up to the node's IP stack.
  virtual void leave_pod(StepSink& sink) const = 0;
  /// Steps from the node's IP stack into the pod's network namespace.
  virtual void enter_pod(StepSink& sink) const = 0;
  /// Steps that a connection's first packet adds at either pod; none by default.
  virtual void track_connection(StepSink& /*sink*/) const {}
  /// Whether pods of one node are ports of one bridge, so that frames between them need no routing.
  virtual bool bridged() const = 0;
  /// Whether programs at its devices carry what pods send and receive past the node's IP stack, its netfilter hooks
  /// included.
  virtual bool skips_host_stack() const { return false; }
  /// Whether it masquerades at the edge of the pod network: what pods send to addresses that are no pod's, nodes'
  /// included, and what a node sends on to another node's pod for a source that is no pod.
  virtual bool masquerades() const { return false; }
  /// Whether an agent of Calico's, Felix, writes rules of iptables on every node, which the tunnel's packets pass too.
  virtual bool has_felix() const { return false; }
  /// How long after a packet for a pod that is gone its sender is told that there is no such host; nothing where the
  /// packet vanishes.
  virtual std::optional<Duration> unreachable_after() const { return std::nullopt; }
  /// The tunnel between nodes, if any.
  virtual Tunnel tunnel() const = 0;
  /// Steps that put a packet into the tunnel, and that take it out; the outer packet's passage through netfilter is the
  /// caller's.
  virtual void encapsulate(StepSink& sink) const = 0;
  virtual void decapsulate(StepSink& sink) const = 0;
  /// Largest IP packet of a pod, on an underlay of this MTU. 0: the header does not fit.
  std::uint32_t pod_mtu(std::uint32_t underlay_mtu) const {
    const std::uint32_t header = tunnel().header_bytes;
    return underlay_mtu > header ? underlay_mtu - header : 0;
  }
};

struct CniInfo {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  std::span<const std::string_view> backends;  ///< Empty: the kind has none to choose.
  std::string_view chosen_by = "backend";      ///< The key of `cluster.cni` that one is chosen by.
  std::string_view policy = "none";            ///< Who enforces NetworkPolicies where it is set up as usual.
  /// @throws std::invalid_argument  The backend is not one of `backends`.
  std::unique_ptr<CniModel> (*make)(const CniParams&);
};

/// The table of pod networks, in the order in which they are shown. Adding one adds a line in builtin.cpp.
std::span<const CniInfo> cni_kinds();
/// nullptr for an unknown name.
const CniInfo* cni_kind_named(std::string_view name);

}  // namespace knetsim
