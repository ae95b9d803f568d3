#include "app/scenario/cluster_dns.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace knetsim {
namespace {

std::string_view to_text(RecordType type) {
  switch (type) {
    case RecordType::A:
      return "A";
    case RecordType::Aaaa:
      return "AAAA";
    case RecordType::Srv:
      return "SRV";
  }
  return "";
}

std::string answer_text(const NameQuery& query) {
  const char* const by = query.forwarded ? ", says the upstream" : "";
  switch (query.answer) {
    case Answer::Records:
      return fmt::format("found{}", by);
    case Answer::NoData:
      return fmt::format("the name is there, without such a record{}", by);
    case Answer::NxDomain:
      return fmt::format("no such name{}", by);
  }
  return {};
}

Libc libc_of(const NameKeys& keys) { return keys.libc == "musl" ? Libc::Musl : Libc::Glibc; }

std::string servers_text(const ResolvConf& conf) {
  return conf.nameservers.empty() ? std::string("its node's own resolver")
                                  : fmt::format("{}", fmt::join(conf.nameservers, ", "));
}

std::vector<std::string_view> labels_of(std::string_view name) {
  std::vector<std::string_view> labels;
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t dot = std::min(name.find('.', begin), name.size());
    labels.push_back(name.substr(begin, dot - begin));
    begin = dot + 1;
  }
  return labels;
}

/// Stands for CoreDNS' application in questions until it is there.
constexpr AppIndex kCoreDns = kNoIndex - 1;

constexpr const char* kCacheSet = "node-local-dns";

// The Service at which caches on nodes ask CoreDNS, and the address at which pods ask them: k/k cluster/addons/dns/nodelocaldns.
constexpr const char* kUpstream = "kube-dns-upstream";
constexpr const char* kLocalAddress = "169.254.20.10";

/// A goroutine each: coredns/coredns core/dnsserver/server.go, which bounds nothing.
constexpr std::uint32_t kAnyNumber = ~std::uint32_t{0};

}  // namespace

ClusterDns::ClusterDns(const Scenario& scenario, const Cluster& cluster, TargetLookup& lookup, CallGraph& graph,
                       Diagnostics& diagnostics)
    : scenario_(scenario),
      keys_(scenario.cluster.dns),
      cluster_(cluster),
      lookup_(lookup),
      graph_(graph),
      diagnostics_(diagnostics) {}

std::optional<EdgeTarget> ClusterDns::server_target(Node at) {
  if (target_ || told_missing_) return target_;
  const ObjectName name = split_name(keys_.service, "kube-system");
  if (ClusterNames(cluster_).service(name.ns, name.name) == kNoIndex) {
    told_missing_ = true;
    diagnostics_.error(
        at, fmt::format("nobody answers look-ups: there is no {}", object_label("Service", name.ns, name.name)),
        "cluster: {dns: {replicas: 2}}, or a Service of the manifests under cluster.dns.service");
    return std::nullopt;
  }
  target_ = keys_.node_local ? cache_target(at) : lookup_.service(name, {}, Protocol::Udp, at);
  told_missing_ = !target_;
  return target_;
}

/// Whether there is a second Service in front of the same pods, as node-local-dns has it.
bool ClusterDns::has_upstream_service() const {
  const ClusterNames names(cluster_);
  const ObjectName name = split_name(keys_.service, "kube-system");
  const ServiceIndex asked = names.service(name.ns, name.name);
  const ServiceIndex upstream = names.service("kube-system", kUpstream);
  return upstream != kNoIndex && name.ns == "kube-system" &&
         cluster_.services[upstream].selector == cluster_.services[asked].selector;
}

/// The cache on a client's own node, and CoreDNS behind it over TCP. Where no Service stands for it beside the one at whose
/// address pods ask, that one does.
std::optional<EdgeTarget> ClusterDns::cache_target(Node at) {
  const bool beside = has_upstream_service();
  const ObjectName name = beside ? ObjectName{"kube-system", kUpstream} : split_name(keys_.service, "kube-system");
  core_name_ = name.ns == "kube-system" ? name.name : name.ns + "/" + name.name;
  core_ = lookup_.service(name, beside ? "dns-tcp" : "53", Protocol::Tcp, at);
  std::optional<EdgeTarget> target = lookup_.pod({"kube-system", kCacheSet}, "dns", Protocol::Udp, at);
  if (!core_ || !target) return std::nullopt;
  target->on_own_node = target->untracked = true;
  std::ranges::stable_sort(target->direct, {}, &Endpoint::node);
  return target;
}

/// Of all its clients, which have to have one and the same.
std::optional<ResolvConf> ClusterDns::resolver_of(const Asked& asked) const {
  const DnsDomain domain{.domain = keys_.domain, .host_search = keys_.search, .addresses = addresses()};
  const auto of = [&](PodIndex pod) {
    return resolv_conf(cluster_.spec(cluster_.pods[pod]), cluster_.pods[pod].ns, domain, libc_of(asked.keys));
  };
  ResolvConf conf = of(asked.clients.front());
  for (const PodIndex pod : asked.clients) {
    if (of(pod) == conf) continue;
    const Pod& one = cluster_.pods[asked.clients.front()];
    const Pod& other = cluster_.pods[pod];
    diagnostics_.error(asked.keys.at,
                       fmt::format("the clients of '{}' look names up in different ways: {} and {}", asked.by,
                                   object_label("Pod", one.ns, one.name), object_label("Pod", other.ns, other.name)),
                       "a workload for those of each namespace, dnsPolicy and dnsConfig");
    return std::nullopt;
  }
  if (conf.asks_cluster) return conf;
  const Pod& pod = cluster_.pods[asked.clients.front()];
  diagnostics_.error(
      asked.keys.at,
      fmt::format("{} does not ask the cluster's DNS: its dnsPolicy sends it to {}, which is not simulated",
                  object_label("Pod", pod.ns, pod.name), servers_text(conf)),
      fmt::format(
          "dnsPolicy ClusterFirst, or ClusterFirstWithHostNet beside hostNetwork; with None the cluster's address "
          "first, {}",
          fmt::join(domain.addresses, " or ")));
  return std::nullopt;
}

/// At which pods ask: the Service's own, which caches on nodes have as well, and these caches'.
std::vector<std::string> ClusterDns::addresses() const {
  std::vector<std::string> all;
  const ObjectName name = split_name(keys_.service, "kube-system");
  const ServiceIndex index = ClusterNames(cluster_).service(name.ns, name.name);
  if (index != kNoIndex) {
    for (const IpAddress& ip : cluster_.services[index].cluster_ips) all.push_back(to_string(ip));
  }
  if (keys_.node_local) all.emplace_back(kLocalAddress);
  return all;
}

/// What of a pod's resolv.conf is left out.
void ClusterDns::tell_left_out(const Asked& asked, const ResolvConf& conf) {
  const Pod& pod = cluster_.pods[asked.clients.front()];
  const std::string label = object_label("Pod", pod.ns, pod.name);
  const auto tell = [&](std::string message) {
    if (told_.insert(message).second) diagnostics_.notice(asked.keys.at, std::move(message));
  };
  if (!conf.nameservers.empty()) {
    tell(fmt::format("{} has other nameservers than the cluster's, {}, which are not simulated: {}", label,
                     fmt::join(conf.nameservers, ", "),
                     libc_of(asked.keys) == Libc::Musl ? "musl would ask them at the same time"
                                                       : "glibc would ask them where the cluster's does not answer"));
  }
  if (conf.use_vc) tell(fmt::format("{} asks by TCP (use-vc), which is not simulated: it asks by UDP", label));
}

/// A name that an upstream knows and nobody in the cluster, and that is one of the cluster's but for a slip in one label.
void ClusterDns::tell_near_name(const Asked& asked) {
  const std::vector<std::string_view> wanted = labels_of(asked.name);
  std::vector<std::string> near;
  for (const Service& service : cluster_.services) {
    const std::string whole = fmt::format("{}.{}.svc.{}", service.name, service.ns, keys_.domain);
    std::vector<std::string_view> labels = labels_of(whole);
    if (wanted.size() < 2 || labels.size() < wanted.size()) continue;
    labels.resize(wanted.size());
    std::size_t slips = 0;
    bool small = true;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (labels[i] == wanted[i]) continue;
      ++slips;
      small = small && !nearest(wanted[i], std::span<const std::string_view>(&labels[i], 1)).empty();
    }
    if (slips == 1 && small) near.push_back(fmt::format("{}", fmt::join(labels, ".")));
  }
  if (near.empty()) return;
  diagnostics_.notice(asked.at, fmt::format("'{}' is no name of the cluster, and is looked up beyond it{}", asked.name,
                                            suggest(asked.name, near)));
}

QuestionIndex ClusterDns::question(const NameQuery& query) {
  const std::string text = fmt::format("{} {}", to_text(query.type), query.name);
  const auto [known, is_new] =
      questions_.try_emplace(text, static_cast<QuestionIndex>(graph_.traffic.questions.size()));
  if (!is_new) return known->second;
  graph_.traffic.questions.push_back({.text = text + ": " + answer_text(query),
                                      .query = query.query,
                                      .reply = query.reply,
                                      .known_to = query.forwarded ? kNoIndex : kCoreDns,
                                      .keep = kept(query)});
  return known->second;
}

/// By the one cache that keeps it: that of its node, or CoreDNS' for what CoreDNS does not know itself. The cluster's own
/// answers have a TTL of 30 s in kubeadm's Corefile.
Duration ClusterDns::kept(const NameQuery& query) const {
  const bool positive = query.answer == Answer::Records;
  const Duration ttl = !query.forwarded ? Duration(std::chrono::seconds(30))
                       : positive       ? keys_.upstream.ttl
                                        : keys_.upstream.negative_ttl;
  if (!keys_.node_local) return std::min(keys_.cache, ttl);
  return std::min(ttl, positive || query.forwarded ? keys_.node_local->keep : keys_.node_local->keep_negative);
}

LookupRound ClusterDns::round_of(const QueryRound& round) {
  LookupRound made{.questions = {},
                   .found = round.found,
                   .found_by = round.found_by,
                   .after_failure = round.after_failure,
                   .after_refusal = round.after_refusal};
  for (const NameQuery& query : round.queries) made.questions.push_back(question(query));
  return made;
}

std::optional<LookupIndex> ClusterDns::plan(const Asked& asked, ResolvConf& conf) {
  const std::optional<ResolvConf> found = resolver_of(asked);
  if (!found) return std::nullopt;
  conf = *found;
  const Libc libc = libc_of(asked.keys);
  if (!zone_) zone_.emplace(cluster_, keys_.domain);
  const LookupPlan rounds = lookup_plan(asked.name, conf, *zone_,
                                        {.libc = libc,
                                         .records = asked.keys.records == "srv" ? LookupOptions::Records::Srv
                                                    : asked.keys.records == "a" ? LookupOptions::Records::A
                                                                                : LookupOptions::Records::Host,
                                         .autopath = keys_.autopath});
  if (!rounds.found()) {
    std::vector<std::string> tried;
    for (const QueryRound& round : rounds.rounds) tried.push_back(round.queries.front().name);
    diagnostics_.notice(asked.at, fmt::format("'{}' is not there, and its look-ups fail: asked for are {}", asked.name,
                                              fmt::join(tried, ", ")));
  } else if (const NameQuery& last = rounds.rounds.back().queries.front(); last.forwarded && !last.in_cluster) {
    tell_near_name(asked);
  }
  tell_left_out(asked, conf);
  LookupSpec spec;
  for (const QueryRound& round : rounds.rounds) spec.rounds.push_back(round_of(round));
  for (const QueryRound& round : rounds.further) spec.further.push_back(round_of(round));
  if (libc == Libc::Musl) spec.resolver = NameResolver::Musl;
  spec.attempts = libc == Libc::Musl ? 1 : conf.attempts;
  spec.one_by_one = conf.single_request;
  spec.reopens = conf.single_request_reopen;
  graph_.traffic.lookups.push_back(std::move(spec));
  return static_cast<LookupIndex>(graph_.traffic.lookups.size() - 1);
}

EdgeIndex ClusterDns::add_search(const Asked& asked, std::string name, LookupIndex lookup, const ResolvConf& conf,
                                 const EdgeTarget& target) {
  EdgeSpec question;
  question.name = asked.by + " > DNS question";
  question.target = keys_.service;
  question.udp = true;
  const TrafficPlan& plan = graph_.traffic;
  const Question& first = plan.questions[plan.lookups[lookup].rounds.front().questions.front()];
  // For whoever looks at the edge alone: the sizes of each question are its own.
  question.script = plain_script({.request_bytes = Distribution::constant(static_cast<double>(first.query.count())),
                                  .response_bytes = Distribution::constant(static_cast<double>(first.reply.count()))});
  question.timeout = conf.timeout;
  if (libc_of(asked.keys) == Libc::Musl) {  // res_msend.c: timeout is that of all, divided among the attempts
    question.timeout = conf.timeout / conf.attempts;
    question.retries.attempts = conf.attempts - 1;
  }
  EdgeTarget of_lookup;
  of_lookup.exposure = target.exposure;
  of_lookup.transport = Transport::Udp;
  of_lookup.service = target.service;
  const EdgeIndex questions = graph_.add_edge(std::move(question), target);
  EdgeSpec search;
  search.name = std::move(name);
  search.target = std::string(asked.name);
  search.udp = true;
  search.script = {SearchNames{.questions = questions, .lookup = lookup}};
  search.timeout = Duration::max();  // ends by itself
  return graph_.add_edge(std::move(search), std::move(of_lookup));
}

EdgeIndex ClusterDns::add_lookup(const Asked& asked) {
  const std::optional<EdgeTarget> target = server_target(asked.keys.at);
  ResolvConf conf;
  const std::optional<LookupIndex> lookup = target ? plan(asked, conf) : std::nullopt;
  return lookup ? add_search(asked, asked.by + " > DNS", *lookup, conf, *target) : kNoIndex;
}

std::optional<EdgeIndex> ClusterDns::add_source(const Asked& asked, Duration timeout, const RetryPolicy& retries) {
  const std::optional<EdgeTarget> target = server_target(asked.at);
  ResolvConf conf;
  const std::optional<LookupIndex> lookup = target ? plan(asked, conf) : std::nullopt;
  if (!lookup) return std::nullopt;
  const EdgeIndex edge = add_search(asked, asked.by, *lookup, conf, *target);
  graph_.traffic.edges[edge].timeout = timeout;
  graph_.traffic.edges[edge].retries = retries;
  return edge;
}

/// cluster.dns without anybody who looks names up, or could in another variant.
void ClusterDns::tell_idle() {
  const Node dns = scenario_.root["cluster"]["dns"];
  const auto states = [](const auto& workload) { return workload.second.dns || workload.second.to.name; };
  if (!dns.exists() || std::ranges::any_of(scenario_.workloads, states)) return;
  if (std::ranges::any_of(scenario_.apps, [](const AppSettings& app) { return app.dns.has_value(); })) return;
  diagnostics_.notice(dns, "nothing reads 'dns' here: no workload and no app looks names up",
                      "dns: lookup, of one of them");
}

void ClusterDns::add_server() {
  if (!target_) {
    tell_idle();
    return;
  }
  AppSpec app;
  app.name = keys_.service;
  app.workers = kAnyNumber;
  const auto step = [&](AppStep one) { app.steps.push_back(std::move(one)); };
  step({.work_seconds = keys_.work.law, .sleep_seconds = {}, .calls = {}});
  step({.work_seconds = {}, .sleep_seconds = {}, .calls = {}, .answers = AnswerRule::EndWhereKnown});
  step({.work_seconds = keys_.forward_work.law,
        .sleep_seconds = keys_.upstream.answer.law,
        .calls = {},
        .answers = AnswerRule::WhereBeyond,
        .at_most = keys_.max_concurrent});
  step({.work_seconds = {}, .sleep_seconds = {}, .calls = {}, .answers = AnswerRule::Keep});
  const EdgeTarget& core = core_ ? *core_ : *target_;
  const EndpointView view = cluster_.endpoints.latest();
  for (Question& question : graph_.traffic.questions) {
    if (question.known_to == kCoreDns) question.known_to = static_cast<AppIndex>(graph_.traffic.apps.size());
  }
  serve(core.port == kNoIndex ? std::span<const Endpoint>(core.direct) : view.everywhere(core.port),
        static_cast<AppIndex>(graph_.traffic.apps.size()));
  graph_.traffic.apps.push_back(std::move(app));
  if (keys_.node_local) add_node_caches();
}

/// Pods of the same workloads that come later in a run serve as well.
void ClusterDns::serve(std::span<const Endpoint> endpoints, AppIndex app) {
  const auto take = [&](PodIndex pod) {
    AppIndex& of_pod = graph_.traffic.app_of_pod[pod];
    if (of_pod != kNoIndex && of_pod != app && !told_missing_) {
      told_missing_ = true;
      const std::string& other = graph_.traffic.apps[of_pod].name;
      diagnostics_.error(scenario_.root["apps"][other].key(),
                         fmt::format("the pods of the app '{}' answer look-ups: what they do for a question is said by "
                                     "cluster.dns",
                                     other));
    }
    of_pod = app;
  };
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.pod == kNoIndex) continue;
    take(endpoint.pod);
    const WorkloadIndex workload = cluster_.pods[endpoint.pod].workload;
    if (workload == kNoIndex) continue;
    for (const PodIndex pod : cluster_.workloads[workload].pods) take(pod);
  }
}

void ClusterDns::add_node_caches() {
  const NodeLocalKeys& keys = *keys_.node_local;
  EdgeSpec to_core;
  to_core.name = fmt::format("{} > {}", kCacheSet, core_name_);
  to_core.target = core_name_.find('/') == std::string::npos ? "kube-system/" + core_name_ : core_name_;
  to_core.connections = {.requests = 0, .idle_timeout = std::chrono::seconds(10)};  // forward's `expire`
  to_core.script = plain_script({});
  to_core.timeout = std::chrono::seconds(2);  // coredns/coredns plugin/pkg/proxy: readTimeout; plugin/forward tries
  to_core.retries.attempts = 2;               // again until 5 s are over
  const EdgeIndex edge = graph_.add_edge(std::move(to_core), *core_);
  AppSpec app;
  app.name = kCacheSet;
  app.workers = kAnyNumber;
  const auto step = [&](AppStep one) { app.steps.push_back(std::move(one)); };
  step({.work_seconds = keys.work.law, .sleep_seconds = {}, .calls = {}});
  step({.work_seconds = {}, .sleep_seconds = {}, .calls = {}, .answers = AnswerRule::EndWhereKnown});
  step({.work_seconds = keys.forward_work.law,
        .sleep_seconds = {},
        .calls = {edge},
        .answers = AnswerRule::WhereInCluster,
        .at_most = keys.max_concurrent});
  step({.work_seconds = keys.forward_work.law,
        .sleep_seconds = keys_.upstream.answer.law,
        .calls = {},
        .answers = AnswerRule::WhereBeyond,
        .at_most = keys.max_concurrent});
  step({.work_seconds = {}, .sleep_seconds = {}, .calls = {}, .answers = AnswerRule::Keep});
  serve(target_->direct, static_cast<AppIndex>(graph_.traffic.apps.size()));
  graph_.traffic.apps.push_back(std::move(app));
}

}  // namespace knetsim
