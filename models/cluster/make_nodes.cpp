#include "models/cluster/make_nodes.h"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>

#include "models/cluster/node_labels.h"

namespace knetsim {
namespace {

constexpr std::string_view kZone = "topology.kubernetes.io/zone";

class NodeMaker {
 public:
  NodeMaker(Cluster& cluster, const NodePool& nodes, const std::vector<NodePool>& pools)
      : cluster_(cluster), nodes_(nodes), pools_(pools), made_of_pool_(pools.size(), 0) {
    for (std::uint32_t pool = 0; pool < pools.size(); ++pool) {
      for (std::uint32_t i = 0; i < pools[pool].count; ++i) {
        names_of_pools_.try_emplace(intern(fmt::format("{}-{}", pools[pool].name, i)), pool);
      }
    }
  }

  void named(std::string_view name) {
    if (name.empty() || !known_.insert(name).second) return;
    const auto pool = names_of_pools_.find(name);
    make(name, pool == names_of_pools_.end() ? kNoIndex : pool->second);
  }

  void rest() {
    for (std::uint32_t i = 0; made_ < nodes_.count; ++i) {
      const std::string_view name = intern(fmt::format("node-{}", i));
      if (!names_of_pools_.contains(name) && known_.insert(name).second) make(name, kNoIndex);
    }
    for (std::uint32_t pool = 0; pool < pools_.size(); ++pool) {
      for (std::uint32_t i = 0; i < pools_[pool].count; ++i) {
        const std::string_view name = intern(fmt::format("{}-{}", pools_[pool].name, i));
        if (known_.insert(name).second) make(name, pool);
      }
    }
  }

 private:
  std::string_view intern(std::string_view text) { return cluster_.strings.intern(text); }

  void make(std::string_view name, std::uint32_t pool) {
    const NodePool& shape = pool == kNoIndex ? nodes_ : pools_[pool];
    std::uint32_t& made = pool == kNoIndex ? made_ : made_of_pool_[pool];
    std::vector<Label> labels;
    for (const NodePool::StatedLabel& label : shape.labels) labels.push_back({intern(label.key), intern(label.value)});
    if (!shape.zones.empty()) {
      std::erase_if(labels, [](const Label& label) { return label.key == kZone; });
      labels.push_back({intern(kZone), intern(shape.zones[made % shape.zones.size()])});
    }
    ++made;
    add_node_labels(cluster_.strings, name, labels);
    ClusterNode node{.name = name, .capacity = shape.capacity, .allocatable = shape.capacity};
    node.labels = cluster_.label_sets.intern(labels);
    node.max_pods = shape.max_pods;
    node.zone = cluster_.label_sets.value(node.labels, kZone).value_or(std::string_view{});
    node.pool = pool;
    for (const NodePool::StatedTaint& taint : shape.taints) {
      node.taints.push_back({intern(taint.key), intern(taint.value), taint.effect});
    }
    cluster_.nodes.push_back(std::move(node));
  }

  Cluster& cluster_;
  const NodePool& nodes_;
  const std::vector<NodePool>& pools_;
  std::unordered_map<std::string_view, std::uint32_t> names_of_pools_;
  std::unordered_set<std::string_view> known_;
  std::uint32_t made_ = 0;  ///< Of those outside of pools.
  std::vector<std::uint32_t> made_of_pool_;
};

}  // namespace

std::size_t make_nodes(Manifests& manifests, const NodePool& nodes, const std::vector<NodePool>& pools) {
  NodeMaker maker(manifests.cluster, nodes, pools);
  for (const std::string_view name : manifests.pod_nodes) maker.named(name);
  for (const Controller& controller : manifests.controllers) maker.named(controller.node);
  maker.rest();
  return manifests.cluster.nodes.size();
}

}  // namespace knetsim
