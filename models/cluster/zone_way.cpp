#include "models/cluster/zone_way.h"

#include "models/cluster/cluster.h"

namespace knetsim {

ZonesOfMachines zones_of_machines(const Cluster& cluster) {
  ZonesOfMachines zones;
  if (cluster.zones.size() < 2) return zones;
  for (const ClusterNode& node : cluster.nodes) zones.of_node.push_back(node.zone_index);
  for (const Pod& pod : cluster.pods) zones.of_pod.push_back(cluster.nodes[pod.node].zone_index);
  return zones;
}

}  // namespace knetsim
