#pragma once
// Conjugate gradients for the minimum of the quadratic 1/2 x.A x + b.x, A symmetric and positive,
// until what is left is not worth a product with A. Every residual is kept orthogonal to all
// earlier ones, so that rounding is not amplified.

#include <Eigen/Core>
#include <functional>

namespace otto {

struct QuadraticMinimum {
  Eigen::VectorXd x;
  double decrease = 0;  ///< -(1/2 x.A x + b.x)
  int iterations = 0;
};

/// `multiply(d, y)` sets y = A d. At most `max_iterations` iterations.
QuadraticMinimum minimise_quadratic(
    const Eigen::VectorXd& b, int max_iterations,
    const std::function<void(const Eigen::VectorXd& d, Eigen::VectorXd& y)>& multiply);

}  // namespace otto
