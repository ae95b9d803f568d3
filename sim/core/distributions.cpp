#include "sim/core/distributions.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "sim/core/math.h"

namespace knetsim {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNormal99 = 2.3263478740408411;  // normal_quantile(0.99)

void require(bool holds, const char* what) {
  if (!holds) {
    throw std::invalid_argument(what);
  }
}

// Marsaglia and Tsang, A Simple Method for Generating Gamma Variables, ACM TOMS 26, 2000: shape at least 1, scale 1.
double gamma_draw(double shape, RngStream& stream) {
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = standard_normal(stream);
    const double root = 1 + c * x;
    if (root <= 0) {
      continue;
    }
    const double v = root * root * root;
    const double u = stream.uniform();
    if (u < 1 - 0.0331 * (x * x) * (x * x) || math::log(u) < 0.5 * x * x + d * (1 - v + math::log(v))) {
      return d * v;
    }
  }
}

// The quantile at `part` of the law with a density in proportion to x from low to high.
double by_length_between(double low, double high, double part) {
  return std::sqrt(low * low + part * (high * high - low * low));
}

double pareto_moment(double low, double high, double alpha, int order) {
  // Of the law cut off at `high`: alpha low^alpha / (1 - (low/high)^alpha) times the integral of x^(order - alpha - 1).
  const double ratio = math::pow(low / high, alpha);
  const double power = order - alpha;
  const double integral =
      std::fabs(power) < 1e-12 ? math::log(high / low) : (math::pow(high, power) - math::pow(low, power)) / power;
  return alpha * math::pow(low, alpha) / (1 - ratio) * integral;
}

}  // namespace

double standard_normal(RngStream& stream) { return math::normal_quantile(stream.uniform()); }

Distribution Distribution::constant(double value) {
  require(std::isfinite(value), "a constant is a finite number");
  return {Kind::Constant, value, 0};
}

Distribution Distribution::uniform(double low, double high) {
  require(low <= high && std::isfinite(low) && std::isfinite(high),
          "a uniform law goes from low to a high not below it");
  return {Kind::Uniform, low, high};
}

Distribution Distribution::exponential(double mean) {
  require(mean > 0 && std::isfinite(mean), "the mean is above 0");
  return {Kind::Exponential, mean, 0};
}

Distribution Distribution::lognormal_median(double median, double sigma) {
  require(median > 0 && std::isfinite(median) && sigma >= 0 && sigma < 10,
          "the median is above 0 and sigma between 0 and 10");
  return {Kind::Lognormal, median, sigma};
}

Distribution Distribution::lognormal_mean(double mean, double sigma) {
  require(mean > 0 && std::isfinite(mean) && sigma >= 0 && sigma < 10,
          "the mean is above 0 and sigma between 0 and 10");
  return lognormal_median(mean * math::exp(-sigma * sigma / 2), sigma);
}

Distribution Distribution::lognormal_p99(double mean, double p99) {
  require(mean > 0 && std::isfinite(p99), "the mean is above 0");
  // p99 / mean = exp(z sigma - sigma^2 / 2), at most exp(z^2 / 2) = 14.97 at sigma = z.
  const double log_ratio = p99 > 0 ? math::log(p99 / mean) : -1;
  const double under_root = kNormal99 * kNormal99 - 2 * log_ratio;
  require(log_ratio >= 0 && under_root >= 0, "the 99th percentile lies between the mean and 14.9 times the mean");
  return lognormal_mean(mean, kNormal99 - std::sqrt(under_root));
}

Distribution Distribution::gamma(double mean, double shape) {
  require(mean > 0 && std::isfinite(mean) && shape > 0 && std::isfinite(shape), "mean and shape are above 0");
  return {Kind::Gamma, mean, shape};
}

Distribution Distribution::pareto(double minimum, double alpha) {
  require(minimum > 0 && std::isfinite(minimum) && alpha > 0 && std::isfinite(alpha), "minimum and alpha are above 0");
  return {Kind::Pareto, minimum, alpha};
}

Distribution Distribution::bounded_pareto(double low, double high, double alpha) {
  require(low > 0 && low < high && std::isfinite(high) && alpha > 0 && std::isfinite(alpha),
          "minimum and alpha are above 0 and the maximum is above the minimum");
  return {Kind::BoundedPareto, low, high, alpha};
}

Distribution Distribution::empirical(std::vector<Point> points) {
  require(!points.empty() && points.back().cumulative == 1, "the cumulative distribution ends at 1");
  for (std::size_t i = 0; i < points.size(); ++i) {
    require(points[i].value >= 0 && std::isfinite(points[i].value) && points[i].cumulative >= 0,
            "values are 0 or more");
    require(i == 0 || (points[i].value >= points[i - 1].value && points[i].cumulative >= points[i - 1].cumulative),
            "values and cumulative values ascend");
  }
  Distribution law(Kind::Empirical, 0, 0);
  law.points_ = std::make_shared<const std::vector<Point>>(std::move(points));
  return law;
}

double Distribution::sample(RngStream& stream) const {
  switch (kind_) {
    case Kind::Constant:
      return a_;
    case Kind::Uniform:
      return a_ + (b_ - a_) * stream.uniform();
    case Kind::Exponential:
      return -a_ * math::log(stream.uniform());
    case Kind::Lognormal:
      return a_ * math::exp(b_ * standard_normal(stream));
    case Kind::Gamma:
      if (b_ >= 1) {
        return a_ / b_ * gamma_draw(b_, stream);
      } else {
        const double more = gamma_draw(b_ + 1, stream);
        return a_ / b_ * more * math::pow(stream.uniform(), 1 / b_);
      }
    case Kind::Pareto:
      return a_ * math::pow(stream.uniform(), -1 / b_);
    case Kind::BoundedPareto: {
      const double ratio = math::pow(a_ / b_, c_);
      return a_ * math::pow(1 - stream.uniform() * (1 - ratio), -1 / c_);
    }
    case Kind::Empirical: {
      const double u = stream.uniform();
      const auto above = std::lower_bound(points_->begin(), points_->end(), u,
                                          [](const Point& point, double at) { return point.cumulative < at; });
      if (above == points_->begin()) {
        return above->value;
      }
      const Point& below = above[-1];
      return below.value +
             (above->value - below.value) * ((u - below.cumulative) / (above->cumulative - below.cumulative));
    }
  }
  return 0;
}

// For each law the one with density x f(x) / mean: often of the same family.
double Distribution::sample_by_length(RngStream& stream) const {
  switch (kind_) {
    case Kind::Constant:
      return a_;
    case Kind::Uniform:
      return by_length_between(a_, b_, stream.uniform());
    case Kind::Exponential:
      return -a_ * math::log(stream.uniform() * stream.uniform());
    case Kind::Lognormal:
      return a_ * math::exp(b_ * (b_ + standard_normal(stream)));
    case Kind::Gamma:
      return a_ / b_ * gamma_draw(b_ + 1, stream);
    case Kind::Pareto:
      return a_ * math::pow(stream.uniform(), -1 / (b_ - 1));
    case Kind::BoundedPareto: {
      const double alpha = c_ - 1;
      if (std::fabs(alpha) < 1e-9) return a_ * math::pow(b_ / a_, stream.uniform());
      return a_ * math::pow(1 - stream.uniform() * (1 - math::pow(a_ / b_, alpha)), -1 / alpha);
    }
    case Kind::Empirical: {
      double left = stream.uniform() * mean() - points_->front().value * points_->front().cumulative;
      if (left <= 0) return points_->front().value;
      for (std::size_t i = 1; i < points_->size(); ++i) {
        const Point& low = (*points_)[i - 1];
        const Point& high = (*points_)[i];
        const double weight = (low.value + high.value) / 2 * (high.cumulative - low.cumulative);
        if (left <= weight) return by_length_between(low.value, high.value, left / weight);
        left -= weight;
      }
      return points_->back().value;
    }
  }
  return 0;
}

double Distribution::sample_residual(RngStream& stream) const {
  if (kind_ == Kind::Exponential || mean() == kInfinity) return sample(stream);  // the former forgets what has passed
  return stream.uniform() * sample_by_length(stream);
}

double Distribution::mean() const {
  switch (kind_) {
    case Kind::Constant:
    case Kind::Exponential:
    case Kind::Gamma:
      return a_;
    case Kind::Uniform:
      return (a_ + b_) / 2;
    case Kind::Lognormal:
      return a_ * math::exp(b_ * b_ / 2);
    case Kind::Pareto:
      return b_ > 1 ? a_ * b_ / (b_ - 1) : kInfinity;
    case Kind::BoundedPareto:
      return pareto_moment(a_, b_, c_, 1);
    case Kind::Empirical: {
      double sum = points_->front().value * points_->front().cumulative;
      for (std::size_t i = 1; i < points_->size(); ++i) {
        const Point& low = (*points_)[i - 1];
        const Point& high = (*points_)[i];
        sum += (low.value + high.value) / 2 * (high.cumulative - low.cumulative);
      }
      return sum;
    }
  }
  return 0;
}

double Distribution::second_moment() const {
  switch (kind_) {
    case Kind::Constant:
      return a_ * a_;
    case Kind::Uniform:
      return (a_ * a_ + a_ * b_ + b_ * b_) / 3;
    case Kind::Exponential:
      return 2 * a_ * a_;
    case Kind::Lognormal:
      return a_ * a_ * math::exp(2 * b_ * b_);
    case Kind::Gamma:
      return a_ * a_ * (1 + 1 / b_);
    case Kind::Pareto:
      return b_ > 2 ? a_ * a_ * b_ / (b_ - 2) : kInfinity;
    case Kind::BoundedPareto:
      return pareto_moment(a_, b_, c_, 2);
    case Kind::Empirical: {
      double sum = points_->front().value * points_->front().value * points_->front().cumulative;
      for (std::size_t i = 1; i < points_->size(); ++i) {
        const Point& low = (*points_)[i - 1];
        const Point& high = (*points_)[i];
        sum += (low.value * low.value + low.value * high.value + high.value * high.value) / 3 *
               (high.cumulative - low.cumulative);
      }
      return sum;
    }
  }
  return 0;
}

std::string Distribution::describe() const {
  char text[160];
  const auto print = [&](const char* format, auto... values) { std::snprintf(text, sizeof text, format, values...); };
  switch (kind_) {
    case Kind::Constant:
      print("constant %g", a_);
      break;
    case Kind::Uniform:
      print("uniform, %g to %g", a_, b_);
      break;
    case Kind::Exponential:
      print("exponential, mean %g", a_);
      break;
    case Kind::Lognormal:
      print("lognormal, median %g, sigma %g", a_, b_);
      break;
    case Kind::Gamma:
      print("gamma, mean %g, shape %g", a_, b_);
      break;
    case Kind::Pareto:
      print("Pareto, minimum %g, alpha %g", a_, b_);
      break;
    case Kind::BoundedPareto:
      print("Pareto, %g to %g, alpha %g", a_, b_, c_);
      break;
    case Kind::Empirical:
      print("empirical, %zu points, mean %g", points_->size(), mean());
      break;
  }
  return text;
}

}  // namespace knetsim
