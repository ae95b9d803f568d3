#pragma once

#include <string_view>
#include <vector>

#include "models/cluster/cluster.h"

namespace knetsim {

/// Adds what every kubelet labels its node with and `labels` does not have: kubernetes.io/hostname, os and arch (linux
/// and amd64 where the labels say nothing else) with the beta.kubernetes.io forms of the last two; and the older form
/// of a zone's and a region's label, as a cloud's node controller keeps the two forms equal. What a cloud alone knows
/// (instance type, zone, region) is not made up.
/// @source k/k pkg/kubelet/kubelet_node_status.go (initialNode, updateDefaultLabels);
/// staging/src/k8s.io/cloud-provider/
///         controllers/node/node_controller.go (labelReconcileInfo)
void add_node_labels(StringPool& strings, std::string_view node_name, std::vector<Label>& labels);

}  // namespace knetsim
