#include "analysis/lab/least_squares.h"

#include <algorithm>

namespace knetsim::lab {
namespace {

constexpr double kDifference = 1e-5;
constexpr double kLargestStep = 1;
constexpr double kSettled = 1e-9;  // of the sum of squares
constexpr int kMostIterations = 200;

}  // namespace

LeastSquares least_squares(const std::function<Eigen::VectorXd(const Eigen::VectorXd&)>& residuals,
                           const Eigen::VectorXd& start) {
  const auto slope_at = [&](const Eigen::VectorXd& at, Eigen::Index rows) {
    Eigen::MatrixXd slope(rows, at.size());
    for (Eigen::Index j = 0; j < at.size(); ++j) {
      Eigen::VectorXd up = at;
      Eigen::VectorXd down = at;
      up[j] += kDifference;
      down[j] -= kDifference;
      slope.col(j) = (residuals(up) - residuals(down)) / (2 * kDifference);
    }
    return slope;
  };
  LeastSquares found{.at = start, .residuals = residuals(start), .slope = {}};
  found.slope = slope_at(start, found.residuals.size());
  double damping = 1e-2;
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    Eigen::MatrixXd damped = found.slope.transpose() * found.slope;
    damped.diagonal() *= 1 + damping;
    const Eigen::VectorXd step = damped.ldlt().solve(-found.slope.transpose() * found.residuals);
    const Eigen::VectorXd next = found.at + step.cwiseMax(-kLargestStep).cwiseMin(kLargestStep);
    const Eigen::VectorXd there = residuals(next);
    const double before = found.residuals.squaredNorm();
    if (there.allFinite() && there.squaredNorm() < before) {
      const bool settled = before - there.squaredNorm() < kSettled * before;
      found.at = next;
      found.residuals = there;
      found.slope = slope_at(next, there.size());
      damping = std::max(1e-9, damping / 5);
      if (settled) break;
    } else {
      damping *= 4;
      if (damping > 1e12) break;
    }
  }
  return found;
}

}  // namespace knetsim::lab
