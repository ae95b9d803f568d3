#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/cluster/cluster.h"
#include "models/proxy/proxy_model.h"
#include "sim/core/ensure.h"

namespace knetsim {

// One function a mode, each in the file of its name.
ProxyInfo ebpf_info();
ProxyInfo iptables_info();
ProxyInfo ipvs_info();
ProxyInfo nftables_info();
ProxyInfo none_info();

std::span<const ProxyInfo> proxy_modes() {
  static const std::array modes = {iptables_info(), ipvs_info(), nftables_info(), ebpf_info(), none_info()};
  return modes;
}

const ProxyInfo* proxy_mode_named(std::string_view name) {
  const std::span<const ProxyInfo> modes = proxy_modes();
  const auto found = std::find_if(modes.begin(), modes.end(), [&](const ProxyInfo& mode) { return mode.name == name; });
  return found == modes.end() ? nullptr : &*found;
}

std::unique_ptr<ProxyModel> make_proxy(std::string_view mode, const ProxyParams& params) {
  const ProxyInfo* info = proxy_mode_named(mode);
  KNETSIM_ENSURE(info != nullptr, "no such proxy mode");
  std::unique_ptr<ProxyModel> model = info->make(params);
  model->info_ = info;
  model->kubernetes_ = params.kubernetes;
  return model;
}

HintsRead ProxyModel::hints_read(const Service& service) const {
  const auto since = [this](int minor) { return kubernetes_ >= Version{1, minor}; };
  if (!since(kTopologyHints)) return HintsRead::None;
  if (since(kTrafficDistribution)) return since(kSameDistribution) ? HintsRead::ZonesAndNodes : HintsRead::Zones;
  // Any word but Disabled will do from topology-mode on; before, Auto alone.
  const bool asks = service.topology_mode == TopologyMode::Auto ||
                    (service.topology_mode == TopologyMode::Other && since(kTopologyMode));
  return asks ? HintsRead::Zones : HintsRead::None;
}

ProxyModel::Unread ProxyModel::unread_hints(const Service& service) const {
  const std::string own = fmt::format("kube-proxy {}.{}", kubernetes_.major, kubernetes_.minor);
  const auto from = [](int minor) { return fmt::format("cluster.kubernetes 1.{} or later", minor); };
  if (kubernetes_ < Version{1, kTopologyHints}) return {own + " reads none unless it is told to", from(kTopologyHints)};
  if (hints_read(service) == HintsRead::Zones) return {own + " reads none for nodes", from(kSameDistribution)};
  return {own + " reads those of Services with the annotation topology-mode alone", from(kTrafficDistribution)};
}

Reach ProxyModel::reach(const Asking& asking, const EndpointCounts& known) const {
  if (!known.any) return Reach::Refused;
  if (!asking.admitted) return Reach::Dropped;
  if (!keeps_to_the_node(asking)) return Reach::Cluster;
  return known.local > 0 ? Reach::Local : Reach::Dropped;
}

}  // namespace knetsim
