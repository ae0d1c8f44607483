#include "otto/particles/mixture.h"

#include <cmath>

#include "otto/core/error.h"
#include "otto/particles/walk.h"

namespace otto {

namespace {

Vector log_sum_rows(const Eigen::MatrixXd& a) {
  const Vector top = a.rowwise().maxCoeff();
  return top.array() + (a.colwise() - top).array().exp().rowwise().sum().log();
}

/// |x_i - m_k|^2, n x K.
Eigen::MatrixXd distances(const Rows& x, const Rows& means) {
  Eigen::MatrixXd D = -2 * x * means.transpose();
  D.colwise() += row_squares(x);
  D.rowwise() += row_squares(means).transpose();
  return D.cwiseMax(0);
}

/// Rows chosen one after the other with a probability that grows as the squared distance to those
/// before (k-means++).
Rows seeds(const Rows& x, const MixtureOptions& o) {
  Rows means(o.components, x.cols());
  Vector nearest = Vector::Ones(x.rows());
  for (int k = 0; k < o.components; ++k) {
    const double u = uniform_number(o.seed, Purpose::mixture, k, 0, 1) * nearest.sum();
    double sum = 0;
    Eigen::Index at = 0;
    while (at + 1 < x.rows() && (sum += nearest[at]) < u) ++at;
    means.row(k) = x.row(at);
    const Vector D = distances(x, means.topRows(k + 1)).rowwise().minCoeff();
    nearest = D;
  }
  return means;
}

/// Shares of the rows in the cells of k-means, n x K.
Eigen::MatrixXd k_means(const Rows& x, const MixtureOptions& o) {
  constexpr int rounds = 15;
  Rows means = seeds(x, o);
  Eigen::MatrixXd share;
  for (int round = 0; round < rounds; ++round) {
    const Eigen::MatrixXd D = distances(x, means);
    share = Eigen::MatrixXd::Zero(x.rows(), o.components);
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      Eigen::Index k = 0;
      D.row(i).minCoeff(&k);
      share(i, k) = 1;
    }
    for (int k = 0; k < o.components; ++k) {
      const double n = share.col(k).sum();
      if (n > 0) means.row(k) = share.col(k).transpose() * x / n;
    }
  }
  return share;
}

}  // namespace

Mixture Mixture::fitted(const Rows& x, const MixtureOptions& o) {
  Eigen::MatrixXd share = k_means(x, o);
  const Rows centred = x.rowwise() - x.colwise().mean();
  const double floor = o.floor * centred.squaredNorm() / double(x.size());
  double before = -1e300;
  Mixture mixture;
  for (int iteration = 0; iteration < o.iterations; ++iteration) {
    mixture.laws_.clear();
    mixture.log_weights_.clear();
    for (int k = 0; k < o.components; ++k) {
      const double n = share.col(k).sum() + 1e-10;
      const Vector m = x.transpose() * share.col(k) / n;
      const Rows c = (x.rowwise() - m.transpose()).array().colwise() * share.col(k).array().sqrt();
      Rows C = c.transpose() * c / n;
      C.diagonal().array() += floor;
      mixture.laws_.emplace_back(m, C);
      mixture.log_weights_.push_back(std::log(n / double(x.rows())));
    }
    const Eigen::MatrixXd parts = mixture.log_parts(x);
    const Vector total = log_sum_rows(parts);
    const double now = total.mean();
    if (!std::isfinite(now)) throw NumericalError("the mixture's likelihood is not finite");
    if (now - before < o.tolerance) break;
    before = now;
    share = (parts.colwise() - total).array().exp();
  }
  return mixture;
}

Eigen::MatrixXd Mixture::log_parts(const Rows& x) const {
  Eigen::MatrixXd parts(x.rows(), Eigen::Index(laws_.size()));
  for (std::size_t k = 0; k < laws_.size(); ++k) {
    parts.col(Eigen::Index(k)) = log_weights_[k] - laws_[k].energy(x).array();
  }
  return parts;
}

Vector Mixture::log_density(const Rows& x) const { return log_sum_rows(log_parts(x)); }

Rows Mixture::samples(std::int64_t n, std::uint64_t seed) const {
  Rows x(n, laws_.front().dimension());
  Rows xi(1, x.cols());
  for (std::int64_t i = 0; i < n; ++i) {
    const double u = uniform_number(seed, Purpose::mixture, i, 1, 1);
    std::size_t k = 0;
    for (double sum = std::exp(log_weights_[0]); sum < u && k + 1 < laws_.size();) {
      sum += std::exp(log_weights_[++k]);
    }
    normal_numbers(seed, Purpose::mixture, i, 2, as_span(xi));
    x.row(i) = laws_[k].points(xi);
  }
  return x;
}

}  // namespace otto
