#include "sim/core/histogram.h"

namespace knetsim {

Histogram& Histogram::operator=(const Histogram& other) {
  if (this != &other) {
    *this = Histogram(other);
  }
  return *this;
}

void Histogram::add_page(std::size_t page) {
  if (page >= pages_.size()) {
    pages_.resize(page + 1);
  }
  pages_[page] = std::make_unique<Page>();
}

void Histogram::add_bucket(std::int64_t lower, std::uint64_t count) {
  const std::size_t index = index_of(std::max<std::int64_t>(0, lower));
  const std::size_t page = index / kPage;
  if (page >= pages_.size() || !pages_[page]) add_page(page);
  (*pages_[page])[index % kPage] += count;
  count_ += count;
}

void Histogram::set_moments(Int128 sum, Int128 sum_of_squares, std::int64_t min, std::int64_t max) {
  sum_ = sum;
  sum_squares_ = sum_of_squares;
  min_ = min;
  max_ = max;
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t page = 0; page < other.pages_.size(); ++page) {
    if (!other.pages_[page]) {
      continue;
    }
    if (page >= pages_.size() || !pages_[page]) {
      add_page(page);
    }
    for (std::size_t slot = 0; slot < kPage; ++slot) {
      (*pages_[page])[slot] += (*other.pages_[page])[slot];
    }
  }
  count_ += other.count_;
  sum_ += other.sum_;
  sum_squares_ += other.sum_squares_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::nearest_rank(double q, std::uint64_t n) {
  const double wanted = q * static_cast<double>(n) * (1 - 4 * std::numeric_limits<double>::epsilon());
  auto rank = static_cast<std::uint64_t>(std::max(0.0, wanted));
  rank += static_cast<double>(rank) < wanted ? 1 : 0;
  return std::clamp<std::uint64_t>(rank, 1, std::max<std::uint64_t>(1, n));
}

std::int64_t Histogram::at_rank(std::uint64_t rank) const {
  if (rank <= 1 || rank >= count_) {
    return rank <= 1 ? min() : max_;
  }
  std::uint64_t below = 0;
  for (std::size_t page = 0; page < pages_.size(); ++page) {
    for (std::size_t slot = 0; pages_[page] && slot < kPage; ++slot) {
      below += (*pages_[page])[slot];
      if (below >= rank) {
        const std::size_t index = page * kPage + slot;
        const std::int64_t lower = lower_of(index);
        return std::clamp(lower + (upper_of(index) - lower) / 2, min_, max_);
      }
    }
  }
  return max_;
}

}  // namespace knetsim
