#include "sim/experiment/service_graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/experiment/distribution_fields.h"
#include "sim/input/binder.h"
#include "sim/input/read_documents.h"

namespace knetsim {
namespace {

struct CallTarget {
  std::string service;
  std::optional<Bytes> size;
  std::optional<double> probability;
  Node at;
};
struct Command {
  std::optional<CallTarget> call;
  std::optional<TimeLaw> sleep;
  Node at;
};
struct ScriptStep {
  std::optional<CallTarget> call;
  std::optional<TimeLaw> sleep;
  std::optional<std::vector<Command>> concurrent;
  Node at;
};
struct Defaults {
  std::string type;
  Bytes request_size{}, response_size{};
  std::uint32_t replicas = 1;
  std::vector<ScriptStep> script;
  std::optional<Percent> error_rate;
  std::uint32_t rbac_policies = 0;
};
struct ServiceKeys {
  std::string name;
  std::string type;
  std::optional<Bytes> response_size;
  std::optional<std::uint32_t> replicas;
  std::optional<std::vector<ScriptStep>> script;
  std::optional<Percent> error_rate;
  bool is_entrypoint = false;
  std::uint32_t rbac_policies = 0;
  Node at;
};
struct GraphKeys {
  Defaults defaults;
  std::vector<ServiceKeys> services;
};

void describe(Fields<CallTarget>& f) {
  f.about("CallTarget", "A call to another service.");
  f.required("service", &CallTarget::service, {.doc = "Its name.", .not_empty = true});
  f.optional("size", &CallTarget::size, {.doc = "Bytes of the request."});
  f.optional("probability", &CallTarget::probability, {.doc = "Percent of requests that make the call; not modelled."});
  f.shorthand("service");
  f.node(&CallTarget::at);
}
void describe(Fields<Command>& f) {
  f.about("Command", "A call.");
  f.choice("call", &Command::call, {.doc = "Calls a service."});
  f.choice("sleep", &Command::sleep, {.doc = "A pause."});
  f.node(&Command::at);
}
void describe(Fields<ScriptStep>& f) {
  f.about("Step", "A call, a pause, or a list of concurrent calls.");
  f.choice("call", &ScriptStep::call, {.doc = "Calls a service."});
  f.choice("sleep", &ScriptStep::sleep, {.doc = "A pause."});
  f.choice("concurrent", &ScriptStep::concurrent, {.doc = "Calls at the same time.", .not_empty = true});
  f.shorthand("concurrent");
  f.node(&ScriptStep::at);
}
std::vector<EnumValue> types() { return {{.name = "http"}, {.name = "grpc"}}; }
void describe(Fields<Defaults>& f) {
  f.about("Defaults", "What services have that say nothing else.");
  f.optional("type", &Defaults::type, "http", {.doc = "Protocol.", .allowed = types()});
  f.optional("requestSize", &Defaults::request_size, "1KiB", {.doc = "Bytes of a request."});
  f.optional("responseSize", &Defaults::response_size, "1KiB", {.doc = "Bytes of a response."});
  f.optional("numReplicas", &Defaults::replicas, "1", {.doc = "Pods of a service.", .at_least = "1"});
  f.optional("script", &Defaults::script, {.doc = "What a service does."});
  f.optional("errorRate", &Defaults::error_rate, {.doc = "Share of requests that fail; not modelled."});
  f.optional("numRbacPolicies", &Defaults::rbac_policies, "0", {.doc = "Of a mesh; without effect here."});
}
void describe(Fields<ServiceKeys>& f) {
  f.about("Service", "A service of the graph.");
  f.required("name", &ServiceKeys::name, {.doc = "Its name.", .not_empty = true});
  f.optional("type", &ServiceKeys::type, {.doc = "Protocol.", .allowed = types()});
  f.optional("responseSize", &ServiceKeys::response_size, {.doc = "Bytes of a response."});
  f.optional("numReplicas", &ServiceKeys::replicas, {.doc = "Pods.", .at_least = "1"});
  f.optional("script", &ServiceKeys::script, {.doc = "What it does for a request."});
  f.optional("errorRate", &ServiceKeys::error_rate, {.doc = "Share of requests that fail; not modelled."});
  f.optional("isEntrypoint", &ServiceKeys::is_entrypoint, "false", {.doc = "Requests from outside begin here."});
  f.optional("numRbacPolicies", &ServiceKeys::rbac_policies, "0", {.doc = "Of a mesh; without effect here."});
  f.node(&ServiceKeys::at);
}
void describe(Fields<GraphKeys>& f) {
  f.about("ServiceGraph", "A call graph in isotope's format.");
  f.optional("defaults", &GraphKeys::defaults, {.doc = "What services have that say nothing else."});
  f.required("services", &GraphKeys::services, {.doc = "The services.", .not_empty = true});
}

class Converter {
 public:
  explicit Converter(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  GraphService service(const GraphKeys& graph, const ServiceKeys& keys) {
    if (keys.error_rate && keys.error_rate->fraction > 0) {
      diagnostics_.unsupported(keys.at["errorRate"], "errors of services are not modelled; none will occur");
    }
    GraphService made;
    made.name = keys.name;
    made.replicas = keys.replicas.value_or(graph.defaults.replicas);
    made.response_size = keys.response_size.value_or(graph.defaults.response_size);
    made.is_entrypoint = keys.is_entrypoint;
    made.at = keys.at;
    for (const ScriptStep& step : keys.script ? *keys.script : graph.defaults.script) {
      std::vector<GraphCommand>& group = made.script.emplace_back();
      if (!step.concurrent) {
        group.push_back(command(graph, step));
        continue;
      }
      for (const Command& inner : *step.concurrent) {
        if (inner.sleep && step.concurrent->size() > 1) {
          diagnostics_.error(inner.at, "a pause beside concurrent calls is not modelled");
        }
        group.push_back(command(graph, inner));
      }
    }
    return made;
  }

 private:
  template <class Keys>
  GraphCommand command(const GraphKeys& graph, const Keys& keys) {
    GraphCommand made;
    made.at = keys.at;
    if (keys.sleep) made.sleep = *keys.sleep;
    if (!keys.call) return made;
    made.call = keys.call->service;
    made.size = keys.call->size;
    made.at = keys.call->at;
    if (keys.call->probability && *keys.call->probability < 100) {
      diagnostics_.unsupported(keys.call->at["probability"],
                               "calls are not left to chance here; it will always be made");
    }
    std::vector<std::string> names;
    for (const ServiceKeys& service : graph.services) names.push_back(service.name);
    if (std::find(names.begin(), names.end(), made.call) == names.end()) {
      diagnostics_.error(made.at, fmt::format("the graph has no service '{}'{}", made.call, suggest(made.call, names)));
    }
    return made;
  }

  Diagnostics& diagnostics_;
};

SizeLaw constant(Bytes size) {
  SizeLaw law;
  law.mean = static_cast<double>(size.count());
  law.law = Distribution::constant(law.mean);
  return law;
}

}  // namespace

std::shared_ptr<const ServiceGraph> read_service_graph(const std::string& path, Node named, Diagnostics& diagnostics) {
  auto graph = std::make_shared<ServiceGraph>();
  try {
    graph->input = Input::open(path);
    graph->document = std::make_unique<Document>(read_document(*graph->input));
  } catch (const ConfigError& error) {
    add_file_error(diagnostics, error, named);
    return graph;
  }
  const auto keys = bind<GraphKeys>(graph->document->root(), diagnostics);
  graph->request_size = keys.defaults.request_size;
  Converter converter(diagnostics);
  for (const ServiceKeys& service : keys.services) {
    const auto same = [&](const GraphService& other) { return other.name == service.name; };
    if (std::any_of(graph->services.begin(), graph->services.end(), same)) {
      diagnostics.error(service.at["name"], fmt::format("a second service '{}'", service.name));
      continue;
    }
    graph->services.push_back(converter.service(keys, service));
  }
  return graph;
}

void add_graph_apps(const ServiceGraph& graph, std::vector<AppSettings>& apps) {
  for (const GraphService& service : graph.services) {
    const auto same = [&](const AppSettings& app) { return app.name == service.name; };
    if (std::any_of(apps.begin(), apps.end(), same)) continue;
    AppSettings app;
    app.name = service.name;
    app.at = service.at;
    for (const std::vector<GraphCommand>& group : service.script) {
      std::vector<CallSpec>& calls = app.calls.emplace_back();
      for (const GraphCommand& command : group) {
        CallSpec& call = calls.emplace_back();
        call.at = command.at;
        call.to = command.call;
        call.sleep = command.sleep;
        if (command.sleep) continue;
        call.request = constant(command.size.value_or(graph.request_size));
        const auto callee = std::find_if(graph.services.begin(), graph.services.end(),
                                         [&](const GraphService& other) { return other.name == command.call; });
        if (callee != graph.services.end()) call.response = constant(callee->response_size);
      }
    }
    apps.push_back(std::move(app));
  }
}

std::string graph_manifests(const ServiceGraph& graph) {
  std::string text;
  const auto deployment = [&](const std::string& name, std::uint32_t replicas) {
    text += fmt::format(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: \"{0}\"}}\nspec:\n  replicas: {1}\n"
        "  selector: {{matchLabels: {{app: \"{0}\"}}}}\n  template:\n    metadata: {{labels: {{app: \"{0}\"}}}}\n"
        "    spec: {{containers: [{{name: server, image: server, ports: [{{name: http, containerPort: "
        "8080}}]}}]}}\n---\n",
        name, replicas);
  };
  bool has_client = false;
  for (const GraphService& service : graph.services) {
    has_client = has_client || service.name == "client";
    deployment(service.name, service.replicas);
    text += fmt::format(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: \"{0}\"}}\nspec:\n  selector: {{app: \"{0}\"}}\n"
        "  ports: [{{name: http, port: 8080, targetPort: http}}]\n---\n",
        service.name);
  }
  if (!has_client) deployment("client", 1);
  return text;
}

}  // namespace knetsim
