#include "sim/experiment/slo.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/core/censored_times.h"
#include "sim/input/scalar.h"
#include "sim/input/units_text.h"

namespace knetsim {
namespace {

constexpr const char* kForm =
    "STATISTIC(METRIC{LABEL=\"name\"}) < TIME with p50 .. p99.99, mean or max; latency or connect; workload or "
    "service, or no "
    "braces; < or <=";

/// Reads one objective from left to right; blanks are skipped everywhere.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool take(std::string_view wanted) {
    skip();
    if (!rest_.starts_with(wanted)) {
      return false;
    }
    rest_.remove_prefix(wanted.size());
    return true;
  }
  std::string_view word() {
    skip();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
             c == '-';
    });
    const auto size = static_cast<std::size_t>(end - rest_.begin());
    const std::string_view word = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return word;
  }
  /// A text in double quotes.
  std::optional<std::string_view> quoted() {
    if (!take("\"")) {
      return std::nullopt;
    }
    const std::size_t end = rest_.find('"');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool at_end() {
    skip();
    return rest_.empty();
  }

 private:
  void skip() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }
  std::string_view rest_;
};

bool read_statistic(std::string_view word, Slo& slo) {
  if (word == "mean" || word == "max") {
    slo.statistic = word == "mean" ? Slo::Statistic::Mean : Slo::Statistic::Maximum;
    return true;
  }
  if (!word.starts_with('p')) {
    return false;
  }
  double percent = 0;
  const auto [end, error] = std::from_chars(word.data() + 1, word.data() + word.size(), percent);
  slo.quantile = percent / 100;
  return error == std::errc{} && end == word.data() + word.size() && percent > 0 && percent < 100;
}

bool read_label(Reader& reader, Slo& slo) {
  const std::string_view label = reader.word();
  if (label != "workload" && label != "service") {
    return false;
  }
  slo.label = label == "workload" ? Slo::Label::Workload : Slo::Label::Service;
  if (!reader.take("=")) {
    return false;
  }
  const std::optional<std::string_view> name = reader.quoted();
  slo.name = name.value_or("");
  return name.has_value() && reader.take("}");
}

/// nullopt: not of the form. @throws ValueError  The time is none.
std::optional<Slo> read(std::string_view text) {
  Slo slo;
  slo.text = text;
  Reader reader(text);
  if (!read_statistic(reader.word(), slo) || !reader.take("(")) {
    return std::nullopt;
  }
  const std::string_view metric = reader.word();
  if (metric != "latency" && metric != "connect") {
    return std::nullopt;
  }
  slo.metric = metric == "latency" ? Slo::Metric::Latency : Slo::Metric::Connect;
  if (reader.take("{") && !read_label(reader, slo)) {
    return std::nullopt;
  }
  if (!reader.take(")") || !reader.take("<")) {
    return std::nullopt;
  }
  slo.or_equal = reader.take("=");
  slo.bound = parse_duration(reader.word());
  return reader.at_end() ? std::optional(slo) : std::nullopt;
}

std::vector<EdgeIndex> edges_of(const Slo& slo, const TrafficPlan& traffic) {
  std::vector<EdgeIndex> edges;
  if (slo.label == Slo::Label::Service) {
    for (EdgeIndex edge = 0; edge < traffic.edges.size(); ++edge) {
      if (traffic.edges[edge].target == slo.name) {
        edges.push_back(edge);
      }
    }
    return edges;
  }
  for (const TrafficSpec& source : traffic.sources) {
    if (slo.label == Slo::Label::None || source.name == slo.name) {
      edges.push_back(source.edge);
    }
  }
  return edges;
}

void check_name(const Slo& slo, Node at, const TrafficPlan& traffic, Diagnostics& diagnostics) {
  if (slo.label == Slo::Label::None || !edges_of(slo, traffic).empty()) {
    return;
  }
  std::vector<std::string> known;
  if (slo.label == Slo::Label::Workload) {
    for (const TrafficSpec& source : traffic.sources) {
      known.push_back(source.name);
    }
  } else {
    for (const EdgeSpec& edge : traffic.edges) {
      if (std::find(known.begin(), known.end(), edge.target) == known.end()) {
        known.push_back(edge.target);
      }
    }
  }
  diagnostics.error(at, fmt::format("nothing is measured of '{}'{}", slo.name, suggest(slo.name, known)),
                    fmt::format("{}", fmt::join(known, ", ")));
}

}  // namespace

std::vector<Slo> read_slos(Node list, const TrafficPlan& traffic, Diagnostics& diagnostics) {
  std::vector<Slo> slos;
  const bool names_are_known = !diagnostics.has_errors();  // a workload that could not be read is not missed once more
  for (std::size_t i = 0; i < list.size(); ++i) {
    try {
      if (std::optional<Slo> slo = read(list[i].text())) {
        if (names_are_known) check_name(*slo, list[i], traffic, diagnostics);
        slos.push_back(std::move(*slo));
      } else {
        diagnostics.error(list[i], fmt::format("'{}' is no objective", list[i].text()), kForm);
      }
    } catch (const ValueError& error) {
      diagnostics.error(list[i], error.what(), error.accepted());
    }
  }
  return slos;
}

SloOutcome evaluate(const Slo& slo, const BoundVariant& variant, const std::vector<PointResult>& replicates) {
  Histogram ended, unfinished;
  std::uint64_t failed = 0;
  const bool latency = slo.metric == Slo::Metric::Latency;
  for (const PointResult& point : replicates) {
    for (const EdgeIndex edge : edges_of(slo, variant.traffic)) {
      if (edge < point.edges.size()) {
        const EdgeStats& stats = point.edges[edge];
        ended.merge(latency ? stats.latency_ns : stats.connect_ns);
        unfinished.merge(latency ? stats.unfinished_age_ns : stats.connecting_age_ns);
        failed += latency ? stats.failed() : stats.connects_failed;
      }
    }
  }
  const CensoredTimes times(ended, unfinished, failed);
  const CensoredValue found = slo.statistic == Slo::Statistic::Quantile ? times.quantile(slo.quantile)
                              : slo.statistic == Slo::Statistic::Mean   ? times.mean()
                                                                        : times.max();
  if (found.kind == CensoredValue::Kind::Nothing || found.kind == CensoredValue::Kind::Infinite) {
    return {};
  }
  const Duration value = from_nanoseconds(static_cast<double>(found.value));
  const bool below = value < slo.bound || (slo.or_equal && value == slo.bound);
  return {.met = below && found.exact(), .observed = value};  // no bound from below tells that it is met
}

}  // namespace knetsim
