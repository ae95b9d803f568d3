#include "app/scenario/slo.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "app/scenario/result_names.h"
#include "app/scenario/target_lookup.h"
#include "sim/input/input_file.h"
#include "sim/input/scalar.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

/// What is wrong in a text, and where: so many bytes from its beginning.
struct Mistake {
  std::size_t offset = 0;
  std::string message;
  std::string accepted;
};

constexpr std::string_view kMeasures = "p50 .. p99.99, mean, max, errors, availability, rate";

/// Reads one objective from left to right; blanks are skipped everywhere. Throws Mistake.
class ObjectiveParser {
 public:
  explicit ObjectiveParser(std::string_view text) : text_(text), rest_(text) {}

  Slo read() {
    Slo slo;
    slo.text = text_;
    measure(slo);
    if (slo.is_time()) {
      expect("(", "(latency...) or (connect...)");
      metric(slo);
      selector(slo);
      expect(")", ")");
    } else {
      selector(slo);
    }
    limit(slo);
    skip();
    if (!rest_.empty()) fail(fmt::format("'{}' after the objective", rest_), "nothing more");
    return slo;
  }

 private:
  void measure(Slo& slo) {
    const std::string_view found = word();
    if (found == "mean") {
      slo.measure = Slo::Measure::Mean;
    } else if (found == "max") {
      slo.measure = Slo::Measure::Maximum;
    } else if (found == "errors") {
      slo.measure = Slo::Measure::Errors;
    } else if (found == "availability") {
      slo.measure = Slo::Measure::Availability;
    } else if (found == "rate" || found == "throughput") {
      slo.measure = Slo::Measure::Rate;
    } else if (!percentile(found, slo)) {
      constexpr std::string_view kNames[] = {"mean", "max", "errors", "availability", "rate", "p99"};
      wrong_word(found, "no measure", kNames, kMeasures);
    }
  }

  static bool percentile(std::string_view found, Slo& slo) {
    if (!found.starts_with('p')) return false;
    double percent = 0;
    const auto [end, error] = std::from_chars(found.data() + 1, found.data() + found.size(), percent);
    slo.quantile = percent / 100;
    return error == std::errc{} && end == found.data() + found.size() && percent > 0 && percent < 100;
  }

  void metric(Slo& slo) {
    const std::string_view found = word();
    constexpr std::string_view kNames[] = {"latency", "connect"};
    if (found != "latency" && found != "connect") wrong_word(found, "no metric", kNames, "latency, connect");
    slo.metric = found == "latency" ? Slo::Metric::Latency : Slo::Metric::Connect;
  }

  /// {workload="name"}, {service="namespace/name"}, (name) for a workload, or nothing for all workloads together.
  void selector(Slo& slo) {
    if (take("{")) {
      const std::string_view label = word();
      constexpr std::string_view kNames[] = {"workload", "service"};
      if (label != "workload" && label != "service") wrong_word(label, "no label", kNames, "workload, service");
      slo.label = label == "workload" ? Slo::Label::Workload : Slo::Label::Service;
      expect("=", "=\"name\"");
      slo.name = quoted();
      expect("}", "} (one label)");
    } else if (take("(")) {
      if (take(")")) return;
      slo.label = Slo::Label::Workload;
      skip();
      slo.name = rest_.starts_with('"') || rest_.starts_with('\'') ? quoted() : std::string(word());
      if (slo.name.empty()) fail("no name of a workload", "(name), or nothing for all workloads");
      expect(")", ")");
    }
  }

  void limit(Slo& slo) {
    const bool above = slo.measure == Slo::Measure::Availability || slo.measure == Slo::Measure::Rate;
    expect(above ? ">" : "<", above ? "> or >= (more is better)" : "< or <= (less is better)");
    slo.limit.or_equal = !rest_.empty() && rest_.front() == '=';
    if (slo.limit.or_equal) rest_.remove_prefix(1);
    skip();
    const std::size_t at = offset();
    const std::string_view bound = word();
    try {
      slo.limit.value = slo.is_time()                       ? static_cast<double>(parse_duration(bound).count()) / 1000
                        : slo.measure == Slo::Measure::Rate ? parse_rate(bound).per_second()
                                                            : parse_percent(bound);
    } catch (const ValueError& error) {
      throw Mistake{at, error.what(), error.accepted()};
    }
    if (!slo.is_time() && slo.measure != Slo::Measure::Rate && slo.limit.value > 1) {
      throw Mistake{at, fmt::format("'{}' is more than all", bound), "0% to 100%"};
    }
  }

  bool take(std::string_view wanted) {
    skip();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  void expect(std::string_view wanted, std::string_view accepted) {
    if (take(wanted)) return;
    fail(rest_.empty() ? "the objective ends here" : fmt::format("'{}' is not expected here", rest_.substr(0, 1)),
         std::string(accepted));
  }
  std::string_view word() {
    skip();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
             c == '-' || c == '%' || c == '/' || static_cast<unsigned char>(c) >= 0x80;
    });
    const auto size = static_cast<std::size_t>(end - rest_.begin());
    const std::string_view found = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return found;
  }
  std::string quoted() {
    skip();
    const char mark = rest_.empty() ? ' ' : rest_.front();
    const std::size_t end = mark == '"' || mark == '\'' ? rest_.find(mark, 1) : std::string_view::npos;
    if (end == std::string_view::npos) fail("no name in quotes", "a name in quotes: \"browse\"");
    std::string found(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return found;
  }
  void skip() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size())); }
  std::size_t offset() const { return text_.size() - rest_.size(); }
  [[noreturn]] void fail(std::string message, std::string accepted) const {
    throw Mistake{offset(), std::move(message), std::move(accepted)};
  }
  [[noreturn]] void wrong_word(std::string_view found, std::string_view what, std::span<const std::string_view> names,
                               std::string_view accepted) const {
    throw Mistake{offset() - found.size(), fmt::format("'{}' is {}{}", found, what, suggest(found, names)),
                  std::string(accepted)};
  }

  std::string_view text_;
  std::string_view rest_;
};

/// An error at its place in the text where that stands in the file as it is (no escapes, one line), else at the whole.
void tell(const Mistake& mistake, Node at, Diagnostics& diagnostics) {
  const std::string_view text = at.text();
  const std::string message = fmt::format("'{}': {}", text, mistake.message);
  Mark mark = at.mark();
  const bool as_it_is = !text.empty() && mark.known() && mark.input != nullptr &&
                        mark.input->line(mark.line).find(text) != std::string_view::npos;
  if (!as_it_is) {
    diagnostics.error(at, message, mistake.accepted);
    return;
  }
  mark.column += static_cast<std::uint32_t>(mistake.offset) + (at.is_quoted() ? 1U : 0U);
  Diagnostic error = Diagnostic::at(Severity::Error, mark, at.path(), message, mistake.accepted);
  error.object = at.document().label();
  diagnostics.add(std::move(error));
}

/// The name of results without its namespace: cart of default/cart.
std::string bare_name(std::string_view name) { return std::string(name.substr(name.find('/') + 1)); }

/// "shop/cart" for cart.shop and cart.shop.svc.cluster.local; empty for what says no namespace so, or a port.
std::string name_of_dns(std::string_view text) {
  if (text.find_first_of("/:") != std::string_view::npos) return {};
  const DnsName named = dns_name(text);
  return named.ns.empty() ? std::string() : fmt::format("{}/{}", named.ns, named.name);
}

void tell_nothing_measured(const Slo& slo, Node at, const std::vector<std::string>& known,
                           const std::vector<std::string>& near, Diagnostics& diagnostics) {
  diagnostics.error(at, fmt::format("nothing is measured of '{}'{}", slo.name, suggest(slo.name, near)),
                    fmt::format("{}", fmt::join(known, ", ")));
}

void check_workload(const Slo& slo, Node at, const TrafficPlan& traffic, Diagnostics& diagnostics) {
  std::vector<std::string> known;
  for (const TrafficSpec& source : traffic.sources) known.push_back(source.name);
  if (std::ranges::find(known, slo.name) == known.end()) tell_nothing_measured(slo, at, known, known, diagnostics);
}

/// Gives the objective the name that results have for its Service.
void look_up_service(Slo& slo, Node at, const BoundVariant& variant, Diagnostics& diagnostics) {
  std::vector<std::string> known;
  for (EdgeIndex edge = 0; edge < variant.traffic.edges.size(); ++edge) {
    const std::string name = service_name(variant, edge);
    if (std::ranges::find(known, name) == known.end()) known.push_back(name);
  }
  for (const std::string& name : {slo.name, name_of_dns(slo.name)}) {
    if (std::ranges::find(known, name) == known.end()) continue;
    slo.name = name;
    return;
  }
  std::vector<std::string> alike, near = known;
  for (const std::string& name : known) {
    near.push_back(bare_name(name));
    if (near.back() == slo.name) alike.push_back(name);
  }
  if (alike.size() == 1) {
    slo.name = alike.front();
  } else if (alike.empty()) {
    tell_nothing_measured(slo, at, known, near, diagnostics);
  } else {
    diagnostics.error(at, fmt::format("'{}' is called in {} namespaces", slo.name, alike.size()),
                      fmt::format("{}", fmt::join(alike, ", ")));
  }
}

}  // namespace

std::string_view slo_grammar() {
  return R"(An objective is one of
  STATISTIC(METRIC SELECTOR) < TIME       STATISTIC: p50 .. p99.99, mean or max; METRIC: latency or connect
  errors SELECTOR < PERCENT               requests refused, failed or timed out, of those asked for
  availability SELECTOR > PERCENT         requests that succeeded, of those asked for
  rate SELECTOR > RATE                    requests that succeeded, in the measured time
SELECTOR is {workload="name"}, {service="namespace/name"}, (name) for a workload, or nothing for all workloads together.
A Service is asked for whatever address and port its callers write; its namespace may be left out where one alone has it.
<= and >= take the bound itself.

  p99(latency{workload="browse"}) < 10ms
  p99.9(connect{service="cart"}) <= 1ms
  errors(browse) < 0.1%
  availability{service="cart"} >= 99.95%
  rate(browse) > 900/s

Failed and timed-out requests are infinitely late. An objective is met where the whole 95 % interval over replicates (over
parts of the run, where there is one) lies within the bound, missed where none of it does, else it cannot be told at this
number of replicates. run exits with 10 where one is missed, and with 11 where one cannot be told and --strict is given.
)";
}

std::vector<Slo> read_slos(Node list, const BoundVariant& variant, Diagnostics& diagnostics) {
  std::vector<Slo> slos;
  const bool names_are_known = !diagnostics.has_errors();  // a workload that could not be read is not missed once more
  for (std::size_t i = 0; i < list.size(); ++i) {
    try {
      Slo& slo = slos.emplace_back(ObjectiveParser(list[i].text()).read());
      if (!names_are_known) continue;
      if (slo.label == Slo::Label::Workload) check_workload(slo, list[i], variant.traffic, diagnostics);
      if (slo.label == Slo::Label::Service) look_up_service(slo, list[i], variant, diagnostics);
    } catch (const Mistake& mistake) {
      tell(mistake, list[i], diagnostics);
    }
  }
  return slos;
}

std::set<std::string> calls_measured(const std::vector<BoundVariant>& variants,
                                     const std::vector<std::vector<Slo>>& slos) {
  std::set<std::string> calls;
  for (std::size_t v = 0; v < slos.size(); ++v) {
    const BoundVariant& variant = variants[v];
    for (const Slo& slo : slos[v]) {
      if (!slo.is_time() || slo.label != Slo::Label::Service) continue;
      for (EdgeIndex edge = 0; edge < variant.traffic.edges.size(); ++edge) {
        if (service_name(variant, edge) == slo.name) calls.insert(variant.traffic.edges[edge].name);
      }
    }
  }
  return calls;
}

}  // namespace knetsim
