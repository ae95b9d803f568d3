#include "app/scenario/workload_keys.h"

#include <fmt/format.h>

#include "app/scenario/scenario_keys.h"
#include "models/cluster/external_clients.h"
#include "models/cluster/selector_codec.h"

namespace knetsim {
namespace {

constexpr const char* kStreamsDoc =
    "Requests at a time on one connection, as HTTP/2 and gRPC have them (SETTINGS_MAX_CONCURRENT_STREAMS: 100 is "
    "usual): a "
    "client pod opens another connection where all have so many, up to maxConnections. 1: one after the other "
    "(HTTP/1.1).";
constexpr const char* kStreamsSource = "RFC 9113, section 5.1.2";
constexpr const char* kMaxConnectionsDoc =
    "Connections of one client pod at a time, busy and idle; who finds all busy waits in line (Go's MaxConnsPerHost, "
    "Envoy's max_connections). 0: no limit.";
constexpr const char* kIdleTimeoutDoc =
    "A kept connection that nobody has used for so long is closed (Go's IdleConnTimeout, Envoy's idle_timeout); never, "
    "where nothing is said.";

constexpr const char* kMaxAgeDoc =
    "A kept connection that is older is closed with its request's end, or before its next request, and another one "
    "opened, for which an "
    "endpoint is chosen anew; each within a tenth of this at random; never, where nothing is said.";
constexpr const char* kMaxAgeSource = "gRPC proposal A9, MAX_CONNECTION_AGE with its jitter of a tenth";

/// @param keys  With idleTimeout and maxAge.
void tell_unread_of_kept(std::uint32_t requests_per_connection, Node keys, Binding& binding) {
  if (requests_per_connection != 1) return;
  for (const char* key : {"idleTimeout", "maxAge"}) {
    if (!keys[key].exists()) continue;
    binding.diagnostics.notice(keys[key],
                               fmt::format("nothing reads '{}' here: each request opens a connection of its own", key));
  }
}

/// Requests that share a connection keep it. @param keys  With requestsPerConnection.
void check_streams(std::uint32_t streams, std::optional<std::uint32_t> requests_per_connection, Node keys,
                   Binding& binding) {
  if (streams == 1 || requests_per_connection != 1U) return;
  binding.diagnostics.error(keys["requestsPerConnection"], "a connection of one request carries no streams",
                            "0, for connections that are kept");
}

/// The keys that describe_call_options() describes.
constexpr const char* kCallOptions[] = {"request", "response",       "timeout",     "retries", "requestsPerConnection",
                                        "streams", "maxConnections", "idleTimeout", "maxAge"};

/// What a call may state beside its target; the same keys in both forms of a call.
template <class T>
void describe_call_options(Fields<T>& f) {
  f.optional("request", &T::request, {.doc = "Bytes of a request; 1KiB where nothing is said."});
  f.optional("response", &T::response, {.doc = "Bytes of a response; 1KiB where nothing is said."});
  f.optional("timeout", &T::timeout,
             {.doc = "Of one attempt; 2s where nothing is said.", .above = "0s", .at_most = "24h"});
  f.optional("retries", &T::retries,
             {.doc = "Attempts after one that was not answered in time; none where nothing is said."});
  f.optional("requestsPerConnection", &T::requests_per_connection,
             {.doc = "Requests on one connection, 0 for a connection that is kept for ever; 1 where nothing is said, 0 "
                     "with streams."});
  f.optional("streams", &T::streams,
             {.doc = kStreamsDoc, .at_least = "1", .at_most = "1000000", .source = kStreamsSource});
  f.optional("maxConnections", &T::max_connections, {.doc = kMaxConnectionsDoc});
  f.optional("idleTimeout", &T::idle_timeout, {.doc = kIdleTimeoutDoc, .above = "0s", .at_most = "24h"});
  f.optional("maxAge", &T::max_age, {.doc = kMaxAgeDoc, .above = "0s", .at_most = "24h", .source = kMaxAgeSource});
  f.check([](const T& call, Node node, Binding& binding) {
    tell_unread_of_kept(requests_on_each(call.requests_per_connection, call.streams.value_or(1)), node, binding);
    check_streams(call.streams.value_or(1), call.requests_per_connection, node, binding);
  });
  f.node(&T::at);
}

constexpr const char* kCallDoc =
    "Whom to call: a Service ('cart', 'cart:grpc' for a named port, 'shop/cart' in another namespace), 'pod:NAME' for "
    "a pod or "
    "the pods of a workload, 'localhost:6379' for another container of the pod.";

}  // namespace

void describe(Fields<BackoffKeys>& f) {
  f.about("Backoff", "A pause before each retry, which grows from one to the next.");
  f.required("base", &BackoffKeys::base, {.doc = "Before the first retry.", .above = "0s"});
  f.optional("factor", &BackoffKeys::factor, "2",
             {.doc = "By which it grows from one retry to the next.", .at_least = "1", .at_most = "100"});
  f.optional("max", &BackoffKeys::max,
             {.doc = "The longest; ten times the base where nothing is said.",
              .above = "0s",
              .source = "Envoy, config.route.v3.RetryPolicy.RetryBackOff"});
  f.optional("jitter", &BackoffKeys::jitter, "1",
             {.doc = "The part that is random: 1 draws each pause from zero to the whole, 0 always takes the whole.",
              .at_least = "0",
              .at_most = "1"});
  f.shorthand("base");
}

void describe(Fields<BudgetKeys>& f) {
  f.about("RetryBudget", "A bound on the retries of each client pod; one that it does not allow is not made.");
  f.optional("ratio", &BudgetKeys::ratio, "0.2",
             {.doc = "Retries for each request.", .at_least = "0", .at_most = "100", .source = "Finagle, Linkerd"});
  f.optional("minPerSecond", &BudgetKeys::per_second, "10",
             {.doc = "Retries a second that are allowed beside.", .at_least = "0", .at_most = "1000000"});
  f.optional("ttl", &BudgetKeys::ttl, "10s", {.doc = "How long a request or a retry counts.", .above = "0s"});
}

void describe(Fields<RetryKeys>& f) {
  f.about("Retries",
          "What a caller does when an attempt is not answered within its timeout. Refusals and error answers "
          "are not retried.");
  f.required("attempts", &RetryKeys::attempts, {.doc = "After the first.", .at_most = "100"});
  f.optional("backoff", &RetryKeys::backoff, {.doc = "A pause before each; at once where nothing is said."});
  f.optional("budget", &RetryKeys::budget, {.doc = "A bound on all of them; none where nothing is said."});
  f.optional("sameWork", &RetryKeys::same_work, "false",
             {.doc = "The server works as long on each attempt as on the first, as for a request that is hard in "
                     "itself; else each attempt draws anew, pauses and calls of the server included."});
  f.shorthand("attempts");
}

void describe(Fields<CallKeys>& f) {
  f.about("Call", "A call to another app.");
  f.required("to", &CallKeys::to, {.doc = kCallDoc, .not_empty = true});
  describe_call_options(f);
  f.shorthand("to");
}

void describe(Fields<CallStepKeys>& f) {
  f.about("CallStep", "A call, calls at the same time, or a pause; the next step begins when all of it has ended.");
  f.choice("to", &CallStepKeys::to, {.doc = kCallDoc, .not_empty = true});
  f.choice("concurrent", &CallStepKeys::concurrent, {.doc = "Calls that run at the same time.", .not_empty = true});
  f.choice("sleep", &CallStepKeys::sleep, {.doc = "A pause without work on a core."});
  describe_call_options(f);
  f.shorthand("to");
  f.shorthand("concurrent");
  f.check([](const CallStepKeys& step, Node node, Binding& binding) {
    if (step.to) return;
    for (const char* key : kCallOptions) {
      if (node[key].exists()) binding.diagnostics.error(node[key].key(), fmt::format("'{}' belongs to a call", key));
    }
  });
}

void describe(Fields<AppKeys>& f) {
  f.about("App", "What the pods of the workload of this name (a Deployment, StatefulSet ...) do for each request.");
  f.optional("work", &AppKeys::work, {.doc = "CPU time of a request before its calls; none where nothing is said."});
  f.optional("workers", &AppKeys::workers, "16",
             {.doc = "Requests that one pod handles at a time; others wait in order of arrival.",
              .at_least = "1",
              .at_most = "1000000"});
  f.optional(
      "backlog", &AppKeys::backlog,
      {.doc =
           "Connections that wait until a worker accepts them, as those of servers do whose workers accept for "
           "themselves: what listen() asks for, at most cluster.tcp.somaxconn (nginx asks for 511, Java for 50, Go for "
           "somaxconn). The SYN of one more is dropped and sent again. Where nothing is said a process accepts at "
           "once, as those with an event loop do.",
       .at_most = "1000000"});
  f.optional(
      "container", &AppKeys::container,
      {.doc = "The container that works, whose CPU limit holds it; the first that declares a port at which the pod "
              "is reached where nothing is said."});
  f.optional(
      "dns", &AppKeys::dns,
      {.doc = "Whether it looks up the names of the Services that it calls; it has their addresses where nothing is "
              "said."});
  f.optional(
      "calls", &AppKeys::calls,
      {.doc =
           "Calls to other apps, in sequence; those of an inner list at the same time: [[cart, catalog], currency]."});
  f.node(&AppKeys::at);
}

namespace {

constexpr const char* kExternalCount = "Clients; each is a machine with an address of its own.";
constexpr const char* kExternalRtt =
    "Round trip between a client and the cluster's border router, without queues: each client draws its own once.";
constexpr const char* kExternalRate = "Of each client's access line.";
constexpr const char* kExternalAddresses =
    "Addresses that they share in turn, behind a NAT; each has its own where nothing is said, or 0.";
constexpr const char* kDefaultRate = "1Gbps";

std::string most_external() { return std::to_string(kMostExternal); }

void check_addresses(std::uint32_t count, std::uint32_t addresses, Node keys, Binding& binding) {
  if (addresses <= count) return;
  binding.diagnostics.error(keys["addresses"],
                            fmt::format("{} addresses for {} client{}", addresses, count, count == 1 ? "" : "s"),
                            fmt::format("up to {}, or 0: each has its own", count));
}

}  // namespace

void describe(Fields<ExternalGroupKeys>& f) {
  f.about("ExternalGroup", "Clients outside of the cluster that are alike.");
  f.optional("count", &ExternalGroupKeys::count, "1",
             {.doc = kExternalCount, .at_least = "1", .at_most = most_external()});
  f.optional("addresses", &ExternalGroupKeys::addresses, "0", {.doc = kExternalAddresses, .at_most = most_external()});
  f.required("rtt", &ExternalGroupKeys::rtt, {.doc = kExternalRtt});
  f.optional("rate", &ExternalGroupKeys::rate, kDefaultRate,
             {.doc = kExternalRate, .above = "0bps", .at_most = "100Tbps"});
  f.check([](const ExternalGroupKeys& keys, Node node, Binding& binding) {
    check_addresses(keys.count, keys.addresses, node, binding);
  });
}

void describe(Fields<ExternalKeys>& f) {
  f.about("External", "Clients outside of the cluster, beyond its border router: one group, or a list of groups.");
  f.choice("rtt", &ExternalKeys::rtt, {.doc = kExternalRtt});
  f.choice("groups", &ExternalKeys::groups,
           {.doc = "Several groups, each with a round trip and a rate of its own.", .not_empty = true});
  f.optional(
      "count", &ExternalKeys::count,
      {.doc = std::string(kExternalCount) + " 1 where nothing is said.", .at_least = "1", .at_most = most_external()});
  f.optional("addresses", &ExternalKeys::addresses, {.doc = kExternalAddresses, .at_most = most_external()});
  f.optional("rate", &ExternalKeys::rate,
             {.doc = fmt::format("{} {} where nothing is said.", kExternalRate, kDefaultRate),
              .above = "0bps",
              .at_most = "100Tbps"});
  f.shorthand("groups");
  f.check([](const ExternalKeys& keys, Node node, Binding& binding) {
    if (!keys.groups) {
      check_addresses(keys.count.value_or(1), keys.addresses.value_or(0), node, binding);
      return;
    }
    for (const char* key : {"count", "addresses", "rate"}) {
      if (node[key].exists())
        binding.diagnostics.error(node[key].key(), fmt::format("'{}' belongs to each group", key));
    }
  });
}

namespace {

constexpr const char* kDestinationCount = "Machines, one of which each connection goes to, at random.";
constexpr const char* kDestinationRtt =
    "Round trip between the cluster's border router and a machine, without queues: each draws its own once.";
constexpr const char* kDestinationRate = "Of each machine's access line.";
constexpr const char* kDestinationPort = "That they are asked at.";
constexpr const char* kDestinationWork =
    "From a request to its answer; nobody queues there, since they are taken to be as large as they have to be.";
constexpr const char* kDestinationAddresses =
    "The block of their addresses, which tells whether they are asked with pods' own addresses "
    "(cluster.egress.nonMasqueradeCIDRs); addresses of the internet where nothing is said.";

/// @param count  Machines that are to have addresses of it.
void check_block(const std::optional<std::string>& text, std::uint32_t count, Node keys, Binding& binding) {
  if (!text) return;
  const std::optional<Cidr> block = parse_cidr(*text);
  if (!block) {
    binding.diagnostics.error(keys["addresses"], fmt::format("'{}' is no block of IPv4 addresses", *text),
                              "as in 10.20.0.0/24");
    return;
  }
  const std::uint64_t usable = block->size() - (block->prefix >= 31 ? 0 : 2);
  if (count <= usable) return;
  binding.diagnostics.error(keys["addresses"],
                            fmt::format("{} has {} addresses for {} machines", to_string(*block), usable, count),
                            "a larger block, or a smaller count");
}

}  // namespace

void describe(Fields<DestinationGroupKeys>& f) {
  f.about("DestinationGroup", "Machines outside of the cluster that are alike, which its clients ask.");
  f.optional("count", &DestinationGroupKeys::count, "1",
             {.doc = kDestinationCount, .at_least = "1", .at_most = most_external()});
  f.required("rtt", &DestinationGroupKeys::rtt, {.doc = kDestinationRtt});
  f.optional("rate", &DestinationGroupKeys::rate, kDefaultRate,
             {.doc = kDestinationRate, .above = "0bps", .at_most = "100Tbps"});
  f.optional("port", &DestinationGroupKeys::port, "443", {.doc = kDestinationPort, .at_least = "1"});
  f.optional("work", &DestinationGroupKeys::work, {.doc = kDestinationWork});
  f.optional("addresses", &DestinationGroupKeys::addresses, {.doc = kDestinationAddresses, .not_empty = true});
  f.check([](const DestinationGroupKeys& keys, Node node, Binding& binding) {
    check_block(keys.addresses, keys.count, node, binding);
  });
}

void describe(Fields<DestinationKeys>& f) {
  f.about("Destinations",
          "Machines outside of the cluster that its clients ask, beyond its border router: one group, or a list.");
  f.choice("rtt", &DestinationKeys::rtt, {.doc = kDestinationRtt});
  f.choice("groups", &DestinationKeys::groups,
           {.doc = "Several groups, each with a round trip, a rate and work of its own.", .not_empty = true});
  f.optional("count", &DestinationKeys::count,
             {.doc = std::string(kDestinationCount) + " 1 where nothing is said.",
              .at_least = "1",
              .at_most = most_external()});
  f.optional("rate", &DestinationKeys::rate,
             {.doc = fmt::format("{} {} where nothing is said.", kDestinationRate, kDefaultRate),
              .above = "0bps",
              .at_most = "100Tbps"});
  f.optional("port", &DestinationKeys::port,
             {.doc = fmt::format("{} 443 where nothing is said.", kDestinationPort), .at_least = "1"});
  f.optional("work", &DestinationKeys::work, {.doc = kDestinationWork});
  f.optional("addresses", &DestinationKeys::addresses, {.doc = kDestinationAddresses, .not_empty = true});
  f.shorthand("groups");
  f.check([](const DestinationKeys& keys, Node node, Binding& binding) {
    if (!keys.groups) {
      check_block(keys.addresses, keys.count.value_or(1), node, binding);
      return;
    }
    for (const char* key : {"count", "rate", "port", "work", "addresses"}) {
      if (node[key].exists())
        binding.diagnostics.error(node[key].key(), fmt::format("'{}' belongs to each group", key));
    }
  });
}

std::vector<DestinationGroupKeys> DestinationKeys::all() const {
  if (groups) return *groups;
  return {{.count = count.value_or(1),
           .rtt = rtt.value_or(TimeLaw{}),
           .rate = rate.value_or(Codec<Bandwidth>::parse(kDefaultRate)),
           .port = port.value_or(std::uint16_t{443}),
           .work = work,
           .addresses = addresses}};
}

void describe(Fields<FromKeys>& f) {
  f.about("From", "Who sends a workload's requests: pods, or clients outside of the cluster.");
  f.choice("selector", &FromKeys::selector, {.doc = "Pods, by their labels, as kubectl's -l."});
  f.choice("external", &FromKeys::external,
           {.doc = "Clients outside of the cluster: {count: 50, rtt: 20ms, rate: 1Gbps}, or a list of such groups."});
  f.optional("namespace", &FromKeys::ns, {.doc = "Of the pods; any where nothing is said."});
  f.shorthand("selector");
  f.node(&FromKeys::at);
  f.check([](const FromKeys& from, Node node, Binding& binding) {
    if (from.external && !from.ns.empty()) {
      binding.diagnostics.error(node["namespace"].key(),
                                "'namespace' belongs to 'selector': external clients have none");
    }
  });
}

std::vector<ExternalGroup> external_groups(const std::string& workload, const WorkloadKeys& written) {
  std::vector<ExternalGroup> groups;
  if (written.to.external) {
    for (const DestinationGroupKeys& group : written.to.external->all()) {
      groups.push_back({.name = workload,
                        .count = group.count,
                        .rate = group.rate,
                        .block = group.addresses ? parse_cidr(*group.addresses) : std::nullopt,
                        .rtt_seconds = group.rtt.law});
    }
    return groups;
  }
  if (!written.from.external) return groups;
  const ExternalKeys& keys = *written.from.external;
  const auto add = [&](std::uint32_t count, std::uint32_t addresses, Bandwidth rate, const TimeLaw& rtt) {
    groups.push_back({.name = workload, .count = count, .rate = rate, .addresses = addresses, .rtt_seconds = rtt.law});
  };
  if (keys.rtt) {
    add(keys.count.value_or(1), keys.addresses.value_or(0), keys.rate.value_or(Codec<Bandwidth>::parse(kDefaultRate)),
        *keys.rtt);
  }
  if (!keys.groups) return groups;
  for (const ExternalGroupKeys& group : *keys.groups) add(group.count, group.addresses, group.rate, group.rtt);
  return groups;
}

void describe(Fields<ToKeys>& f) {
  f.about("To", "What a workload's requests ask for.");
  f.choice("service", &ToKeys::service,
           {.doc = "A Service, at its cluster IP; 'shop/cart' in another namespace than the "
                   "clients', 'cart:grpc' at its port of that name or number.",
            .not_empty = true});
  f.choice(
      "loadBalancer", &ToKeys::load_balancer,
      {.doc = "A Service of type LoadBalancer, at its load balancer's address; inside of the cluster by the client's "
              "own node, which has rules for it.",
       .not_empty = true});
  f.choice("externalIP", &ToKeys::external_ip,
           {.doc = "A Service, at one of its externalIPs; its name or the address.", .not_empty = true});
  f.choice("nodePort", &ToKeys::node_port,
           {.doc = "A Service, at the node port of a node; its name or the node port's number.", .not_empty = true});
  f.choice("hostPort", &ToKeys::host_port,
           {.doc = "Pods of a workload, at the host port of their nodes.", .not_empty = true});
  f.choice("pod", &ToKeys::pod, {.doc = "A pod, or one of a workload's pods, at its own address.", .not_empty = true});
  f.choice("url", &ToKeys::url,
           {.doc = "What a URL leads to, https://shop.example/cart: the Ingress whose host and path it is, its "
                   "controller's pods, and the Service behind.",
            .not_empty = true});
  f.choice("name", &ToKeys::name,
           {.doc = "Nothing but the look-up of a name, as a benchmark of name servers does.", .not_empty = true});
  f.choice(
      "external", &ToKeys::external,
      {.doc = "Machines outside of the cluster, for clients that are pods: {rtt: 20ms, port: 443, work: 5ms}, or a "
              "list of such groups."});
  f.optional("port", &ToKeys::port, {.doc = "Name or number of the port; the first where nothing is said."});
  f.optional(
      "through", &ToKeys::through,
      {.doc = "Of nodePort, and of externalIP for clients outside: the node that is asked, by name; random where "
              "nothing is said."});
  f.shorthand("service");
  f.node(&ToKeys::at);
  f.check([](const ToKeys& to, Node node, Binding& binding) {
    if (!to.through.empty() && !to.node_port && !to.external_ip) {
      binding.diagnostics.error(node["through"].key(), "'through' belongs to 'nodePort' and 'externalIP'");
    }
    if (to.external && !to.port.empty()) {
      binding.diagnostics.error(node["port"].key(), "the port of machines outside belongs to them",
                                "external: {port: 443, ...}");
    }
    if (to.url && !to.port.empty()) {
      binding.diagnostics.error(node["port"].key(), "a URL has its port itself", "https://shop.example:8443/");
    }
  });
}

void describe(Fields<ClosedKeys>& f) {
  f.about("Closed", "Users who each wait for the answer before they ask again.");
  f.required("users", &ClosedKeys::users,
             {.doc = "How many, over all clients.", .at_least = "1", .at_most = "1000000"});
  f.optional("think", &ClosedKeys::think, "0s", {.doc = "Time between an answer and the same user's next request."});
}

void describe(Fields<ArrivalKeys>& f) {
  f.about("Arrivals", "When requests begin, over all clients together.");
  f.choice("poisson", &ArrivalKeys::poisson,
           {.doc = "At random, independent of each other.", .above = "0/s", .at_most = "1000000000/s"});
  f.choice("constant", &ArrivalKeys::constant,
           {.doc = "Evenly spaced, from a drawn instant of the first interval on: any span of n intervals has n.",
            .above = "0/s",
            .at_most = "1000000000/s"});
  f.choice("times", &ArrivalKeys::times,
           {.doc = "A CSV file: one instant a line from the start of the run, ascending; seconds, or with a unit.",
            .not_empty = true});
  f.choice("closed", &ArrivalKeys::closed, {.doc = "A closed loop of users."});
  f.optional(
      "countFrom", &ArrivalKeys::count_from, "start",
      {.doc = "Of times: what the instants of the file count from.",
       .allowed = {{.name = "start", .value = 0, .doc = "the start of the run, warm-up included"},
                   {.name = "first", .value = 1, .doc = "the first of them, as in a log's seconds since 1970"}}});
  f.check([](const ArrivalKeys& keys, Node node, Binding& binding) {
    if (!keys.times && keys.count_from != "start") {
      binding.diagnostics.error(node["countFrom"].key(), "'countFrom' belongs to 'times'");
    }
  });
  f.node(&ArrivalKeys::at);
}

void describe(Fields<TlsKeys>& f) {
  f.about("Tls", "TLS between the client and whoever answers its connection.");
  f.optional("version", &TlsKeys::version, "1.3",
             {.doc = "Of the protocol.",
              .allowed = {{.name = "1.3", .value = 0, .doc = "one round trip more than TCP before the request"},
                          {.name = "1.2", .value = 1, .doc = "two, one where a session is resumed"}}});
  f.optional("key", &TlsKeys::key, "p256",
             {.doc = "Of the server's certificate.",
              .allowed = {{.name = "p256", .value = 0, .doc = "ECDSA on P-256"},
                          {.name = "rsa2048", .value = 1, .doc = "RSA of 2,048 bits: its signature is dearer"}}});
  f.optional("resumption", &TlsKeys::resumption, "none",
             {.doc = "Where a client's session can be resumed.",
              .allowed = {{.name = "none", .value = 0, .doc = "nowhere: each handshake is a whole one"},
                          {.name = "pod", .value = 1, .doc = "at the pod that made it, which keeps it"},
                          {.name = "shared", .value = 2, .doc = "at any: they share the keys of their tickets"}}});
  f.shorthand("version");
}

TlsSettings tls_settings(const TlsKeys& keys) {
  return {.version = keys.version == "1.2" ? TlsVersion::Tls12 : TlsVersion::Tls13,
          .key = keys.key == "rsa2048" ? TlsKey::Rsa2048 : TlsKey::P256,
          .sessions = keys.resumption == "pod"      ? SessionScope::Server
                      : keys.resumption == "shared" ? SessionScope::All
                                                    : SessionScope::None};
}

void describe(Fields<ConnectionKeys>& f) {
  f.about("Connection", "How long connections last.");
  f.optional(
      "requestsPerConnection", &ConnectionKeys::requests_per_connection,
      {.doc = "Requests on one connection: 1 opens one for each request, 0 keeps it for ever; 1 where nothing is "
              "said, 0 with streams."});
  f.optional("streams", &ConnectionKeys::streams, "1",
             {.doc = kStreamsDoc, .at_least = "1", .at_most = "1000000", .source = kStreamsSource});
  f.optional("maxConnections", &ConnectionKeys::max_connections, "0", {.doc = kMaxConnectionsDoc});
  f.optional("idleTimeout", &ConnectionKeys::idle_timeout, {.doc = kIdleTimeoutDoc, .above = "0s", .at_most = "24h"});
  f.optional("maxAge", &ConnectionKeys::max_age,
             {.doc = kMaxAgeDoc, .above = "0s", .at_most = "24h", .source = kMaxAgeSource});
  f.optional(
      "awaitClose", &ConnectionKeys::await_close, "false",
      {.doc = "The server closes a connection with its last answer; the client reads to that end and closes too, as "
              "netperf's TCP_CRR does, within that request's latency.",
       .source = "netperf src/nettest_omni.c, disconnect_data_socket"});
  f.optional("tls", &ConnectionKeys::tls,
             {.doc = "Secures the connection; a URL of https is secured by 1.3 where nothing is said."});
  f.check([](const ConnectionKeys& keys, Node node, Binding& binding) {
    check_streams(keys.streams, keys.requests_per_connection, node, binding);
  });
}

void describe(Fields<WorkloadKeys>& f) {
  f.about("Workload", "Requests from outside the call graph.");
  f.required("from", &WorkloadKeys::from, {.doc = "Who sends them."});
  f.required("to", &WorkloadKeys::to, {.doc = "What they ask for."});
  f.optional("protocol", &WorkloadKeys::protocol, "tcp",
             {.doc = "Of the transport.",
              .allowed = {{.name = "tcp", .value = 0, .doc = "connections; what is lost is sent again"},
                          {.name = "udp", .value = 1, .doc = "datagrams; what is lost is lost"}}});
  f.required("arrivals", &WorkloadKeys::arrivals, {.doc = "When they begin."});
  f.optional("connection", &WorkloadKeys::connection, {.doc = "How long connections last."});
  f.optional("request", &WorkloadKeys::request, "1KiB", {.doc = "Bytes of a request."});
  f.optional("response", &WorkloadKeys::response, "1KiB", {.doc = "Bytes of a response."});
  f.optional("work", &WorkloadKeys::work, {.doc = "CPU time that the client spends on an answer, within the latency."});
  f.optional("timeout", &WorkloadKeys::timeout, "2s", {.doc = "Of one attempt.", .above = "0s", .at_most = "24h"});
  f.optional("retries", &WorkloadKeys::retries, "0", {.doc = "Attempts after one that was not answered in time."});
  f.optional(
      "dns", &WorkloadKeys::dns,
      {.doc = "Whether clients look up the name of what they ask; they have its address where nothing is said."});
  f.node(&WorkloadKeys::at);
  f.check([](const WorkloadKeys& keys, Node node, Binding& binding) {
    if (keys.to.name) {
      for (const char* key : {"connection", "protocol", "request", "response", "work"}) {
        if (!node[key].exists()) continue;
        binding.diagnostics.notice(node[key], fmt::format("nothing reads '{}' here: a look-up is all there is", key));
      }
    }
    const std::uint32_t requests = requests_on_each(keys.connection.requests_per_connection, keys.connection.streams);
    tell_unread_of_kept(requests, node["connection"], binding);
    if (keys.connection.streams > 1 && keys.protocol == "udp") {
      binding.diagnostics.error(node["connection"]["streams"], "datagrams have no streams", "protocol: tcp");
    }
    if (keys.connection.tls && keys.protocol == "udp") {
      binding.diagnostics.error(node["connection"]["tls"], "TLS over datagrams is not simulated", "protocol: tcp");
    }
    if (keys.to.external && keys.from.external) {
      binding.diagnostics.error(node["to"]["external"].key(),
                                "what clients outside of the cluster ask outside of it does not pass it",
                                "clients that are pods, or a Service");
    }
    if (keys.to.url && keys.protocol == "udp") {
      binding.diagnostics.error(node["to"]["url"], "HTTP/3 is not simulated", "protocol: tcp");
    }
    if (!keys.connection.await_close) return;
    if (keys.protocol != "udp" && requests != 0 && keys.connection.streams == 1) return;
    binding.diagnostics.notice(
        node["connection"]["awaitClose"],
        keys.protocol == "udp" ? "nothing reads 'awaitClose' here: datagrams have no connection"
        : requests == 0        ? "nothing reads 'awaitClose' here: the connection is kept for ever"
                               : "nothing reads 'awaitClose' here: a connection of streams is closed by nobody's last "
                                 "request");
  });
}

}  // namespace knetsim
