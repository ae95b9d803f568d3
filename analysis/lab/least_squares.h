#pragma once

#include <Eigen/Dense>
#include <functional>

namespace knetsim::lab {

/// Where a sum of squares is least, and how it looks there.
struct LeastSquares {
  Eigen::VectorXd at;         ///< shape (unknowns,)
  Eigen::VectorXd residuals;  ///< shape (residuals,)
  Eigen::MatrixXd slope;      ///< Derivatives of the residuals, shape (residuals, unknowns).
};

/// Minimises the sum of squared residuals by Levenberg and Marquardt, with central differences for derivatives. Meant
/// for unknowns that are logarithms: a step of the iteration changes none by more than 1, one of the differences is
/// 1e-5. @pre At `start` all residuals are finite.
/// @source Nocedal and Wright, Numerical Optimization, 2nd ed., 2006, section 10.3.
LeastSquares least_squares(const std::function<Eigen::VectorXd(const Eigen::VectorXd&)>& residuals,
                           const Eigen::VectorXd& start);

}  // namespace knetsim::lab
