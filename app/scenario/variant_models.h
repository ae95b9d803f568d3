#pragma once

#include <memory>

#include "app/scenario/bound_variant.h"
#include "models/cni/cni_model.h"
#include "models/proxy/portmap.h"
#include "models/proxy/proxy_model.h"
#include "models/service/datapath.h"
#include "sim/net/topology.h"
#include "sim/net/transport.h"

namespace knetsim {

/// "1.36" -> {1, 36}; of another form: zeros.
Version parse_version(const std::string& text);

/// Rules that kube-proxy would have on each node: the cluster's Services and the background ones. Where a policy Local
/// makes nodes differ, the mean over them, to the nearest; containers with hostPorts are those of the fullest node.
RuleSizes rule_sizes(const BoundVariant& variant);

/// Hosts and switches as the scenario asks for them; host i is node i.
Topology make_topology(const Scenario& scenario, const Cluster& cluster);

/// What the scenario sets the machines' TCP to.
TcpSettings tcp_settings(const ClusterSettings& cluster);

/// Models of the variant, as walks are described from them.
struct VariantModels {
  std::unique_ptr<ProxyModel> proxy;
  std::unique_ptr<CniModel> cni;
  PortMap host_ports{0, IptablesBackend::Legacy};
  RuleSizes sizes;
  Datapath datapath() const {
    const PortMap* ports = host_ports.containers() > 0 ? &host_ports : nullptr;
    return {.proxy = *proxy, .cni = *cni, .host_ports = {ports, ports, ports}};
  }
};
/// With rules of these sizes: rule_sizes(variant) as long as nothing has changed.
VariantModels make_models(const BoundVariant& variant, const RuleSizes& sizes);

}  // namespace knetsim
