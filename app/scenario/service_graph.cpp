#include "app/scenario/service_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "app/scenario/distribution_fields.h"
#include "app/scenario/isotope_document.h"
#include "app/scenario/isotope_sleep.h"
#include "app/scenario/isotope_units.h"
#include "app/scenario/target_lookup.h"
#include "sim/input/binder.h"
#include "sim/input/document_builder.h"
#include "sim/input/document_editor.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

/// A size as isotope reads it. @see parse_ram_bytes
struct RamBytes {
  std::int64_t count = 0;
  auto operator<=>(const RamBytes&) const = default;
};
/// isotope's Percentage: "5%", or a number from 0 to 1.
struct Chance {
  double fraction = 0;
  auto operator<=>(const Chance&) const = default;
};
/// Percent as a number from 0 to 100, or "50%".
struct PercentNumber {
  double percent = 100;
  auto operator<=>(const PercentNumber&) const = default;
};

}  // namespace

template <>
struct Codec<RamBytes> : ScalarCodec<Codec<RamBytes>, RamBytes> {
  static RamBytes parse(std::string_view text) { return {parse_ram_bytes(text)}; }
  static TypeInfo info() { return {.name = "size", .accepted = std::string(kRamUnits)}; }
};
template <>
struct Codec<Chance> : ScalarCodec<Codec<Chance>, Chance> {
  static Chance parse(std::string_view text) {
    const std::optional<double> number = to_double(text);
    const Chance chance{number ? *number : parse_percent(text)};
    if (chance.fraction < 0 || chance.fraction > 1)
      throw ValueError(fmt::format("'{}' is no share", text), "0% to 100%");
    return chance;
  }
  static TypeInfo info() { return {.name = "share", .accepted = "a number from 0 to 1, or one with %"}; }
};
template <>
struct Codec<PercentNumber> : ScalarCodec<Codec<PercentNumber>, PercentNumber> {
  static PercentNumber parse(std::string_view text) {
    const std::optional<double> number = to_double(text);
    const PercentNumber percent{number ? *number : parse_percent(text) * 100};
    if (percent.percent < 0 || percent.percent > 100) throw ValueError(fmt::format("{} percent", text), "0 to 100");
    return percent;
  }
  static TypeInfo info() { return {.name = "percent", .accepted = "a number from 0 to 100"}; }
};

namespace {

struct CallTarget {
  std::string service;
  std::optional<RamBytes> size, payload_size;
  std::optional<PercentNumber> probability;
  std::string hostname, call_override;
  Node at;
};
struct Command {
  std::optional<CallTarget> call;
  std::optional<IsotopeSleep> sleep;
  Node at;
};
struct ScriptStep {
  std::optional<CallTarget> call;
  std::optional<IsotopeSleep> sleep;
  std::optional<std::vector<Command>> concurrent;
  Node at;
};
struct Defaults {
  std::string type;
  RamBytes request_size{}, response_size{};
  std::uint32_t replicas = 1;
  std::vector<ScriptStep> script;
  std::optional<Chance> error_rate;
  std::uint32_t rbac_policies = 0;
};
struct ServiceKeys {
  std::string name;
  std::string ns;
  std::string cluster;
  std::string type;
  std::optional<RamBytes> response_size;
  std::optional<std::uint32_t> replicas;
  std::optional<std::vector<ScriptStep>> script;
  std::optional<Chance> error_rate;
  bool is_entrypoint = false;
  std::uint32_t rbac_policies = 0;
  std::optional<std::string> compute_usage, memory_usage;
  Node at;
};
struct GraphKeys {
  std::string api_version;
  std::string kind;
  Defaults defaults;
  std::optional<Defaults> documented_defaults;
  std::vector<ServiceKeys> services;
};

void describe(Fields<CallTarget>& f) {
  f.about("CallTarget", "A call to another service.");
  f.required("service", &CallTarget::service, {.doc = "Its name.", .not_empty = true});
  f.optional("size", &CallTarget::size, {.doc = "Bytes of the request's body."});
  f.optional("payloadSize", &CallTarget::payload_size, {.doc = "The same, as the format's description has it."});
  f.optional("probability", &CallTarget::probability, {.doc = "Percent of requests that make the call; not modelled."});
  f.optional(
      "hostname", &CallTarget::hostname,
      {.doc = "Where the request goes instead: NAME.NAMESPACE.svc.cluster.local:PORT of a service of the graph."});
  f.optional("call-override", &CallTarget::call_override, {.doc = "The same, as older graphs have it."});
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
  f.choice("concurrent", &ScriptStep::concurrent, {.doc = "Calls at the same time; none takes no time."});
  f.shorthand("concurrent");
  f.node(&ScriptStep::at);
}
std::vector<EnumValue> types() { return {{.name = "http"}, {.name = "grpc"}}; }
void describe(Fields<Defaults>& f) {
  f.about("Defaults", "What services have that say nothing else.");
  f.optional("type", &Defaults::type, "http", {.doc = "Protocol.", .allowed = types()});
  f.optional("requestSize", &Defaults::request_size, "0", {.doc = "Bytes of a request's body."});
  f.optional("responseSize", &Defaults::response_size, "0", {.doc = "Bytes of a response's body."});
  f.optional("numReplicas", &Defaults::replicas, "1", {.doc = "Pods of a service.", .at_least = "1"});
  f.optional("script", &Defaults::script, {.doc = "What a service does."});
  f.optional("errorRate", &Defaults::error_rate, {.doc = "Share of requests that fail; not modelled."});
  f.optional("numRbacPolicies", &Defaults::rbac_policies, "0", {.doc = "Of a mesh; without effect here."});
}
void describe(Fields<ServiceKeys>& f) {
  f.about("Service", "A service of the graph.");
  f.required("name", &ServiceKeys::name, {.doc = "Its name.", .not_empty = true});
  f.optional("namespace", &ServiceKeys::ns, {.doc = "Its namespace; default where nothing is said."});
  f.optional("cluster", &ServiceKeys::cluster, {.doc = "Of several clusters; all services are in one here."});
  f.optional("type", &ServiceKeys::type, {.doc = "Protocol.", .allowed = types()});
  f.optional("responseSize", &ServiceKeys::response_size, {.doc = "Bytes of a response."});
  f.optional("numReplicas", &ServiceKeys::replicas, {.doc = "Pods.", .at_least = "1"});
  f.optional("script", &ServiceKeys::script, {.doc = "What it does for a request."});
  f.optional("errorRate", &ServiceKeys::error_rate, {.doc = "Share of requests that fail; not modelled."});
  f.optional("isEntrypoint", &ServiceKeys::is_entrypoint, "false", {.doc = "Requests from outside begin here."});
  f.optional("numRbacPolicies", &ServiceKeys::rbac_policies, "0", {.doc = "Of a mesh; without effect here."});
  f.optional("computeUsage", &ServiceKeys::compute_usage, {.doc = "CPU that it burns; not modelled."});
  f.optional("memoryUsage", &ServiceKeys::memory_usage, {.doc = "Memory that it holds; not modelled."});
  f.node(&ServiceKeys::at);
}
void describe(Fields<GraphKeys>& f) {
  f.about("ServiceGraph", "A call graph in isotope's format.");
  f.optional("apiVersion", &GraphKeys::api_version, {.doc = "Version of the format: v1alpha1."});
  f.optional("kind", &GraphKeys::kind, {.doc = "MockServiceGraph."});
  f.optional("defaults", &GraphKeys::defaults, {.doc = "What services have that say nothing else."});
  f.optional("default", &GraphKeys::documented_defaults, {.doc = "The same, as the format's description has it."});
  f.required("services", &GraphKeys::services, {.doc = "The services.", .not_empty = true});
}

std::string name_of(const GraphService& service) {
  return service.ns.empty() ? service.name : service.ns + '/' + service.name;
}

class Converter {
 public:
  Converter(const GraphKeys& graph, Diagnostics& diagnostics)
      : defaults_(graph.documented_defaults ? *graph.documented_defaults : graph.defaults), diagnostics_(diagnostics) {
    for (const ServiceKeys& service : graph.services) {
      names_.push_back(service.name);
      by_name_[service.name].push_back(&service);
    }
  }

  GraphService service(const ServiceKeys& keys) {
    const std::optional<Chance> errors = keys.error_rate ? keys.error_rate : defaults_.error_rate;
    if (errors && errors->fraction > 0) {
      diagnostics_.unsupported(keys.error_rate ? keys.at["errorRate"] : keys.at,
                               "errors of services are not modelled; none will occur");
    }
    for (const char* usage : {"computeUsage", "memoryUsage"}) {
      if (keys.at[usage].exists()) {
        diagnostics_.unsupported(keys.at[usage],
                                 "what a service burns or holds is not modelled; 'apps' can say its work");
      }
    }
    GraphService made;
    made.name = keys.name;
    made.ns = keys.ns;
    made.replicas = keys.replicas.value_or(defaults_.replicas);
    made.response_size = Bytes((keys.response_size ? *keys.response_size : defaults_.response_size).count);
    made.is_entrypoint = keys.is_entrypoint;
    made.at = keys.at;
    for (const ScriptStep& step : keys.script ? *keys.script : defaults_.script) {
      if (!step.concurrent) {
        made.script.push_back({command(keys, step)});
        continue;
      }
      std::vector<GraphCommand> calls;
      for (const Command& inner : *step.concurrent) {
        if (inner.sleep && step.concurrent->size() > 1) {
          diagnostics_.unsupported(inner.at,
                                   "a pause beside concurrent calls comes before them: they take its time more");
          made.script.push_back({command(keys, inner)});
        } else {
          calls.push_back(command(keys, inner));
        }
      }
      if (!calls.empty()) made.script.push_back(std::move(calls));
    }
    return made;
  }

 private:
  template <class Keys>
  GraphCommand command(const ServiceKeys& caller, const Keys& keys) {
    GraphCommand made;
    made.at = keys.at;
    if (keys.sleep) made.sleep = *keys.sleep;
    if (!keys.call) return made;
    const CallTarget& call = *keys.call;
    made.at = call.at;
    if (const auto size = call.size ? call.size : call.payload_size) made.size = Bytes(size->count);
    if (call.probability && call.probability->percent < 100) {
      diagnostics_.unsupported(call.at["probability"], "calls are not left to chance here; it will always be made");
    }
    std::string name = call.service;
    std::string ns;
    bool in_namespace = false;
    if (const std::string& host = call.hostname.empty() ? call.call_override : call.hostname; !host.empty()) {
      std::string_view rest = host;
      if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos) rest.remove_prefix(scheme + 3);
      const DnsName named = dns_name(rest);
      name = named.name;
      ns = named.ns;
      in_namespace = rest.find(".svc") != std::string_view::npos;  // NAME.global of another cluster is of any
    }
    if (const ServiceKeys* found = callee(name, ns.empty() ? caller.ns : ns, in_namespace)) {
      made.call = found->ns.empty() ? found->name : found->ns + '/' + found->name;
    } else {
      diagnostics_.error(made.at, fmt::format("the graph has no service '{}'{}", name, suggest(name, names_)));
    }
    return made;
  }

  /// In the caller's namespace first, then wherever there is one of that name; none: null.
  const ServiceKeys* callee(const std::string& name, const std::string& ns, bool stated) const {
    const auto named = by_name_.find(name);
    if (named == by_name_.end()) return nullptr;
    const auto namespace_of = [](const std::string& stated_ns) { return stated_ns.empty() ? "default" : stated_ns; };
    const auto found = std::ranges::find(named->second, namespace_of(ns),
                                         [&](const ServiceKeys* service) { return namespace_of(service->ns); });
    if (found != named->second.end()) return *found;
    return stated ? nullptr : named->second.front();
  }

  const Defaults& defaults_;
  std::vector<std::string> names_;
  std::unordered_map<std::string_view, std::vector<const ServiceKeys*>> by_name_;
  Diagnostics& diagnostics_;
};

/// A message has at least a byte, where a body may have none.
SizeLaw constant(Bytes size) {
  SizeLaw law;
  law.mean = static_cast<double>(std::max<std::int64_t>(1, size.count()));
  law.law = Distribution::constant(law.mean);
  return law;
}

}  // namespace

std::shared_ptr<const ServiceGraph> read_service_graph(const std::string& path, Node named, Diagnostics& diagnostics) {
  auto graph = std::make_shared<ServiceGraph>();
  try {
    graph->input = Input::open(path);
    Diagnostics found;
    auto document = std::make_unique<Document>(read_isotope_document(*graph->input, found));
    found.throw_if_errors();
    for (const Diagnostic& notice : found.notices()) diagnostics.add(notice);
    graph->document = std::move(document);
  } catch (const ConfigError& error) {
    add_file_error(diagnostics, error, named);
    return graph;
  }
  const auto keys = bind<GraphKeys>(graph->document->root(), diagnostics);
  graph->request_size =
      Bytes((keys.documented_defaults ? *keys.documented_defaults : keys.defaults).request_size.count);
  if (!keys.kind.empty() && keys.kind != "MockServiceGraph") {
    diagnostics.error(graph->document->root()["kind"], fmt::format("a {}, not a graph of services", keys.kind),
                      "kind: MockServiceGraph, or none");
  }
  Converter converter(keys, diagnostics);
  std::set<std::pair<std::string_view, std::string_view>> known;
  for (const ServiceKeys& service : keys.services) {
    if (!known.emplace(service.ns, service.name).second) {
      diagnostics.error(service.at["name"], fmt::format("a second service '{}'", service.name));
      continue;
    }
    graph->services.push_back(converter.service(service));
  }
  return graph;
}

void add_graph_apps(const ServiceGraph& graph, std::vector<AppSettings>& apps) {
  std::unordered_map<std::string, const GraphService*> by_name;
  for (const GraphService& service : graph.services) by_name.try_emplace(name_of(service), &service);
  std::unordered_set<std::string> known;
  for (const AppSettings& app : apps) known.insert(app.name);
  for (const GraphService& service : graph.services) {
    const std::string name = name_of(service);
    if (known.contains(service.name) || !known.insert(name).second) continue;
    AppSettings app;
    app.name = name;
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
        const auto callee = by_name.find(command.call);
        if (callee != by_name.end()) call.response = constant(callee->second->response_size);
      }
    }
    apps.push_back(std::move(app));
  }
}

namespace {

/// Builds the objects of one service, each value at the service's own place in the graph: what is wrong with a name is
/// told where it was written.
class ObjectMaker {
 public:
  ObjectMaker(Node at, std::string_view ns, const DocumentSink& sink)
      : place_(DocumentEditor::place_of(at)), ns_(ns.empty() ? "default" : ns), sink_(sink) {}

  void deployment(const std::string& name, std::uint32_t replicas) {
    begin("apps/v1", "Deployment", name);
    map("spec", [&] {
      value("replicas", std::to_string(replicas), false);
      map("selector", [&] { map("matchLabels", [&] { value("app", name); }); });
      map("template", [&] {
        map("metadata", [&] { map("labels", [&] { value("app", name); }); });
        map("spec", [&] {
          only_item("containers", [&] {
            value("name", "server");
            value("image", "server");
            only_item("ports", [&] {
              value("name", "http");
              value("containerPort", kPort, false);
            });
          });
        });
      });
    });
    end();
  }

  void service(const std::string& name) {
    begin("v1", "Service", name);
    map("spec", [&] {
      map("selector", [&] { value("app", name); });
      only_item("ports", [&] {
        value("name", "http");
        value("port", kPort, false);
        value("targetPort", "http");
      });
    });
    end();
  }

 private:
  static constexpr std::string_view kPort = "8080";

  void begin(std::string_view version, std::string_view kind, const std::string& name) {
    builder_.start(object_, *place_.input, place_.offset, place_.document, -1);
    builder_.open_mapping(0);
    value("apiVersion", version);
    value("kind", kind);
    map("metadata", [&] {
      value("name", name);
      value("namespace", ns_);
    });
  }
  void end() {
    builder_.close();
    builder_.finish();
    sink_(object_);
  }
  void value(std::string_view key, std::string_view text, bool quoted = true) {
    builder_.key(key, 0, false);
    builder_.scalar(text, 0, quoted);
  }
  template <class Fill>
  void map(std::string_view key, Fill&& fill) {
    builder_.key(key, 0, false);
    builder_.open_mapping(0);
    fill();
    builder_.close();
  }
  /// A list of one mapping.
  template <class Fill>
  void only_item(std::string_view key, Fill&& fill) {
    builder_.key(key, 0, false);
    builder_.open_sequence(0);
    builder_.open_mapping(0);
    fill();
    builder_.close();
    builder_.close();
  }

  DocumentEditor::Place place_;
  std::string_view ns_;
  const DocumentSink& sink_;
  Document object_;
  DocumentBuilder builder_;
};

}  // namespace

void graph_objects(const ServiceGraph& graph, const DocumentSink& sink) {
  bool has_client = false;
  for (const GraphService& service : graph.services) {
    has_client = has_client || service.name == "client";
    ObjectMaker maker(service.at, service.ns, sink);
    maker.deployment(service.name, service.replicas);
    maker.service(service.name);
  }
  if (has_client) return;
  // Where requests come in: a client beside the entrypoint can name it without its namespace.
  const auto entry = std::find_if(graph.services.begin(), graph.services.end(),
                                  [](const GraphService& service) { return service.is_entrypoint; });
  const std::string_view ns = entry == graph.services.end() ? std::string_view() : std::string_view(entry->ns);
  ObjectMaker(graph.document->root(), ns, sink).deployment("client", 1);
}

}  // namespace knetsim
