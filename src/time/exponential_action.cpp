// With the scaled variable x = rho scale, scale_K = sqrt(vol_K / pi_K) (plain L2: sqrt(vol_K)), the
// Krylov basis x_0 = V e_1, S V = V H + ..., is orthonormal in the plain dot product (Gram-Schmidt,
// twice, against all vectors) and
//
//   exp(tau Q) rho = |x| V exp(tau / c (I - H^{-1})) e_1.
//
// Estimate: the change the last vector made, or a part (min_decrease) of the change before, whichever is more;
// in L1 by Cauchy-Schwarz, |rho|_L1 <= sqrt(sum vol^2 / scale^2) |x|_2.

#include "otto/time/exponential_action.h"

#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // gcc 12: false, inside its AVX-512 headers
#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <unsupported/Eigen/MatrixFunctions>

#include "otto/core/reproducible_sum.h"
#include "otto/core/vector_math.h"

namespace otto {

namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;
using Map = Eigen::Map<Eigen::VectorXd>;
using ConstMap = Eigen::Map<const Eigen::VectorXd>;

double norm_of_all(const Comm& comm, const std::vector<double>& x) {
  ReproducibleSum squares;
  squares.add(x.size(), [&](std::size_t i) { return x[i] * x[i]; });
  return std::sqrt(sum_of_all(comm, squares));
}

/// exp(z (I - H^{-1})) e_1.
Vector first_column(const Matrix& H, double z, bool symmetric) {
  const Eigen::Index m = H.rows();
  if (!symmetric) {
    const Matrix exponent = z * (Matrix::Identity(m, m) - H.inverse());
    const Matrix e = exponent.exp();
    return e.col(0);
  }
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(0.5 * (H + H.transpose()));
  Vector f(m);
  for (Eigen::Index i = 0; i < m; ++i) {
    const double s = std::min(eigen.eigenvalues()[i], 1.0);  // solves are not exact: (0, 1] at most
    f[i] = s > 0 ? std::exp(z * (1 - 1 / s)) : 0.0;
  }
  return eigen.eigenvectors() * f.cwiseProduct(eigen.eigenvectors().row(0).transpose());
}

}  // namespace

struct ExponentialAction::Space {
  explicit Space(int vectors) : H(Matrix::Zero(vectors + 1, vectors)) {}
  std::vector<std::vector<double>> basis;
  Matrix H;
  int size = 0;  // columns of H
  double norm = 0;
};

ExponentialAction::ExponentialAction(const Generator& generator, ShiftedSolver& solver,
                                     const ActionOptions& options)
    : generator_(generator),
      mesh_(generator.mesh()),
      solver_(solver),
      options_(options),
      split_(generator.symmetric() && generator.range() < options.max_range) {
  const auto n = static_cast<std::size_t>(mesh_.owned);
  b_.resize(n);
  if (!split_) return;
  const std::span<const double> V = generator.external();
  double min = V.empty() ? 0 : V[0];
  for (std::size_t i = 0; i < n; ++i) min = std::min(min, V[i]);
  min = mesh_.comm.min(min);
  gibbs_.resize(n);
  for (std::size_t i = 0; i < n; ++i) gibbs_[i] = (min - V[i]) / generator.temperature();
  exp_of(gibbs_, gibbs_);
  const double Z = integral(mesh_, gibbs_);
  for (double& p : gibbs_) p /= Z;
}

ExponentialAction::Norm ExponentialAction::make_norm(bool symmetric) const {
  Norm norm{.symmetric = symmetric, .scale = std::vector<double>(b_.size())};
  ReproducibleSum sum;
  for (std::size_t i = 0; i < b_.size(); ++i) {
    const double vol = mesh_.volume[i];
    norm.scale[i] = std::sqrt(symmetric ? vol / gibbs_[i] : vol);
    sum += (vol / norm.scale[i]) * (vol / norm.scale[i]);
  }
  norm.to_l1 = std::sqrt(sum_of_all(mesh_.comm, sum));
  return norm;
}

double ExponentialAction::split_gibbs(std::span<const double> rho, std::vector<double>& rest) {
  rest.resize(rho.size());
  gibbs_mass_ = split_ && !generator_.absorbs() ? integral(mesh_, rho) : 0;
  ReproducibleSum l1;
  for (std::size_t i = 0; i < rho.size(); ++i) {
    const double difference = rho[i] - (split_ ? gibbs_mass_ * gibbs_[i] : 0);
    l1 += mesh_.volume[i] * std::abs(difference);
    rest[i] = difference * norm_.scale[i];
  }
  return sum_of_all(mesh_.comm, l1);
}

bool ExponentialAction::extend(Space& space, double c, double rtol, ActionReport& report) {
  const auto n = static_cast<Eigen::Index>(mesh_.owned);
  const std::size_t j = static_cast<std::size_t>(space.size);
  std::vector<double> next(b_.size(), 0.0);
  for (std::size_t i = 0; i < b_.size(); ++i) {
    b_[i] = mesh_.volume[i] * space.basis[j][i] / norm_.scale[i];
  }
  const SolveReport solve = solver_.solve(c, {}, b_, next, rtol);
  ++report.solves;
  report.iterations += solve.iterations;
  report.max_iterations = std::max(report.max_iterations, solve.iterations);
  if (!solve.converged) {
    report.reason = "the linear solve failed: " + solve.reason;
    return false;
  }
  for (std::size_t i = 0; i < b_.size(); ++i) next[i] *= norm_.scale[i];
  Map x(next.data(), n);
  for (int sweep = 0; sweep < 2; ++sweep) {
    std::vector<ReproducibleSum> products(j + 1);
    for (std::size_t i = 0; i <= j; ++i) {
      const double* v = space.basis[i].data();
      products[i].add(next.size(), [&](std::size_t k) { return v[k] * next[k]; });
    }
    const std::vector<double> dots = sums_of_all(mesh_.comm, products);
    for (std::size_t i = 0; i <= j; ++i) {
      x -= dots[i] * ConstMap(space.basis[i].data(), n);
      space.H(Eigen::Index(i), space.size) += dots[i];
    }
  }
  const double norm = norm_of_all(mesh_.comm, next);
  space.H(space.size + 1, space.size) = norm;
  ++space.size;
  if (norm > 0) x /= norm;
  space.basis.push_back(std::move(next));
  return true;
}

void ExponentialAction::combine(const Space& space, std::span<const double> coefficients,
                                std::span<double> rho) {
  const auto n = static_cast<Eigen::Index>(mesh_.owned);
  Map y(rho.data(), n);
  y.setZero();
  for (std::size_t i = 0; i < coefficients.size(); ++i) {
    y += (space.norm * coefficients[i]) * ConstMap(space.basis[i].data(), n);
  }
  for (std::size_t i = 0; i < rho.size(); ++i) {
    rho[i] /= norm_.scale[i];
    if (split_) rho[i] += gibbs_mass_ * gibbs_[i];
  }
}

ActionReport ExponentialAction::advance(std::span<double> rho, double tau, double c,
                                        double tolerance) {
  ActionReport report;
  Space space(options_.max_vectors);
  space.basis.emplace_back();
  std::vector<double>& first = space.basis.back();
  const auto n = static_cast<Eigen::Index>(mesh_.owned);
  const auto start = [&](bool symmetric) {
    if (norm_.scale.size() != b_.size() || norm_.symmetric != symmetric)
      norm_ = make_norm(symmetric);
    const double l1 = split_gibbs(rho, first);
    space.norm = norm_of_all(mesh_.comm, first);
    return norm_.to_l1 * space.norm / l1;
  };
  if (start(split_) > options_.max_tails && split_) start(false);
  const double mass = integral(mesh_, rho), to_l1 = norm_.to_l1 * space.norm;
  if (to_l1 <= options_.at_rest * mass) {  // the Gibbs state
    report.reached = tau;
    return report;
  }
  Map(first.data(), n) /= space.norm;

  // What the coefficients change from m - 1 to m vectors, in L1.
  const auto change = [&](int m, double s, Vector& coefficients) {
    const Matrix H = space.H.topLeftCorner(m, m);
    coefficients = first_column(H, s / c, norm_.symmetric);
    Vector before = Vector::Zero(m);
    before.head(m - 1) = first_column(H.topLeftCorner(m - 1, m - 1), s / c, norm_.symmetric);
    return to_l1 * (coefficients - before).norm();
  };
  const double rtol =
      std::clamp(options_.solver_part * tolerance / to_l1, options_.min_rtol, options_.max_rtol);
  Vector coefficients;
  double last = to_l1;
  const auto done = [&](double s, double estimate) {
    report.reached = s;
    report.error_estimate = estimate;
    combine(space, {coefficients.data(), std::size_t(coefficients.size())}, rho);
    return report;
  };
  while (space.size < options_.max_vectors) {
    if (!extend(space, c, rtol, report)) return report;
    if (space.size < options_.min_vectors) continue;
    const double now = change(space.size, tau, coefficients);
    const double estimate = std::max(now, options_.min_decrease * last);
    last = now;
    const bool invariant = space.H(space.size, space.size - 1) < options_.invariant;
    if (estimate <= tolerance || invariant) return done(tau, invariant ? now : estimate);
  }
  for (double s = tau / 2; s > options_.min_part * tau; s /= 2) {
    Vector before;
    const double earlier = change(space.size - 1, s, before);
    const double estimate =
        std::max(change(space.size, s, coefficients), options_.min_decrease * earlier);
    if (estimate <= tolerance * s / tau) return done(s, estimate);
  }
  report.reason = "the Krylov space of the exponential does not converge in " +
                  std::to_string(options_.max_vectors) + " vectors";
  return report;
}

}  // namespace otto
