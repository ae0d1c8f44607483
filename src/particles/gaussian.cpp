#include "otto/particles/gaussian.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <limits>
#include <numbers>

#include "otto/core/error.h"

namespace otto {

namespace {

Rows lower_factor(const Rows& covariance) {
  const Eigen::MatrixXd C = covariance;
  const Eigen::LLT<Eigen::MatrixXd> llt(C);
  if (llt.info() != Eigen::Success || !C.allFinite()) {
    throw NumericalError("the covariance of the reference law is not positive definite");
  }
  return llt.matrixL().toDenseMatrix();
}

}  // namespace

Vector row_squares(const Rows& x) {
  Vector sums(x.rows());
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    const double* row = x.data() + i * x.cols();
    double sum = 0;
    for (Eigen::Index a = 0; a < x.cols(); ++a) sum += row[a] * row[a];
    sums[i] = sum;
  }
  return sums;
}

Gaussian::Gaussian(Vector mean, const Rows& covariance)
    : mean_(std::move(mean)), L_(lower_factor(covariance)) {
  finish();
}

Gaussian::Gaussian(const ReferenceBuffers& b)
    : mean_(Eigen::Map<const Vector>(b.mean.data(), Eigen::Index(b.mean.size()))),
      L_(Eigen::Map<const Rows>(b.factor.data(), Eigen::Index(b.mean.size()),
                                Eigen::Index(b.mean.size()))) {
  finish();
}

void Gaussian::finish() {
  const Eigen::Index d = mean_.size();
  inverse_ = L_.triangularView<Eigen::Lower>().solve(Rows(Rows::Identity(d, d)));
  double log_det = 0;
  for (Eigen::Index a = 0; a < d; ++a) log_det += std::log(L_(a, a));
  constant_ = log_det + 0.5 * double(d) * std::log(2 * std::numbers::pi);
}

Gaussian Gaussian::fitted(const Rows& points, double noise) {
  const Vector mean = points.colwise().mean();
  const Rows centred = points.rowwise() - mean.transpose();
  Rows C = centred.transpose() * centred / double(std::max<Eigen::Index>(points.rows() - 1, 1));
  C.diagonal().array() += noise * noise;
  if (!C.allFinite() || C.diagonal().minCoeff() < std::numeric_limits<double>::min()) {
    throw InputError(
        "the variances of the samples leave the range of numbers, or a coordinate is the same in every "
        "sample; rescale them, or give a noise");
  }
  return {mean, C};
}

ReferenceBuffers Gaussian::buffers() const {
  return {{mean_.data(), mean_.data() + mean_.size()}, {L_.data(), L_.data() + L_.size()}};
}

Rows Gaussian::points(const Rows& z) const {
  return (z * L_.transpose()).rowwise() + mean_.transpose();
}

Rows Gaussian::whiten(const Rows& x) const {
  const Rows centred = x.rowwise() - mean_.transpose();
  return centred * inverse_.transpose();
}

Rows Gaussian::slope_in_z(const Rows& slope) const { return slope * L_; }

Vector Gaussian::energy_of_white(const Rows& z) const {
  return 0.5 * row_squares(z).array() + constant_;
}

void Gaussian::evaluate(const Rows& x, Vector& U, Rows& slope) const {
  const Rows z = whiten(x);
  U = energy_of_white(z);
  slope = z * inverse_;
}

}  // namespace otto
