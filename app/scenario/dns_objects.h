#pragma once

#include <string>
#include <vector>

#include "app/scenario/dns_keys.h"

namespace knetsim {

/// What the keys ask to be made, in YAML: CoreDNS' Deployment and Service as kubeadm has them, and those of the nodes'
/// caches, which have a Service of their own in front of kubeadm's CoreDNS.
/// @source k/k cmd/kubeadm/app/phases/addons/dns/manifests.go; cluster/addons/dns/nodelocaldns/nodelocaldns.yaml
std::vector<std::string> made_dns_objects(const ClusterDnsKeys& keys);

}  // namespace knetsim
