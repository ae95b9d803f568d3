#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "models/cluster/bind.h"
#include "models/cluster/manifest_reader.h"
#include "models/policy/network_policies.h"
#include "sim/input/input_file.h"
#include "sim/input/read_documents.h"

namespace knetsim {

/// Manifests of pods and policies, bound; and what their policies say of connections between them.
class PolicyFixture {
 public:
  explicit PolicyFixture(const std::string& manifests, const NetworkPolicies::Options& options = {}) {
    inputs_.add_text("test.yaml", manifests);
    ManifestReader reader(diagnostics_, options.kubernetes_minor);
    reader.enforce_policies();
    for (const auto& input : inputs_.inputs()) {
      read_documents(*input, diagnostics_, [&](const Document& document) { reader.read(document); }, {});
    }
    ClusterOptions cluster;
    cluster.nodes.count = 2;
    cluster_ = std::make_unique<Cluster>(bind_cluster(reader.finish(), cluster, diagnostics_).cluster);
    if (!diagnostics_.has_errors()) policies_ = std::make_unique<NetworkPolicies>(*cluster_, options);
  }

  std::string errors() const { return render(diagnostics_.errors()); }
  std::string notices() const { return render(diagnostics_.notices()); }
  const Cluster& cluster() const { return *cluster_; }
  const NetworkPolicies& policies() const { return *policies_; }

  /// "web", or "prod/web".
  PodIndex pod(std::string_view name) const {
    const std::size_t slash = name.find('/');
    const PodIndex found = slash == std::string_view::npos
                               ? ClusterNames(*cluster_).pod("default", name)
                               : ClusterNames(*cluster_).pod(name.substr(0, slash), name.substr(slash + 1));
    if (found == kNoIndex) ADD_FAILURE() << "no pod " << name;
    return found;
  }
  PolicyEnd end(std::string_view name) const { return {.pod = pod(name), .address = cluster_->pods[pod(name)].ip}; }

  /// From pod to pod: both ends have to agree.
  bool allowed(std::string_view from, std::string_view to, std::uint16_t port,
               Protocol protocol = Protocol::Tcp) const {
    const AskedPort asked{.protocol = protocol, .port = port, .pod = pod(to)};
    return policies().allows(pod(from), PolicyDirection::Egress, end(to), asked) &&
           policies().allows(pod(to), PolicyDirection::Ingress, end(from), asked);
  }
  bool allowed_from(std::string_view address, std::string_view to, std::uint16_t port, bool of_node = false) const {
    return policies().allows(pod(to), PolicyDirection::Ingress,
                             {.address = parse_ip(address).value(), .of_node = of_node},
                             {.port = port, .pod = pod(to)});
  }
  bool allowed_to(std::string_view from, std::string_view address, std::uint16_t port) const {
    return policies().allows(pod(from), PolicyDirection::Egress, {.address = parse_ip(address).value()},
                             {.port = port});
  }
  std::vector<std::string> isolating(std::string_view name, PolicyDirection direction) const {
    std::vector<std::string> names;
    for (const PolicyIndex one : policies().isolating(pod(name), direction)) names.push_back(policies().name(one));
    return names;
  }

 private:
  InputSet inputs_;
  Diagnostics diagnostics_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<NetworkPolicies> policies_;
};

/// A pod with one label, app, and container ports http 8080 and metrics 9090.
inline std::string policy_pod(const std::string& name, const std::string& app, const std::string& ns = "default",
                              const std::string& more = "") {
  return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: " + ns + ", labels: {app: " + app +
         "}}\nspec:\n  " + more + "\n  containers:\n  - name: main\n    ports: [{name: http, containerPort: 8080}, " +
         "{name: metrics, containerPort: 9090}]\n";
}

/// A NetworkPolicy of the namespace default with this spec, in flow style.
inline std::string network_policy(const std::string& name, const std::string& spec, const std::string& ns = "default") {
  return "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: " + ns +
         "}\nspec: " + spec + "\n";
}

}  // namespace knetsim
