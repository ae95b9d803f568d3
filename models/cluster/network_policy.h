#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "models/cluster/ip_address.h"
#include "models/cluster/labels.h"
#include "models/cluster/selector.h"
#include "sim/input/document.h"

namespace knetsim {

// NetworkPolicy of networking.k8s.io/v1, as its objects state it (k/k staging/src/k8s.io/api/networking/v1/types.go).

enum class Protocol : std::uint8_t;

/// Ports of a rule: one by its number or its name, or a range of them.
struct PolicyPort {
  Protocol protocol{};
  std::uint16_t first = 0;  ///< 0, without a name: every port.
  std::uint16_t last = 0;
  std::string_view name{};  ///< Of a container port of the pod that is asked; "" where numbers are stated.
};

/// Addresses of IPv4. A block of IPv6 is kept as one that holds none of the addresses that traffic has here.
struct IpBlock {
  std::optional<Cidr> block{};
  std::vector<Cidr> except{};
};

/// Who is at the other end: pods of namespaces, or addresses.
struct PolicyPeer {
  std::optional<Selector> pods{};        ///< Absent: all of those namespaces.
  std::optional<Selector> namespaces{};  ///< Absent: the policy's own.
  std::optional<IpBlock> addresses{};    ///< Instead of the others.
};

/// Allows what is of one of the peers and at one of the ports.
struct PolicyRule {
  std::vector<PolicyPeer> peers{};  ///< None: anybody.
  std::vector<PolicyPort> ports{};  ///< None: every port.
};

struct NetworkPolicy {
  std::string_view ns{};
  std::string_view name{};
  Selector pods{};  ///< Of its namespace: whom it isolates.
  bool ingress = true;
  bool egress = false;
  std::vector<PolicyRule> ingress_rules{};
  std::vector<PolicyRule> egress_rules{};
  Mark mark{};  ///< Of its name.
};

/// A Namespace that has an object.
struct NamespaceLabels {
  std::string_view name{};
  LabelSetId labels = 0;
};

}  // namespace knetsim
