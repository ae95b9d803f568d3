#include "models/cluster/endpoints.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace knetsim {

void EndpointTable::set(ServicePortIndex port, IpFamily family, std::span<const Endpoint> endpoints,
                        std::shared_ptr<const HintedEndpoints> hinted) {
  if (hinted != nullptr) hinted_.insert_or_assign(slot(port, family), std::move(hinted));
  Range& range = ranges_[slot(port, family)];
  range.begin = static_cast<std::uint32_t>(all_.size());
  range.count = static_cast<std::uint32_t>(endpoints.size());
  const auto ready = [](const Endpoint& endpoint) { return endpoint.ready; };
  std::ranges::copy_if(endpoints, std::back_inserter(all_), ready);
  range.ready = static_cast<std::uint32_t>(all_.size()) - range.begin;
  std::ranges::copy_if(endpoints, std::back_inserter(all_), std::not_fn(ready));
}

std::shared_ptr<const HintedEndpoints> EndpointTable::hinted(ServicePortIndex port, IpFamily family) const {
  const auto found = hinted_.find(slot(port, family));
  return found == hinted_.end() ? nullptr : found->second;
}

std::span<const Endpoint> EndpointView::kept_at(const NodePlace& at, HintsRead read, ServicePortIndex port,
                                                IpFamily family) const {
  const auto hinted = table_->hinted(port, family);
  const auto kept = hinted != nullptr ? hinted->kept(at, read) : std::span<const Endpoint>();
  return kept.empty() ? endpoints(port, family) : kept;
}

EndpointView EndpointViews::at(NodeIndex node) const {
  const std::uint64_t version = node < seen_.size() ? seen_[node] : 0;
  return {version, versions_[version]};
}

std::uint64_t EndpointViews::publish(EndpointTable table, Time at) {
  published_.push_back(at);
  versions_.push_back(std::make_shared<const EndpointTable>(std::move(table)));
  return versions_.size() - 1;
}

void EndpointViews::advance(NodeIndex node, std::uint64_t version) {
  if (version >= versions_.size()) throw std::out_of_range("EndpointViews::advance: no such version");
  if (node >= seen_.size()) seen_.resize(std::size_t{node} + 1, 0);
  seen_[node] = std::max(seen_[node], version);
}

}  // namespace knetsim
