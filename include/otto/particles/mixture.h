#pragma once
// A mixture of normal laws with full covariances, fitted by expectation maximisation: the baseline
// that a likelihood of images has to be read against.
//
//   log p(x) = log sum_k w_k N(x; m_k, C_k),     C_k of the fit plus floor times the data's mean variance

#include <vector>

#include "otto/particles/gaussian.h"

namespace otto {

struct MixtureOptions {
  int components = 10;
  int iterations = 40;      ///< at most; the means of digits stand still after some thirty
  double floor = 1e-2;      ///< on every variance, relative to the mean variance of the data
  double tolerance = 1e-4;  ///< a gain of the mean log-likelihood that ends the fit
  std::uint64_t seed = 1;
};

class Mixture {
 public:
  /// Starts from k-means of rows chosen far apart. Throws NumericalError where components collapse.
  static Mixture fitted(const Rows& x, const MixtureOptions& options);
  [[nodiscard]] Vector log_density(const Rows& x) const;
  /// n samples, numbers first ... of all.
  [[nodiscard]] Rows samples(std::int64_t n, std::uint64_t seed) const;

 private:
  /// log(w_k N(x_i; m_k, C_k)), n x K.
  [[nodiscard]] Eigen::MatrixXd log_parts(const Rows& x) const;
  std::vector<Gaussian> laws_;
  std::vector<double> log_weights_;
};

}  // namespace otto
