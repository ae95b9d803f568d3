#include "app/scenario/dns_keys.h"

#include "app/scenario/distribution_fields.h"
#include "models/cluster/name_rules.h"
#include "sim/input/binder.h"

namespace knetsim {
namespace {

constexpr const char* kNodeCache = "k/k cluster/addons/dns/nodelocaldns/nodelocaldns.yaml";
constexpr const char* kCorefile = "k/k cmd/kubeadm/app/phases/addons/dns/manifests.go, CoreDNSConfigMap";

}  // namespace

void describe(Fields<UpstreamKeys>& f) {
  f.about("Upstream", "The name servers beyond the cluster, which know every name that is not the cluster's.");
  f.optional("answer", &UpstreamKeys::answer, "10ms",
             {.doc = "From a question's leaving the cluster to its answer's being back.", .source = "assumption"});
  f.optional("ttl", &UpstreamKeys::ttl, "5m",
             {.doc = "Of addresses: how long their answer may be kept.", .at_most = "24h", .source = "assumption"});
  f.optional("negativeTtl", &UpstreamKeys::negative_ttl, "5m",
             {.doc = "Of answers that there is no such name, or nothing of the kind: the last number of a zone's SOA.",
              .at_most = "24h",
              .source = "assumption"});
}

void describe(Fields<NodeLocalKeys>& f) {
  f.about(
      "NodeLocal",
      "NodeLocal DNSCache: a CoreDNS in each node's own network, made as kube-system/node-local-dns, which the node's "
      "pods ask at a link-local address past conntrack; it asks CoreDNS over kept TCP connections for the cluster's "
      "names, and the upstream itself for others.");
  f.optional("work", &NodeLocalKeys::work, "41.4us",
             {.doc = "CPU time of a cache for a question, beside the kernel's.", .source = "assumption: as CoreDNS'"});
  f.optional("forwardWork", &NodeLocalKeys::forward_work, "41.4us",
             {.doc = "CPU time beside for one that it has to ask for.", .source = "assumption: as CoreDNS'"});
  f.optional("keep", &NodeLocalKeys::keep, "30s",
             {.doc = "How long it keeps an answer with records at most.", .at_most = "1h", .source = kNodeCache});
  f.optional("keepNegative", &NodeLocalKeys::keep_negative, "5s",
             {.doc = "The same of an answer without, of the cluster's names; others are kept as those with records.",
              .at_most = "1h",
              .source = kNodeCache});
  f.optional(
      "maxConcurrent", &NodeLocalKeys::max_concurrent, "0",
      {.doc = "Questions that a cache forwards at a time, of the cluster's names and of others each: it refuses more. "
              "0: any number, as where its Corefile has no max_concurrent.",
       .at_most = "1000000",
       .source = kNodeCache});
}

void describe(Fields<ClusterDnsKeys>& f) {
  f.about("ClusterDns", "Who answers the look-ups of workloads and apps that make some (their key 'dns').");
  f.optional("replicas", &ClusterDnsKeys::replicas,
             {.doc = "Pods of CoreDNS, in a Deployment coredns and a Service kube-dns of kube-system that are made as "
                     "kubeadm makes them; where nothing is said they are those of the manifests.",
              .at_least = "1",
              .at_most = "10000"});
  f.optional("service", &ClusterDnsKeys::service, "kube-system/kube-dns",
             {.doc = "The Service at whose address pods ask.", .not_empty = true});
  f.optional("domain", &ClusterDnsKeys::domain, "cluster.local",
             {.doc = "The cluster's own zone.", .source = "k/k cmd/kubeadm/app/apis/kubeadm/v1beta4/defaults.go"});
  f.optional(
      "search", &ClusterDnsKeys::search,
      {.doc = "Search domains of the nodes' own resolv.conf, which pods search after the cluster's: ec2.internal."});
  f.optional("maxConcurrent", &ClusterDnsKeys::max_concurrent, "1000",
             {.doc = "Questions that one pod of CoreDNS forwards to the upstream at a time: it refuses others. 0: any "
                     "number. What it answers by itself has no bound.",
              .at_most = "1000000",
              .source = kCorefile});
  f.optional("work", &ClusterDnsKeys::work, "41.4us",
             {.doc = "CPU time of CoreDNS for a question, beside what the kernel spends on its packets.",
              .source = "fitted: 33,669 questions/s of an internal name on two vCPUs (coredns/deployment "
                        "kubernetes/Scaling_CoreDNS.md); how, docs/validation.md"});
  f.optional("forwardWork", &ClusterDnsKeys::forward_work, "41.4us",
             {.doc = "CPU time beside for a question that is forwarded.", .source = "assumption: as for an answer"});
  f.optional("upstream", &ClusterDnsKeys::upstream, {.doc = "Name servers beyond the cluster."});
  f.optional("cache", &ClusterDnsKeys::cache, "30s",
             {.doc = "How long CoreDNS keeps an answer of the upstream at most; 0s: it keeps none.",
              .at_most = "1h",
              .source = kCorefile});
  f.optional(
      "autopath", &ClusterDnsKeys::autopath, "false",
      {.doc = "CoreDNS follows the search list itself and answers the first question of a name with what it leads "
              "to.",
       .source = "coredns/coredns plugin/autopath"});
  f.optional("nodeLocal", &ClusterDnsKeys::node_local,
             {.doc = "A cache on each node; none where nothing is said. {} has the defaults."});
  f.check([](const ClusterDnsKeys& keys, Node node, Binding& binding) {
    if (!is_dns_subdomain(keys.domain)) {
      binding.diagnostics.error(node["domain"], "'" + keys.domain + "' is no domain", std::string(kDnsSubdomain));
    }
    if (keys.autopath && keys.node_local) {
      binding.diagnostics.error(
          node["autopath"], "with caches on the nodes CoreDNS does not see which pod asks, and follows no search list",
          "one of 'autopath' and 'nodeLocal'");
    }
    if (keys.replicas && keys.service != "kube-system/kube-dns") {
      binding.diagnostics.error(node["service"], "'replicas' makes the Service kube-system/kube-dns",
                                "one of 'replicas' and 'service'");
    }
  });
}

void describe(Fields<NameKeys>& f) {
  f.about("Names", "How clients come by the address of what they ask.");
  f.required("mode", &NameKeys::mode,
             {.doc = "When they look its name up.",
              .allowed = {{.name = "none", .value = 0, .doc = "never: they have the address"},
                          {.name = "lookup", .value = 1, .doc = "before each attempt at a request"},
                          {.name = "cached",
                           .value = 2,
                           .doc = "a client pod's process keeps what it has found for 'ttl'; requests that come before "
                                  "the first answer each look up"}}});
  f.optional(
      "name", &NameKeys::name,
      {.doc = "The name as the client has it, with a dot at its end where it is whole; that under which the Service "
              "is asked for where nothing is said."});
  f.optional(
      "libc", &NameKeys::libc, "glibc",
      {.doc = "Whose resolver.",
       .allowed = {{.name = "glibc",
                    .value = 0,
                    .doc = "asks again after 5 s (options timeout and attempts), searches whatever the number of "
                           "dots"},
                   {.name = "musl",
                    .value = 1,
                    .doc = "sends again within the 5 s, searches for names of fewer dots than ndots alone"}}});
  f.optional("records", &NameKeys::records, "host",
             {.doc = "What is asked for.",
              .allowed = {{.name = "host", .value = 0, .doc = "A and AAAA, as getaddrinfo() does"},
                          {.name = "a", .value = 1, .doc = "A alone: a socket of IPv4, or dnsperf"},
                          {.name = "srv", .value = 2, .doc = "SRV"}}});
  f.optional(
      "ttl", &NameKeys::ttl, "30s",
      {.doc = "Of 'cached': how long the process keeps an answer (Java's networkaddress.cache.ttl, and others').",
       .above = "0s",
       .at_most = "24h",
       .source = "OpenJDK sun.net.InetAddressCachePolicy, DEFAULT_POSITIVE"});
  f.shorthand("mode");
  f.node(&NameKeys::at);
  f.check([](const NameKeys& keys, Node node, Binding& binding) {
    if (keys.mode != "cached" && node["ttl"].exists()) {
      binding.diagnostics.error(node["ttl"].key(), "'ttl' belongs to the mode cached");
    }
  });
}

}  // namespace knetsim
