#include "app/experiment/published_measure.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace knetsim {

PublishedMeasure::PublishedMeasure(const BoundVariant& variant, const std::vector<PointResult>& points)
    : variant_(variant),
      points_(points),
      edge_(variant.traffic.sources.front().edge),
      seconds_(to_seconds(variant.scenario.run.duration) *
               static_cast<double>(std::max<std::size_t>(1, points.size()))) {
  double ok = 0, asked = 0, bytes = 0;
  for (const PointResult& point : points_) {
    ok += static_cast<double>(point.edges[edge_].in_window.ok);
    asked += static_cast<double>(point.edges[edge_].asked);
    bytes += static_cast<double>(point.edges[edge_].bytes_sent);
  }
  answered_per_s_ = ok / seconds_;
  bytes_per_request_ = asked > 0 ? bytes / asked : 0;
}

std::optional<double> PublishedMeasure::of(std::string_view measure) const {
  if (measure == "rate") return answered_per_s_;
  if (measure == "goodput") return answered_per_s_ * bytes_per_request_ * 8e-9;
  if (measure == "packets") return 2e-6 * answered_per_s_;
  const std::size_t dot = measure.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view what = measure.substr(0, dot), which = measure.substr(dot + 1);
  return what == "connect" || what == "latency" ? quantile(what, which) : of_node(what, which);
}

std::optional<double> PublishedMeasure::quantile(std::string_view what, std::string_view which) const {
  Histogram ns;
  for (const PointResult& point : points_) {
    ns.merge(what == "connect" ? point.edges[edge_].connect_ns : point.edges[edge_].latency_ns);
  }
  if (which == "mean") return ns.mean() * 1e-6;
  if (!which.starts_with('p')) return std::nullopt;
  double percent = 0;
  const auto [end, error] = std::from_chars(which.data() + 1, which.data() + which.size(), percent);
  if (error != std::errc{} || end != which.data() + which.size()) return std::nullopt;
  return static_cast<double>(ns.quantile(percent / 100)) * 1e-6;
}

std::optional<double> PublishedMeasure::of_node(std::string_view what, std::string_view node) const {
  Duration softirq{}, threads{};
  double cores = 0;
  for (NodeIndex i = 0; i < variant_.cluster->nodes.size(); ++i) {
    if (node != "all" && variant_.cluster->nodes[i].name != node) continue;
    for (const PointResult& point : points_) {
      softirq += point.nodes[i].softirq;
      threads += point.nodes[i].application;
    }
    cores += points_.empty() ? 0 : points_.front().nodes[i].cores;
  }
  if (!(cores > 0)) return std::nullopt;
  const double busy = to_seconds(softirq + threads) / seconds_;
  if (what == "cpu") return busy;
  if (what == "threads") return to_seconds(threads) / seconds_;
  if (what == "work") return answered_per_s_ > 0 ? 1e6 * busy / answered_per_s_ : 0;
  if (what == "busy") return 100 * busy / cores;
  if (what == "free") return 100 - 100 * busy / cores;
  return std::nullopt;
}

}  // namespace knetsim
