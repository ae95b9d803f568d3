#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/scenario/scenario.h"
#include "sim/core/units.h"
#include "sim/input/input_file.h"
#include "sim/input/read_documents.h"

namespace knetsim {

/// One command of a service's script.
struct GraphCommand {
  std::string call;  ///< A service of the graph, "NAMESPACE/NAME" where it has one; empty for a pause.
  std::optional<Bytes> size;
  std::optional<DistributionSpec> sleep;
  Node at;
};

struct GraphService {
  std::string name;
  std::string ns{};  ///< Empty: the default one.
  std::uint32_t replicas = 1;
  Bytes response_size{};
  std::vector<std::vector<GraphCommand>> script;  ///< In sequence; each element's commands are concurrent.
  bool is_entrypoint = false;
  Node at;
};

/// A call graph as isotope describes it: services, each with a script of calls and pauses.
/// @source Isotope's README and convert/pkg/graph (github.com/istio/tools): services, defaults, script, units.
struct ServiceGraph {
  std::unique_ptr<Input> input;
  std::unique_ptr<Document> document;
  std::vector<GraphService> services;
  Bytes request_size{};
};

/// Reads a graph; mistakes go to `diagnostics`. What the format can say and is not modelled (probabilities, error
/// rates) is told as a notice. @param named  Where the scenario names the file. @return  Never null.
std::shared_ptr<const ServiceGraph> read_service_graph(const std::string& path, Node named, Diagnostics& diagnostics);

/// Adds an app for each service of the graph, but for those that `apps` has already.
void add_graph_apps(const ServiceGraph& graph, std::vector<AppSettings>& apps);

/// The graph as Kubernetes objects: a Deployment and a Service for each of its services, and a Deployment "client" of
/// one pod. Their places are those of the services in the graph. @param graph  Without errors.
void graph_objects(const ServiceGraph& graph, const DocumentSink& sink);

}  // namespace knetsim
