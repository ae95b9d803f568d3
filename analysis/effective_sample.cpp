#include "analysis/effective_sample.h"

#include <algorithm>
#include <vector>

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

/// Into how many stretches each replicate is cut.
std::size_t stretches_of(std::size_t replicates) {
  constexpr std::size_t kFreedom = 57;
  for (const std::size_t stretches : {1U, 2U, 4U, 5U, 10U}) {
    if (replicates > 1 && (replicates - 1) * stretches >= kFreedom) return stretches;
  }
  return kParts;
}

/// Means of the logarithm over the same stretch of several replicates, or over all stretches of one.
class Means {
 public:
  void add(std::span<const PartSum> parts) {
    double count = 0, sum = 0;
    for (const PartSum& part : parts) {
      count += static_cast<double>(part.count);
      sum += static_cast<double>(part.sum_index);
    }
    if (count == 0) return;
    stretches_.push_back({count, sum});
    count_ += count;
    sum_ += sum;
  }
  double freedom() const { return stretches_.empty() ? 0 : static_cast<double>(stretches_.size() - 1); }
  /// Sum of squares around the common mean, each of a stretch's size.
  double squares() const {
    double sum = 0;
    for (const auto& [count, of] : stretches_) {
      const double off = of / count - sum_ / count_;
      sum += count * off * off;
    }
    return sum;
  }

 private:
  std::vector<std::pair<double, double>> stretches_;
  double count_ = 0;
  double sum_ = 0;
};

double variance_of_one(std::span<const Sample> replicates) {
  double count = 0, sum = 0, squares = 0;
  for (const Sample& sample : replicates) {
    sample.ns.for_each([&](std::int64_t lower, std::int64_t, std::uint64_t times) {
      const auto index = static_cast<double>(Histogram::index_of(lower));
      count += static_cast<double>(times);
      sum += static_cast<double>(times) * index;
      squares += static_cast<double>(times) * index * index;
    });
  }
  return count < 2 ? 0 : std::max(0.0, (squares - sum * sum / count) / (count - 1));
}

}  // namespace

double design_effect(std::span<const Sample> replicates) {
  for (const Sample& sample : replicates) KNETSIM_ENSURE(sample.parts.size() == kParts);
  const std::size_t stretches = stretches_of(replicates.size());
  const std::size_t length = kParts / stretches;
  double squares = 0, freedom = 0;
  const auto take = [&](const Means& means) {
    squares += means.squares();
    freedom += means.freedom();
  };
  Means of_one;
  for (std::size_t index = 0; index < stretches; ++index) {
    Means alike;
    for (const Sample& sample : replicates) {
      const std::span<const PartSum> parts = std::span(sample.parts).subspan(index * length, length);
      (replicates.size() > 1 ? alike : of_one).add(parts);
    }
    take(alike);
  }
  take(of_one);
  const double variance = variance_of_one(replicates);
  return freedom > 0 && variance > 0 ? std::max(1.0, squares / freedom / variance) : 1;
}

double effective_beyond(std::span<const Sample> replicates, double q) {
  double observations = 0;
  for (const Sample& sample : replicates) observations += static_cast<double>(sample.size());
  return observations * (1 - q) / design_effect(replicates);
}

}  // namespace knetsim
