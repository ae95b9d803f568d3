#include "models/cluster/endpoints.h"

#include <algorithm>
#include <stdexcept>

namespace knetsim {

void EndpointTable::set(ServicePortIndex port, IpFamily family, std::span<const Endpoint> endpoints) {
  ranges_[slot(port, family)] = {static_cast<std::uint32_t>(all_.size()), static_cast<std::uint32_t>(endpoints.size())};
  all_.insert(all_.end(), endpoints.begin(), endpoints.end());
}

EndpointView EndpointViews::at(NodeIndex node) const {
  const std::uint64_t version = node < seen_.size() ? seen_[node] : 0;
  return {version, versions_[version]};
}

std::uint64_t EndpointViews::publish(EndpointTable table) {
  versions_.push_back(std::make_shared<const EndpointTable>(std::move(table)));
  return versions_.size() - 1;
}

void EndpointViews::advance(NodeIndex node, std::uint64_t version) {
  if (version >= versions_.size()) throw std::out_of_range("EndpointViews::advance: no such version");
  if (node >= seen_.size()) seen_.resize(std::size_t{node} + 1, 0);
  seen_[node] = std::max(seen_[node], version);
}

}  // namespace knetsim
