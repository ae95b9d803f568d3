#include "app/scenario/distribution_fields.h"

#include <fmt/format.h>

#include <stdexcept>

#include "app/scenario/number_file.h"
#include "app/scenario/scenario.h"

namespace knetsim {
namespace {

double number(Duration span) { return to_seconds(span); }
double number(Bytes size) { return static_cast<double>(size.count()); }

// The keys of a law whose values are of the type U: Duration or Bytes.
template <class U>
struct LognormalKeys {
  U mean{};
  std::optional<U> p99;
  std::optional<double> sigma;
};
template <class U>
struct GammaKeys {
  U mean{};
  double shape = 1;
};
template <class U>
struct ParetoKeys {
  U minimum{};
  double alpha = 1;
  std::optional<U> maximum;
};
template <class U>
struct UniformKeys {
  U low{};
  U high{};
};
template <class U>
struct LawKeys {
  std::optional<U> constant, exponential;
  std::optional<LognormalKeys<U>> lognormal;
  std::optional<GammaKeys<U>> gamma;
  std::optional<ParetoKeys<U>> pareto;
  std::optional<UniformKeys<U>> uniform;
  std::optional<std::string> cdf;
};

template <class U>
constexpr std::string_view kLawOf = "";
template <>
constexpr std::string_view kLawOf<Duration> = "Times";
template <>
constexpr std::string_view kLawOf<Bytes> = "Sizes";

template <class U>
std::string law_name(std::string_view name) {
  return fmt::format("{}Of{}", name, kLawOf<U>);
}

template <class U>
void describe(Fields<LognormalKeys<U>>& f) {
  f.about(law_name<U>("Lognormal"), "The logarithm is normal: the usual shape of service times and sizes.");
  f.required("mean", &LognormalKeys<U>::mean, {.doc = "Mean of the law."});
  f.choice("p99", &LognormalKeys<U>::p99, {.doc = "99th percentile, at least the mean and at most 14.9 times it."});
  f.choice("sigma", &LognormalKeys<U>::sigma,
           {.doc = "Standard deviation of the logarithm.", .at_least = "0", .at_most = "10"});
}
template <class U>
void describe(Fields<GammaKeys<U>>& f) {
  f.about(law_name<U>("Gamma"), "A sum of exponential stages: narrower than exponential for a shape above 1.");
  f.required("mean", &GammaKeys<U>::mean, {.doc = "Mean of the law."});
  f.required("shape", &GammaKeys<U>::shape,
             {.doc = "Number of stages, whole or not.", .at_least = "0.001", .at_most = "1000000"});
}
template <class U>
void describe(Fields<ParetoKeys<U>>& f) {
  f.about(law_name<U>("Pareto"), "A heavy tail: P(X > x) = (minimum / x)^alpha.");
  f.required("minimum", &ParetoKeys<U>::minimum, {.doc = "The least value."});
  f.required("alpha", &ParetoKeys<U>::alpha,
             {.doc = "Index of the tail; without a maximum above 1, since the mean is infinite up to it.",
              .above = "0",
              .at_most = "1000"});
  f.optional("maximum", &ParetoKeys<U>::maximum, {.doc = "The greatest value; left out: none."});
  f.check([](const ParetoKeys<U>& law, Node node, Binding& binding) {
    if (law.maximum || law.alpha > 1) return;  // Johnson, Kotz, Balakrishnan, 1994, vol. 1, chapter 20
    binding.diagnostics.error(node["alpha"],
                              fmt::format("the mean is infinite with alpha {} and no maximum", law.alpha),
                              "> 1, or any above 0 with a maximum");
  });
}
template <class U>
void describe(Fields<UniformKeys<U>>& f) {
  f.about(law_name<U>("Uniform"), "Every value between two is as likely.");
  f.required("low", &UniformKeys<U>::low, {.doc = "The least value."});
  f.required("high", &UniformKeys<U>::high, {.doc = "The greatest value."});
}
template <class U>
void describe(Fields<LawKeys<U>>& f) {
  f.about(law_name<U>("Law"), "A value, or the law that each value is drawn from.");
  f.choice("constant", &LawKeys<U>::constant, {.doc = "Always this value."});
  f.choice("exponential", &LawKeys<U>::exponential, {.doc = "Exponential, with this mean."});
  f.choice("lognormal", &LawKeys<U>::lognormal, {.doc = "Lognormal."});
  f.choice("gamma", &LawKeys<U>::gamma, {.doc = "Gamma."});
  f.choice("pareto", &LawKeys<U>::pareto, {.doc = "Pareto, bounded or not."});
  f.choice("uniform", &LawKeys<U>::uniform, {.doc = "Uniform."});
  f.choice(
      "cdf", &LawKeys<U>::cdf,
      {.doc =
           "A file of values and their cumulative shares, ascending to 1 or to 100 per cent; linear between. A value "
           "without a unit counts in seconds or bytes."});
  f.shorthand("constant");
}

template <class U>
void fill(const LawKeys<U>& keys, Node node, DistributionSpec& to, Diagnostics& diagnostics) {
  if (keys.constant) {
    to.kind = "constant";
    to.mean = number(*keys.constant);
    to.law = Distribution::constant(to.mean);
  } else if (keys.exponential) {
    to.kind = "exponential";
    to.mean = number(*keys.exponential);
    to.law = Distribution::exponential(to.mean);
  } else if (keys.lognormal) {
    to.kind = "lognormal";
    to.mean = number(keys.lognormal->mean);
    to.p99 = keys.lognormal->p99 ? number(*keys.lognormal->p99) : 0;
    to.sigma = keys.lognormal->sigma.value_or(0);
    to.law = keys.lognormal->p99 ? Distribution::lognormal_p99(to.mean, to.p99)
                                 : Distribution::lognormal_mean(to.mean, to.sigma);
  } else if (keys.gamma) {
    to.kind = "gamma";
    to.mean = number(keys.gamma->mean);
    to.shape = keys.gamma->shape;
    to.law = Distribution::gamma(to.mean, to.shape);
  } else if (keys.pareto) {
    to.kind = "pareto";
    to.minimum = number(keys.pareto->minimum);
    to.shape = keys.pareto->alpha;
    to.maximum = keys.pareto->maximum ? number(*keys.pareto->maximum) : 0;
    to.law = keys.pareto->maximum ? Distribution::bounded_pareto(to.minimum, to.maximum, to.shape)
                                  : Distribution::pareto(to.minimum, to.shape);
  } else if (keys.uniform) {
    to.kind = "uniform";
    to.minimum = number(keys.uniform->low);
    to.maximum = number(keys.uniform->high);
    to.law = Distribution::uniform(to.minimum, to.maximum);
  } else if (keys.cdf) {
    to.kind = "cdf";
    to.file = path_beside(node["cdf"], *keys.cdf);
    to.law = Distribution::empirical(read_cdf_file(to.file, std::is_same_v<U, Duration>, diagnostics));
  }
  to.mean = to.law.mean();
}

template <class U>
bool bind_law(Node node, DistributionSpec& to, Binding& binding) {
  LawKeys<U> keys;
  if (!Codec<LawKeys<U>>::bind(node, keys, binding)) return false;
  const std::size_t before = binding.diagnostics.error_count();
  try {
    fill(keys, node, to, binding.diagnostics);
  } catch (const ConfigError& error) {
    add_file_error(binding.diagnostics, error, node["cdf"]);
  } catch (const std::invalid_argument& error) {
    if (binding.diagnostics.error_count() == before) {
      binding.diagnostics.error(node, fmt::format("there is no such law: {}", error.what()));
    }
  }
  if (constexpr double kMost = std::is_same_v<U, Duration> ? kMostLawSeconds : kMostLawBytes; !(to.mean <= kMost)) {
    binding.diagnostics.error(node, "the mean of this law is beyond what is simulated",
                              std::is_same_v<U, Duration> ? "a mean up to 24h" : "a mean up to 1TiB");
  }
  return binding.diagnostics.error_count() == before;
}

}  // namespace

TypeInfo Codec<TimeLaw>::info() { return Codec<LawKeys<Duration>>::info(); }
bool Codec<TimeLaw>::bind(Node node, TimeLaw& to, Binding& binding) { return bind_law<Duration>(node, to, binding); }
TypeInfo Codec<SizeLaw>::info() { return Codec<LawKeys<Bytes>>::info(); }
bool Codec<SizeLaw>::bind(Node node, SizeLaw& to, Binding& binding) { return bind_law<Bytes>(node, to, binding); }

}  // namespace knetsim
