#include "app/scenario/proxy_mode_notice.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "models/proxy/proxy_model.h"

namespace knetsim {

void tell_other_proxy_mode(const ClusterSummary& summary, std::span<const std::string> simulated,
                           Diagnostics& diagnostics) {
  if (!summary.kube_proxy) return;
  const std::string& mode = summary.kube_proxy->mode;
  if (std::ranges::find(simulated, mode) != simulated.end()) return;
  std::vector<std::string_view> modes;
  for (const std::string& one : simulated) {
    if (std::ranges::find(modes, one) == modes.end()) modes.push_back(one);
  }
  const bool known = std::ranges::any_of(proxy_modes(), [&](const ProxyInfo& info) { return info.name == mode; });
  Diagnostic notice = summary.kube_proxy->place;
  notice.message = fmt::format(
      "kube-proxy's ConfigMap has the mode {}, simulated {} {}; {}", mode, modes.size() == 1 ? "is" : "are",
      fmt::join(modes, ", "),
      known ? fmt::format("'cluster.proxy.mode: {}' in a scenario sets it", mode) : "there is no such model");
  diagnostics.add(std::move(notice));
}

}  // namespace knetsim
