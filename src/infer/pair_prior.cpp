#include "otto/infer/pair_prior.h"

#include <Eigen/Dense>

#include "otto/core/random.h"

namespace otto {

namespace {

constexpr std::uint64_t stream = 0x7770;  ///< of random()

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void multiply(const std::vector<double>& A, std::span<const double> x, std::span<double> out) {
  const auto n = Eigen::Index(x.size());
  Eigen::Map<Eigen::VectorXd>(out.data(), n) =
      Eigen::Map<const RowMajor>(A.data(), n, n) * Eigen::Map<const Eigen::VectorXd>(x.data(), n);
}

}  // namespace

PairPrior::PairPrior(const RadialSpline& spline) : n_(spline.size() - 1) {
  const std::vector<double> whole = spline.bending();
  const auto m = Eigen::Index(spline.size()), n = Eigen::Index(n_);
  const RowMajor B = Eigen::Map<const RowMajor>(whole.data(), m, m).topLeftCorner(n, n);
  const RowMajor Ut = B.llt().matrixL();
  B_.assign(B.data(), B.data() + B.size());
  Ut_.assign(Ut.data(), Ut.data() + Ut.size());
}

void PairPrior::apply(std::span<const double> w, std::span<double> out) const {
  multiply(B_, w, out);
}

double PairPrior::energy(std::span<const double> w) const {
  std::vector<double> Bw(n_);
  apply(w, Bw);
  double sum = 0;
  for (std::size_t i = 0; i < n_; ++i) sum += w[i] * Bw[i];
  return sum;
}

void PairPrior::root(std::span<const double> eta, std::span<double> out) const {
  multiply(Ut_, eta, out);
}

void PairPrior::random(std::uint64_t seed, std::uint64_t draw, std::span<double> out) const {
  std::vector<double> eta(n_);
  for (std::size_t i = 0; i < n_; ++i) {
    eta[i] = RandomAt(seed, stream << 32 | draw, i).normal()[0];
  }
  root(eta, out);
}

}  // namespace otto
