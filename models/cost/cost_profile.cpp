#include "models/cost/cost_profile.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "models/cost/profile_keys.h"
#include "sim/input/read_documents.h"
#include "sim/input/units_text.h"

namespace knetsim {

namespace {

constexpr int kMaxBases = 8;

double ps(Duration span) { return static_cast<double>(span.count()); }

FigureSource provenance(const FigureKeys& keys) { return {.source = keys.source, .assumption = keys.assumption}; }

ScanCost scan_cost(const ScanCostKeys& keys) {
  return {.warm_ps = ps(keys.warm),
          .far_ps = ps(keys.far.value_or(keys.cold)),
          .cold_ps = ps(keys.cold),
          .cache_bytes = static_cast<double>(keys.cache.count()),
          .forget_ps = ps(keys.forget),
          .sigma = keys.sigma,
          .provenance = provenance(keys)};
}

HandshakeCost handshake_cost(const HandshakeKeys& keys) {
  return {.client_ps = ps(keys.client), .server_ps = ps(keys.server), .provenance = provenance(keys)};
}

TlsVersionCost version_cost(const TlsVersionKeys& keys) {
  return {.whole = {handshake_cost(keys.rsa2048), handshake_cost(keys.p256)}, .resumed = handshake_cost(keys.resumed)};
}

void take_applications(const ProfileKeys& keys, ApplicationCosts& costs) {
  if (const auto& tls = keys.tls) {
    costs.tls = TlsCost{.versions = {version_cost(tls->tls12), version_cost(tls->tls13)},
                        .record_ps = ps(tls->records.record),
                        .byte_ps = ps(tls->records.byte),
                        .provenance = provenance(tls->records)};
  }
  for (const auto& [name, proxy] : keys.proxies) {
    costs.proxies[name] = {.request_ps = ps(proxy.request),
                           .byte_ps = ps(proxy.byte),
                           .rule_ps = ps(proxy.rule),
                           .connection_ps = ps(proxy.connection),
                           .upstream_ps = ps(proxy.upstream),
                           .provenance = provenance(proxy)};
  }
}

void scale(CostProfile& profile, const BaseKeys& base) {
  if (!base.factor) return;
  for (const StepKindInfo& entry : step_kinds()) {
    if (entry.traits.computed || entry.traits.scanned) continue;
    profile[entry.kind].median_ps *= *base.factor;
    profile[entry.kind].provenance.source = base.source;
  }
}

/// Takes the figures that the file gives. @return  Kinds of which it gives none.
std::vector<StepKind> take_figures(const ProfileKeys& keys, CostProfile& profile) {
  std::vector<StepKind> lacking;
  for (const StepKindInfo& entry : step_kinds()) {
    if (entry.traits.computed) continue;
    const auto at = static_cast<std::size_t>(entry.kind);
    if (const auto& scan = keys.scans.of[at]) {
      profile.scans[at] = scan_cost(*scan);
      profile.costs[at] = {ps(scan->warm), scan->sigma, provenance(*scan)};
    } else if (const auto& step = keys.steps.of[at]) {
      profile.costs[at] = {ps(step->median), step->sigma, provenance(*step)};
    } else {
      lacking.push_back(entry.kind);
    }
  }
  return lacking;
}

/// Of kinds without a figure: an error each, or, where another profile gave theirs, one notice.
void tell_lacking(const std::vector<StepKind>& lacking, const ProfileKeys& keys, Node root, const CostProfile* base,
                  Diagnostics& diagnostics) {
  std::string names;
  for (const StepKind kind : lacking) {
    const std::string name(info(kind).name);
    names += (names.empty() ? "" : ", ") + name;
    if (base != nullptr) continue;
    const Node section = info(kind).traits.scanned ? keys.scans.at : keys.steps.at;
    diagnostics.error(section.exists() ? section : root,
                      "no figure for '" + name + "' (" + std::string(info(kind).what) + ")");
  }
  if (base != nullptr && !keys.base && !lacking.empty()) {
    diagnostics.notice(root, "the profile has no figure for " + names + "; taken from profile '" + base->name + "'");
  }
}

bool is_complete(Node root) {
  Diagnostics ignored;
  CostProfile profile;
  return take_figures(bind<ProfileKeys>(root, ignored), profile).empty();
}

CostProfile load(InputSet& inputs, const std::string& path, const std::string& default_base, Diagnostics& diagnostics,
                 int bases_left) {
  const Document document = read_document(inputs.open(path));
  const Node named = document.root()["base"]["profile"];
  const auto read_on = [&](const std::string& base) {
    const CostProfile below = load(inputs, base, default_base, diagnostics, bases_left - 1);
    return read_cost_profile(document.root(), diagnostics, &below);
  };
  if (!named.exists()) {
    std::error_code error;
    const bool stands_alone =
        default_base.empty() || std::filesystem::equivalent(path, default_base, error) || is_complete(document.root());
    return stands_alone ? read_cost_profile(document.root(), diagnostics) : read_on(default_base);
  }
  if (bases_left == 0) {
    diagnostics.error(named, "more than " + std::to_string(kMaxBases) + " profiles on top of one another: a circle?");
    return {};
  }
  try {
    return read_on((std::filesystem::path(path).parent_path() / std::string(named.text())).string());
  } catch (const ConfigError& error) {
    diagnostics.error(named, error.what());
    return {};
  }
}

std::string span_text(double picoseconds) { return format(Duration(std::llround(picoseconds))); }

}  // namespace

CostProfile read_cost_profile(Node root, Diagnostics& diagnostics, const CostProfile* base) {
  CostProfile profile = base != nullptr ? *base : CostProfile{};
  const std::size_t errors = diagnostics.error_count();
  const auto keys = bind<ProfileKeys>(root, diagnostics);
  profile.name = keys.metadata.name;
  profile.machine = keys.machine;
  if (base != nullptr && keys.base) scale(profile, *keys.base);
  const std::vector<StepKind> lacking = take_figures(keys, profile);
  if (diagnostics.error_count() == errors) tell_lacking(lacking, keys, root, base, diagnostics);
  if (const auto& seen = keys.interruptions) {
    profile.interruptions = {seen->rate.per_second(), ps(seen->median), seen->sigma, provenance(*seen)};
  }
  take_applications(keys, profile.applications);
  if (keys.cold) {
    profile.cold_factor = keys.cold->factor;
    profile.cold_source = keys.cold->source;
  }
  return profile;
}

CostProfile load_cost_profile(InputSet& inputs, const std::string& path, Diagnostics& diagnostics,
                              const std::string& default_base) {
  return load(inputs, path, default_base, diagnostics, kMaxBases);
}

namespace {

void add_assumptions(const ApplicationCosts& costs, std::vector<Assumption>& result) {
  const auto add = [&](std::string name, double ps, const char* of, const FigureSource& from) {
    if (from.assumption) result.push_back({std::move(name), span_text(ps) + of, from.source});
  };
  if (costs.tls) {
    constexpr std::array<const char*, 2> kVersions{"tls.tls1.2.", "tls.tls1.3."};
    constexpr std::array<const char*, 2> kKeys{"rsa2048", "p256"};
    for (std::size_t v = 0; v < kVersions.size(); ++v) {
      const TlsVersionCost& version = costs.tls->versions[v];
      const auto handshake = [&](const char* name, const HandshakeCost& cost) {
        add(std::string(kVersions[v]) + name, cost.client_ps + cost.server_ps, " at the two ends", cost.provenance);
      };
      for (std::size_t k = 0; k < kKeys.size(); ++k) handshake(kKeys[k], version.whole[k]);
      handshake("resumed", version.resumed);
    }
    add("tls.records", costs.tls->record_ps, " a record", costs.tls->provenance);
  }
  for (const auto& [name, proxy] : costs.proxies)
    add("proxies." + name, proxy.request_ps, " a request", proxy.provenance);
}

}  // namespace

std::vector<Assumption> assumptions(const CostProfile& profile) {
  std::vector<Assumption> result;
  for (const StepKindInfo& entry : step_kinds()) {
    const Cost& cost = profile[entry.kind];
    if (entry.traits.computed || !cost.provenance.assumption) continue;
    const std::string name(entry.name);
    const std::string unit = " a " + std::string(name_of(entry.unit));
    if (const std::optional<ScanCost>& scan = profile.scan(entry.kind)) {
      result.push_back({"scans[\"" + name + "\"]", span_text(scan->warm_ps) + " to " + span_text(scan->cold_ps) + unit,
                        cost.provenance.source});
    } else {
      const bool quoted = name.find('.') != std::string::npos;
      result.push_back({quoted ? "steps[\"" + name + "\"]" : "steps." + name, span_text(cost.median_ps) + unit,
                        cost.provenance.source});
    }
  }
  add_assumptions(profile.applications, result);
  if (const std::optional<Interruptions>& seen = profile.interruptions; seen && seen->provenance.assumption) {
    result.push_back({"interruptions",
                      std::to_string(std::llround(seen->per_second)) + " a second of " + span_text(seen->median_ps),
                      seen->provenance.source});
  }
  return result;
}

CostProfile without_noise(CostProfile profile) {
  for (Cost& cost : profile.costs) cost.sigma = 0;
  for (std::optional<ScanCost>& scan : profile.scans) {
    if (scan) scan->sigma = 0;
  }
  profile.interruptions.reset();
  return profile;
}

}  // namespace knetsim
