#include "models/cost/profile_keys.h"

#include "models/cost/cost_profile.h"
#include "sim/input/explain.h"
#include "sim/input/schema.h"

namespace knetsim {
namespace {

// p99 a thousand times the median: beyond, a figure is a mistake.
constexpr const char* kMaxSigma = "3";

template <class Keys>
void describe_source(Fields<Keys>& f) {
  f.required("source", &Keys::source,
             {.doc = "The measurement that it is taken from or fitted to; of an assumption, what makes it plausible.",
              .not_empty = true});
  f.optional("assumption", &Keys::assumption, "false", {.doc = "Whether nobody has measured it."});
}

template <class Keys>
void describe_sigma(Fields<Keys>& f) {
  f.optional("sigma", &Keys::sigma, "0",
             {.doc = "Standard deviation of its logarithm from one packet to the next.",
              .at_least = "0",
              .at_most = kMaxSigma});
}

}  // namespace

void describe(Fields<StepCostKeys>& f) {
  f.about("Cost", "What one unit of a step costs.");
  f.required("median", &StepCostKeys::median, {.doc = "Its median.", .at_least = "0s"});
  describe_sigma(f);
  describe_source(f);
}

void describe(Fields<ScanCostKeys>& f) {
  f.about("Scan", "What one rule of a table costs that is scanned from its start, by what of it is in the cache.");
  f.required("warm", &ScanCostKeys::warm, {.doc = "In the near cache.", .at_least = "0s"});
  f.optional("far", &ScanCostKeys::far, {.doc = "In a cache farther away; that of memory where nothing is said."});
  f.required("cold", &ScanCostKeys::cold, {.doc = "From memory.", .at_least = "0s"});
  f.required("cache", &ScanCostKeys::cache, {.doc = "Bytes of rules that the cache holds.", .above = "0B"});
  f.required("forget", &ScanCostKeys::forget, {.doc = "Time in which other work displaces them.", .above = "0s"});
  describe_sigma(f);
  describe_source(f);
  f.check([](const ScanCostKeys& keys, Node node, Binding& binding) {
    if (keys.cold < keys.warm) binding.diagnostics.error(node["cold"], "less than 'warm'", "at least 'warm'");
    if (keys.far && (*keys.far < keys.warm || *keys.far > keys.cold)) {
      binding.diagnostics.error(node["far"], "not between 'warm' and 'cold'");
    }
  });
}

void describe(Fields<InterruptionKeys>& f) {
  f.about("Interruptions", "What else the machine does while a core works: ticks, other interrupts, a hypervisor.");
  f.required("rate", &InterruptionKeys::rate, {.doc = "How often, of a core's work.", .at_least = "0/s"});
  f.required("median", &InterruptionKeys::median, {.doc = "Of one.", .at_least = "0s"});
  describe_sigma(f);
  describe_source(f);
}

void describe(Fields<ColdKeys>& f) {
  f.about("Cold", "Steps right after other work has displaced all from the caches. Not played.");
  f.required("factor", &ColdKeys::factor, {.doc = "How many times its median a step takes.", .at_least = "1"});
  f.required("source", &ColdKeys::source, {.doc = "Where it comes from.", .not_empty = true});
}

void describe(Fields<HandshakeKeys>& f) {
  f.about("Handshake", "CPU time of one handshake of TLS at its two ends.");
  f.required("client", &HandshakeKeys::client, {.doc = "At the client's.", .at_least = "0s"});
  f.required("server", &HandshakeKeys::server, {.doc = "At the server's.", .at_least = "0s"});
  describe_source(f);
}

void describe(Fields<TlsVersionKeys>& f) {
  f.about("TlsVersion", "Handshakes of one version of TLS.");
  f.required("rsa2048", &TlsVersionKeys::rsa2048, {.doc = "A whole one, the server's certificate of RSA, 2,048 bits."});
  f.required("p256", &TlsVersionKeys::p256, {.doc = "A whole one, the server's certificate of ECDSA, P-256."});
  f.required("resumed", &TlsVersionKeys::resumed, {.doc = "One that resumes a session."});
}

void describe(Fields<RecordKeys>& f) {
  f.about("Records", "CPU time to seal what is sent, or to open it.");
  f.required("record", &RecordKeys::record, {.doc = "Of each record.", .at_least = "0s"});
  f.required("byte", &RecordKeys::byte, {.doc = "Of each byte.", .at_least = "0s"});
  describe_source(f);
}

void describe(Fields<TlsCostKeys>& f) {
  f.about("Tls", "What TLS costs the processes at its two ends.");
  f.required("tls1.2", &TlsCostKeys::tls12, {.doc = "Handshakes of TLS 1.2."});
  f.required("tls1.3", &TlsCostKeys::tls13, {.doc = "Handshakes of TLS 1.3."});
  f.required("records", &TlsCostKeys::records, {.doc = "Of the messages that follow."});
}

void describe(Fields<ProxyCostKeys>& f) {
  f.about("ProxyCost", "CPU time of a proxy's own code; what the kernel does for it is the walk's.");
  f.required("request", &ProxyCostKeys::request,
             {.doc = "Of a request that it passes on, and of its answer.", .at_least = "0s"});
  f.optional("byte", &ProxyCostKeys::byte, "0s", {.doc = "Of each byte of the two.", .at_least = "0s"});
  f.optional("rule", &ProxyCostKeys::rule, "0s",
             {.doc = "Of each rule that it looks at before it finds the request's.", .at_least = "0s"});
  f.optional("connection", &ProxyCostKeys::connection, "0s",
             {.doc = "Of a client's new connection.", .at_least = "0s"});
  f.optional("upstream", &ProxyCostKeys::upstream, "0s",
             {.doc = "Of a new connection of its own, to an upstream.", .at_least = "0s"});
  describe_source(f);
}

void describe(Fields<BaseKeys>& f) {
  f.about("Base", "A profile whose figures stand where this one has none.");
  f.required("profile", &BaseKeys::profile, {.doc = "Its file, from this one's folder.", .not_empty = true});
  f.optional("factor", &BaseKeys::factor, {.doc = "Multiplies the medians of its steps, not its scans.", .above = "0"});
  f.optional("source", &BaseKeys::source, {.doc = "Where the factor comes from."});
  f.check([](const BaseKeys& keys, Node node, Binding& binding) {
    if (keys.factor && keys.source.empty()) {
      binding.diagnostics.error(node, "a factor without 'source': where does it come from?");
    }
  });
}

void describe(Fields<ProfileMetadataKeys>& f) {
  f.about("Metadata", "What the profile is called.");
  f.optional("name", &ProfileMetadataKeys::name, {.doc = "In results and on the screen."});
}

void describe(Fields<StepsKeys>& f) {
  f.about("Steps", "What each kind of step costs.");
  for (const StepKindInfo& kind : step_kinds()) {
    if (kind.traits.computed || kind.traits.scanned) continue;
    f.optional_at(std::string(kind.name),
                  [i = static_cast<std::size_t>(kind.kind)](StepsKeys & keys) -> auto& { return keys.of[i]; },
                  {.doc = std::string(kind.what), .unit = "a " + std::string(name_of(kind.unit))});
  }
  f.node(&StepsKeys::at);
}

void describe(Fields<ScansKeys>& f) {
  f.about("Scans", "What a rule costs of each kind that is scanned.");
  for (const StepKindInfo& kind : step_kinds()) {
    if (!kind.traits.scanned) continue;
    f.optional_at(std::string(kind.name),
                  [i = static_cast<std::size_t>(kind.kind)](ScansKeys & keys) -> auto& { return keys.of[i]; },
                  {.doc = std::string(kind.what), .unit = "a " + std::string(name_of(kind.unit))});
  }
  f.node(&ScansKeys::at);
}

void describe(Fields<ProfileKeys>& f) {
  f.about("CostProfile", "What every kind of step costs on one machine and kernel.");
  f.optional("apiVersion", &ProfileKeys::api_version, "knetsim.io/v1alpha1",
             {.doc = "Version of this format.", .allowed = {{"knetsim.io/v1alpha1", 0, "the only one"}}});
  f.required("kind", &ProfileKeys::kind,
             {.doc = "What the file is.", .allowed = {{"CostProfile", 0, "a cost profile"}}});
  f.optional("metadata", &ProfileKeys::metadata, {.doc = "What it is called."});
  f.optional("machine", &ProfileKeys::machine, {.doc = "What the figures stand for: AMD EPYC, Linux 6.18."});
  f.optional("base", &ProfileKeys::base, {.doc = "A profile that gives what this one does not."});
  f.optional("steps", &ProfileKeys::steps, {.doc = "Costs by kind of step."});
  f.optional("scans", &ProfileKeys::scans, {.doc = "Costs of rules that are scanned, by kind of step."});
  f.optional("interruptions", &ProfileKeys::interruptions,
             {.doc = "What else the machine does; without it the shapes of the steps hold all there is."});
  f.optional("cold", &ProfileKeys::cold, {.doc = "What cold caches do to a step; told, not played."});
  f.optional("tls", &ProfileKeys::tls, {.doc = "What TLS costs the processes at its two ends."});
  f.optional("proxies", &ProfileKeys::proxies, {.doc = "What the code of proxies costs that read requests, by name."});
}

Explanation explain_profile(const Path& path) { return explain(struct_info<ProfileKeys>(), path); }

std::vector<Explanation> explain_profile_all() { return explain_all(struct_info<ProfileKeys>()); }

std::string profile_schema() {
  return schema(struct_info<ProfileKeys>(), "https://knetsim.io/schemas/v1alpha1/cost-profile.json");
}

}  // namespace knetsim
