#include "models/cost/cost_profile.h"

#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "sim/input/read_documents.h"
#include "sim/input/scalar.h"
#include "sim/input/units_text.h"

namespace knetsim {

namespace {

constexpr std::string_view kTop[] = {"apiVersion", "kind",  "metadata",      "machine", "base",
                                     "steps",      "scans", "interruptions", "cold"};
constexpr std::string_view kBaseKeys[] = {"profile", "factor", "source"};
constexpr std::string_view kStepKeys[] = {"median", "sigma", "source", "assumption"};
constexpr std::string_view kScanKeys[] = {"warm", "far", "cold", "cache", "forget", "sigma", "source", "assumption"};
constexpr std::string_view kInterruptionKeys[] = {"rate", "median", "sigma", "source", "assumption"};
constexpr std::string_view kColdKeys[] = {"factor", "source"};
constexpr int kMaxBases = 8;
constexpr double kMaxSigma = 3;  // p99 a thousand times the median: beyond, a figure is a mistake

class Reader {
 public:
  Reader(Diagnostics& diagnostics, const CostProfile* base) : diagnostics_(diagnostics), base_(base) {}

  CostProfile read(Node root) {
    CostProfile profile = base_ != nullptr ? *base_ : CostProfile{};
    if (!root.is_mapping()) {
      diagnostics_.error(root, "a cost profile is a mapping, found " + describe_found(root));
      return profile;
    }
    known_keys(root, kTop);
    if (root["kind"].text() != "CostProfile") {
      diagnostics_.error(root["kind"].exists() ? root["kind"] : root, "not a cost profile", "kind: CostProfile");
      return profile;
    }
    profile.name = root["metadata"]["name"].text();
    profile.machine = root["machine"].text();
    if (base_ != nullptr) scale_base(root["base"], profile);
    read_steps(root, profile);
    read_scans(root, profile);
    read_interruptions(root["interruptions"], profile);
    read_cold(root["cold"], profile);
    return profile;
  }

 private:
  void scale_base(Node base, CostProfile& profile) {
    known_keys(base, kBaseKeys);
    const Node factor = base["factor"];
    if (!factor.exists()) return;
    const std::optional<double> number = as_double(factor);
    if (!number || !(*number > 0)) {
      diagnostics_.error(factor, "not a factor: " + describe_found(factor), "a number above 0");
      return;
    }
    const std::string source = provenance(base).source;
    for (const StepKindInfo& entry : step_kinds()) {
      if (is_computed(entry.kind) || is_scanned(entry.kind)) continue;
      profile[entry.kind].median_ps *= *number;
      profile[entry.kind].provenance.source = source;
    }
  }

  void known_keys(Node mapping, std::span<const std::string_view> known) {
    for (std::size_t i = 0; i < mapping.size(); ++i) {
      const std::string_view key = mapping.key(i).text();
      bool found = false;
      for (const std::string_view name : known) found = found || name == key;
      if (!found) diagnostics_.error(mapping.key(i), "unknown key '" + std::string(key) + "'" + suggest(key, known));
    }
  }

  static std::vector<std::string_view> kinds(bool scanned) {
    std::vector<std::string_view> names;
    for (const StepKindInfo& entry : step_kinds()) {
      if (!is_computed(entry.kind) && is_scanned(entry.kind) == scanned) names.push_back(entry.name);
    }
    return names;
  }

  /// Calls read_one(kind, node) for every entry, and reports unknown and missing kinds.
  template <class ReadOne>
  void each_kind(Node root, std::string_view section, bool scanned, ReadOne read_one) {
    const std::vector<std::string_view> names = kinds(scanned);
    const Node mapping = root[section];
    if (!mapping.exists() && base_ != nullptr) return;
    if (!mapping.is_mapping()) {
      diagnostics_.error(mapping.exists() ? mapping : root,
                         "'" + std::string(section) + "' has to be a mapping of step kinds");
      return;
    }
    known_keys(mapping, names);
    for (const std::string_view name : names) {
      const Node entry = mapping[name];
      if (entry.is_mapping()) {
        read_one(*step_kind_named(name), entry);
      } else if (entry.exists() || base_ == nullptr) {
        diagnostics_.error(entry.exists() ? entry : mapping, "no figure for '" + std::string(name) + "' (" +
                                                                 std::string(info(*step_kind_named(name)).what) + ")");
      }
    }
  }

  void read_steps(Node root, CostProfile& profile) {
    each_kind(root, "steps", false, [&](StepKind kind, Node entry) {
      known_keys(entry, kStepKeys);
      profile[kind] = {duration(entry, "median"), sigma(entry), provenance(entry)};
    });
  }

  void read_scans(Node root, CostProfile& profile) {
    each_kind(root, "scans", true, [&](StepKind kind, Node entry) {
      known_keys(entry, kScanKeys);
      ScanCost scan{.warm_ps = duration(entry, "warm"),
                    .cold_ps = duration(entry, "cold"),
                    .forget_ps = duration(entry, "forget"),
                    .sigma = sigma(entry),
                    .provenance = provenance(entry)};
      scan.far_ps = entry["far"].exists() ? duration(entry, "far") : scan.cold_ps;
      scan.cache_bytes = value(entry, "cache", 1.0,
                               [](std::string_view text) { return static_cast<double>(parse_size(text).count()); });
      if (scan.cold_ps < scan.warm_ps) diagnostics_.error(entry["cold"], "less than 'warm'", "at least 'warm'");
      if (entry["far"].exists() && (scan.far_ps < scan.warm_ps || scan.far_ps > scan.cold_ps))
        diagnostics_.error(entry["far"], "not between 'warm' and 'cold'");
      if (scan.forget_ps <= 0 && entry["forget"].exists()) diagnostics_.error(entry["forget"], "has to be above 0");
      if (scan.cache_bytes <= 0) diagnostics_.error(entry["cache"], "has to be above 0");
      profile[kind] = {scan.warm_ps, scan.sigma, scan.provenance};
      profile.scans[static_cast<std::size_t>(kind)] = std::move(scan);
    });
  }

  void read_interruptions(Node entry, CostProfile& profile) {
    if (!entry.exists()) return;
    if (!entry.is_mapping()) {
      diagnostics_.error(entry, "'interruptions' has to be a mapping of rate, median, sigma and source");
      return;
    }
    known_keys(entry, kInterruptionKeys);
    const double rate = value(entry, "rate", 0.0, [](std::string_view text) { return parse_rate(text).per_second(); });
    profile.interruptions = {rate, duration(entry, "median"), sigma(entry), provenance(entry)};
  }

  void read_cold(Node entry, CostProfile& profile) {
    if (!entry.exists()) return;
    known_keys(entry, kColdKeys);
    const std::optional<double> factor = as_double(entry["factor"]);
    if (!factor || !(*factor >= 1)) {
      diagnostics_.error(entry["factor"].exists() ? entry["factor"] : entry,
                         "not how many times dearer a step is with cold caches", "factor: a number of at least 1");
      return;
    }
    profile.cold_source = provenance(entry).source;
    profile.cold_factor = *factor;
  }

  template <class Parse>
  double value(Node entry, std::string_view key, double otherwise, Parse parse) {
    const Node node = entry[key];
    if (!node.exists()) {
      diagnostics_.error(entry, "'" + std::string(key) + "' is missing");
      return otherwise;
    }
    try {
      return parse(node.text());
    } catch (const ValueError& error) {
      diagnostics_.error(node, error.what(), error.accepted());
      return otherwise;
    }
  }

  double duration(Node entry, std::string_view key) {
    return value(entry, key, 0.0,
                 [](std::string_view text) { return static_cast<double>(parse_duration(text).count()); });
  }

  double sigma(Node entry) {
    const Node node = entry["sigma"];
    if (!node.exists()) return 0;
    const std::optional<double> number = as_double(node);
    if (!number || *number < 0 || *number > kMaxSigma) {
      diagnostics_.error(node, "not a standard deviation of the logarithm: " + describe_found(node),
                         "a number from 0 to 3");
      return 0;
    }
    return *number;
  }

  FigureSource provenance(Node entry) {
    FigureSource result{.source = std::string(entry["source"].text())};
    if (const Node flag = entry["assumption"]; flag.exists()) {
      const std::optional<bool> value = as_bool(flag);
      if (!value) diagnostics_.error(flag, "not true or false: " + describe_found(flag), "true or false");
      result.assumption = value.value_or(false);
    }
    if (result.source.empty()) {
      diagnostics_.error(entry, "a figure without 'source': where does it come from?",
                         "source: and the measurement, or assumption: true and source: what makes it plausible");
    }
    return result;
  }

  Diagnostics& diagnostics_;
  const CostProfile* base_;
};

CostProfile load(InputSet& inputs, const std::string& path, Diagnostics& diagnostics, int bases_left) {
  const Document document = read_document(inputs.open(path));
  const Node named = document.root()["base"]["profile"];
  if (!named.exists()) return Reader(diagnostics, nullptr).read(document.root());
  if (bases_left == 0) {
    diagnostics.error(named, "more than " + std::to_string(kMaxBases) + " profiles on top of one another: a circle?");
    return {};
  }
  const std::filesystem::path base = std::filesystem::path(path).parent_path() / std::string(named.text());
  CostProfile profile;
  try {
    profile = load(inputs, base.string(), diagnostics, bases_left - 1);
  } catch (const ConfigError& error) {
    diagnostics.error(named, error.what());
    return {};
  }
  return Reader(diagnostics, &profile).read(document.root());
}

std::string span_text(double picoseconds) { return format(Duration(std::llround(picoseconds))); }

}  // namespace

bool is_scanned(StepKind kind) { return kind == StepKind::Rule || kind == StepKind::NftRule; }

bool is_computed(StepKind kind) {
  return kind == StepKind::Wire || kind == StepKind::SwitchForward || kind == StepKind::Interruption;
}

CostProfile read_cost_profile(Node root, Diagnostics& diagnostics, const CostProfile* base) {
  return Reader(diagnostics, base).read(root);
}

CostProfile load_cost_profile(InputSet& inputs, const std::string& path, Diagnostics& diagnostics) {
  return load(inputs, path, diagnostics, kMaxBases);
}

std::vector<Assumption> assumptions(const CostProfile& profile) {
  std::vector<Assumption> result;
  for (const StepKindInfo& entry : step_kinds()) {
    const Cost& cost = profile[entry.kind];
    if (is_computed(entry.kind) || !cost.provenance.assumption) continue;
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
