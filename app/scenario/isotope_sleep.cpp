#include "app/scenario/isotope_sleep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <stdexcept>

#include "app/scenario/isotope_document.h"
#include "sim/core/math.h"
#include "sim/input/input_file.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

constexpr double kMillisecond = 1e-3;
constexpr double kNanosecond = 1e-9;

enum class SleepType : std::uint8_t { Static, Dist, Histogram, Raw };
void describe(EnumValues<SleepType>& v) {
  v.value("static", SleepType::Static, "Always the same.");
  v.value("dist", SleepType::Dist, "Drawn from a law.");
  v.value("histogram", SleepType::Histogram, "One of several, by percent.");
  v.value("raw", SleepType::Raw, "One of several, each as likely.");
}

struct LoadRange {
  std::optional<double> minimum, maximum;
};
struct SleepLevel {
  std::optional<LoadRange> load;
  std::optional<SleepType> type;
  Node data;
};
struct SleepLevels {
  std::vector<SleepLevel> levels;
};
struct LawOfDist {
  std::string name;
  Node parameters;
};
struct RawTimes {
  std::vector<double> nanoseconds;
};
struct StaticTime {
  Node time;
};
struct Exponential {
  double rate = 1;
};
struct Lognormal {
  double mu = 0, sigma = 0;
};
struct Gamma {
  double alpha = 1, beta = 1;
};
struct Pareto {
  double minimum = 1, alpha = 2;
};

void describe(Fields<LoadRange>& f) {
  f.about("LoadRange", "Levels of load that a pause is for.");
  for (const bool capital : {true, false}) {
    f.optional(capital ? "Min" : "min", &LoadRange::minimum, {.doc = "The least.", .at_least = "0"});
    f.optional(capital ? "Max" : "max", &LoadRange::maximum, {.doc = "The greatest.", .at_least = "0"});
  }
}
void describe(Fields<SleepLevel>& f) {
  f.about("SleepLevel", "A pause at a level of load.");
  // Go's decoder takes names in either case, and the format's own tests write these in small letters.
  for (const bool capital : {true, false}) {
    f.optional(capital ? "Load" : "load", &SleepLevel::load, {.doc = "The level."});
    f.optional(capital ? "Type" : "type", &SleepLevel::type, {.doc = "What Data holds."});
    f.optional(capital ? "Data" : "data", &SleepLevel::data, {.doc = "The pause or its law."});
  }
  f.check([](const SleepLevel& level, Node node, Binding& binding) {
    if (!level.type) binding.diagnostics.error(node, "missing key 'Type'", "static, dist, histogram, raw");
    if (!level.data.exists()) binding.diagnostics.error(node, "missing key 'Data'");
  });
}
void describe(Fields<SleepLevels>& f) {
  f.about("SleepCommand", "Pauses by level of load.");
  f.required("SleepCommand", &SleepLevels::levels, {.doc = "The levels.", .not_empty = true});
}
void describe(Fields<LawOfDist>& f) {
  f.about("SleepDist", "A law of milliseconds.");
  f.required("name", &LawOfDist::name, {.doc = "Its name."});
  f.required("Dist", &LawOfDist::parameters, {.doc = "Its parameters."});
}
void describe(Fields<RawTimes>& f) {
  f.about("SleepRaw", "Times that were measured.");
  f.required("list", &RawTimes::nanoseconds, {.doc = "Nanoseconds.", .at_least = "0", .not_empty = true});
}
void describe(Fields<StaticTime>& f) {
  f.about("SleepStatic", "A time.");
  f.required("time", &StaticTime::time, {.doc = "10ms, or a number of milliseconds."});
}
void describe(Fields<Exponential>& f) {
  f.about("SleepExponential", "Exponential.");
  f.required("Rate", &Exponential::rate, {.doc = "One over the mean in milliseconds.", .above = "0"});
}
void describe(Fields<Lognormal>& f) {
  f.about("SleepLognormal", "Its logarithm is normal.");
  f.required("Mu", &Lognormal::mu, {.doc = "Mean of the logarithm of milliseconds."});
  f.required("Sigma", &Lognormal::sigma, {.doc = "Standard deviation of the logarithm.", .at_least = "0"});
}
void describe(Fields<Gamma>& f) {
  f.about("SleepGamma", "Gamma.");
  f.required("Alpha", &Gamma::alpha, {.doc = "Shape.", .above = "0"});
  f.required("Beta", &Gamma::beta, {.doc = "Rate, one over milliseconds.", .above = "0"});
}
void describe(Fields<Pareto>& f) {
  f.about("SleepPareto", "Pareto.");
  f.required("Xm", &Pareto::minimum, {.doc = "The least milliseconds.", .above = "0"});
  f.required("Alpha", &Pareto::alpha, {.doc = "Index of the tail.", .above = "1"});
}

double static_seconds(Node time) {
  const std::optional<double> milliseconds = to_double(time.text());
  return milliseconds ? *milliseconds * kMillisecond : to_seconds(parse_duration(time.text()));
}

/// Those of sleep_command.go that are played here, and those that are not.
constexpr std::string_view kPlayedLaws[] = {"exp", "lognormal", "gamma", "pareto"};
constexpr std::string_view kOtherLaws[] = {"normal",        "beta",    "chi-squared", "f",      "gumbel-right",
                                           "inverse-gamma", "laplace", "studentst",   "weibull"};

void refuse_law(const LawOfDist& dist, Node data, Diagnostics& diagnostics) {
  const bool known = std::ranges::find(kOtherLaws, dist.name) != std::end(kOtherLaws);
  diagnostics.error(data["name"],
                    known ? fmt::format("pauses of the law '{}' are not simulated", dist.name)
                          : fmt::format("'{}' is no law of pauses{}", dist.name, suggest(dist.name, kPlayedLaws)),
                    fmt::format("{}; of others times drawn from them, with Type raw", fmt::join(kPlayedLaws, ", ")));
}

void of_dist(const LawOfDist& dist, Node data, TimeLaw& to, Binding& binding) {
  const Node at = dist.parameters;
  if (dist.name == "exp") {
    const auto law = knetsim::bind<Exponential>(at, binding.diagnostics);
    to.kind = "exponential";
    to.law = Distribution::exponential(kMillisecond / law.rate);
  } else if (dist.name == "lognormal") {
    const auto law = knetsim::bind<Lognormal>(at, binding.diagnostics);
    to.kind = "lognormal";
    to.law = Distribution::lognormal_median(kMillisecond * math::exp(law.mu), law.sigma);
    to.sigma = law.sigma;
  } else if (dist.name == "gamma") {
    const auto law = knetsim::bind<Gamma>(at, binding.diagnostics);
    to.kind = "gamma";
    to.law = Distribution::gamma(kMillisecond * law.alpha / law.beta, law.alpha);
    to.shape = law.alpha;
  } else if (dist.name == "pareto") {
    const auto law = knetsim::bind<Pareto>(at, binding.diagnostics);
    to.kind = "pareto";
    to.law = Distribution::pareto(kMillisecond * law.minimum, law.alpha);
    to.minimum = kMillisecond * law.minimum;
    to.shape = law.alpha;
  } else {
    refuse_law(dist, data, binding.diagnostics);
  }
}

/// A law of single values: steps of the cumulative distribution.
Distribution of_values(const std::map<double, double>& parts, double all) {
  std::vector<Distribution::Point> points;
  double sum = 0;
  for (const auto& [seconds, part] : parts) {
    if (sum > 0) points.push_back({seconds, sum / all});
    sum += part;
    points.push_back({seconds, sum / all});
  }
  points.back().cumulative = 1;
  return Distribution::empirical(std::move(points));
}

Distribution of_histogram(Node data, Binding& binding) {
  std::map<double, double> parts;
  double all = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::optional<double> percent = to_double(data[i].text());
    if (!percent || *percent < 0) {
      binding.diagnostics.error(data[i], fmt::format("'{}' is no share", data[i].text()), "percent");
      continue;
    }
    all += *percent;
    if (*percent > 0) parts[to_seconds(parse_duration(data.key(i).text()))] += *percent;
  }
  if (std::abs(all - 100) > 1e-9) {
    binding.diagnostics.error(data, fmt::format("the shares are {:g} percent together", all), "100");
    return {};
  }
  return of_values(parts, all);
}

void of_level(const SleepLevel& level, TimeLaw& to, Binding& binding) {
  switch (*level.type) {
    case SleepType::Static:
      to.law = Distribution::constant(static_seconds(knetsim::bind<StaticTime>(level.data, binding.diagnostics).time));
      return;
    case SleepType::Dist:
      of_dist(knetsim::bind<LawOfDist>(level.data, binding.diagnostics), level.data, to, binding);
      return;
    case SleepType::Histogram:
      to.kind = "histogram";
      to.law = of_histogram(level.data, binding);
      return;
    case SleepType::Raw:
      break;
  }
  to.kind = "raw";
  std::map<double, double> parts;
  const auto raw = knetsim::bind<RawTimes>(level.data, binding.diagnostics);
  for (const double nanoseconds : raw.nanoseconds) parts[nanoseconds * kNanosecond] += 1;
  if (!parts.empty()) to.law = of_values(parts, static_cast<double>(raw.nanoseconds.size()));
}

bool bind_levels(Node node, TimeLaw& to, Binding& binding) {
  const std::size_t before = binding.diagnostics.error_count();
  const auto keys = knetsim::bind<SleepLevels>(node, binding.diagnostics);
  if (binding.diagnostics.error_count() != before) return false;
  const auto lowest = std::ranges::min_element(
      keys.levels, {}, [](const SleepLevel& level) { return level.load ? level.load->minimum.value_or(0) : 0; });
  if (keys.levels.size() > 1) {
    binding.diagnostics.unsupported(node, "pauses do not depend on load here; that of the lowest level is taken");
  }
  try {
    of_level(*lowest, to, binding);
  } catch (const ValueError& error) {
    binding.diagnostics.error(lowest->data, error.what(), error.accepted());
  } catch (const std::invalid_argument& error) {
    binding.diagnostics.error(lowest->data, fmt::format("there is no such law: {}", error.what()));
  }
  to.mean = to.law.mean();
  if (!(to.mean >= 0 && to.mean <= kMostLawSeconds)) {
    binding.diagnostics.error(lowest->data, "the mean of this pause is beyond what is simulated", "0 to 24h");
  }
  return binding.diagnostics.error_count() == before;
}

/// The mapping as a text of JSON, as the format's own MarshalJSON writes it within a string. What is wrong in it is told
/// at the text, which has no lines of its own.
bool bind_text(Node node, TimeLaw& to, Binding& binding) {
  Diagnostics found;
  const auto input = Input::from_text(std::string(node.mark().file), node.text());
  const Document document = read_isotope_document(*input, found);
  Binding within{.diagnostics = found};
  if (document.root()["SleepCommand"].exists()) {
    bind_levels(document.root(), to, within);
  } else if (!found.has_errors()) {
    found.error(document.root(), "missing key 'SleepCommand'");
  }
  for (const auto& list : {found.errors(), found.notices()}) {
    for (const Diagnostic& one : list) {
      Diagnostic told = Diagnostic::at(
          one.severity, node, fmt::format("in this text{}{}: {}", one.path.empty() ? "" : ", ", one.path, one.message),
          one.accepted);
      told.unsupported = one.unsupported;
      binding.diagnostics.add(std::move(told));
    }
  }
  return !found.has_errors();
}

}  // namespace

bool Codec<IsotopeSleep>::bind(Node node, IsotopeSleep& to, Binding& binding) {
  if (node["SleepCommand"].exists()) return bind_levels(node, to, binding);
  const std::size_t begin = node.is_scalar() ? node.text().find_first_not_of(" \t\r\n") : std::string_view::npos;
  if (begin != std::string_view::npos && node.text()[begin] == '{') return bind_text(node, to, binding);
  return Codec<TimeLaw>::bind(node, to, binding);
}

}  // namespace knetsim
