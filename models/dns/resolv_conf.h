#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/cluster/cluster.h"
#include "sim/core/time.h"

namespace knetsim {

/// Whose resolver a program has. They read the same file in different ways.
enum class Libc : std::uint8_t { Glibc, Musl };

/// A pod's /etc/resolv.conf, as the resolver of its C library takes it.
struct ResolvConf {
  bool asks_cluster = true;              ///< Its first nameserver is the cluster's; else what `nameservers` says.
  std::vector<std::string> nameservers;  ///< Stated by the pod, without the cluster's.
  std::vector<std::string> search;       ///< Domains, without a dot at their end.
  std::uint32_t ndots = 1;               ///< A name with fewer dots is tried below the search domains first.
  Duration timeout = std::chrono::seconds(5);
  std::uint32_t attempts = 2;
  bool single_request = false;         ///< A and AAAA one after the other (glibc alone; likewise).
  bool single_request_reopen = false;  ///< The same, each from a socket of its own.
  bool no_aaaa = false;                ///< AAAA is not asked for.
  bool use_vc = false;                 ///< TCP.
  bool operator==(const ResolvConf&) const = default;
};

/// What the resolvers of a cluster have in common.
struct DnsDomain {
  std::string domain = "cluster.local";
  std::vector<std::string> host_search{};  ///< Of the nodes' own resolv.conf.
  std::vector<std::string> addresses{};    ///< At which pods ask the cluster's DNS.
};

/// What the kubelet writes into a pod's resolv.conf, and what its C library takes from it.
///
/// A pod with the policy Default, or in its node's network with ClusterFirst, has its node's own file: `asks_cluster` is
/// false then, as it is where the policy None names another server first.
/// @source k/k pkg/kubelet/network/dns/dns.go, GetPodDNS; limits: glibc resolv/res_init.c (RES_MAXNDOTS 15,
///         RES_MAXRETRANS 30, RES_MAXRETRY 5; no-aaaa from 2.36), musl src/network/resolvconf.c (15, 60, 10; lines of more than 254
///         characters are ignored).
ResolvConf resolv_conf(const PodSpec& pod, std::string_view ns, const DnsDomain& cluster, Libc libc);

}  // namespace knetsim
