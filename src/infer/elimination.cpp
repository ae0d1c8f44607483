#include "otto/infer/elimination.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace otto {

Elimination::Elimination(const Objective& objective, LinearMap P, const EliminationOptions& options)
    : space_(objective), P_(std::move(P)), options_(options) {
  Y_.assign(objective.unknowns().shared(), Objective::Vector(objective.unknowns().block(), 0.0));
}

/// Of the V block, in the norm of P.
double Elimination::norm_V(std::span<const double> r) const {
  Objective::Vector z(r.size());
  P_(r, z);
  return std::sqrt(std::max(space_.dot(r, z), 0.0));
}

void Elimination::renew(Objective& objective) {
  const Unknowns& u = objective.unknowns();
  const std::size_t n = u.shared();
  const auto multiply = [&](std::span<const double> p, std::span<double> out) {
    objective.product(p, out);
    std::ranges::fill(u.tail(out), 0.0);
  };
  std::vector<Objective::Vector> B(n, Objective::Vector(u.size())), rest(n);
  Objective::Vector e(u.size(), 0.0), y(u.size(), 0.0), Ay(u.size());
  ConjugateSpace known;
  for (std::size_t i = 0; i < n; ++i) {
    e[u.block() + i] = 1;
    objective.product(e, B[i], false);
    e[u.block() + i] = 0;
    if (!objective.has_external()) continue;
    std::ranges::copy(Y_[i], y.begin());
    multiply(y, Ay);
    rest[i] = B[i];
    std::ranges::fill(u.tail(std::span(rest[i])), 0.0);
    for (std::size_t k = 0; k < u.block(); ++k) rest[i][k] -= Ay[k];
    const double rtol = options_.rtol * norm_V(B[i]) / std::max(norm_V(rest[i]), 1e-300);
    if (rtol >= 1) continue;
    CgResult more =
        conjugate_gradients(objective, multiply, P_, rest[i], rtol, options_.max_cg, &known);
    for (std::size_t k = 0; k < u.block(); ++k) Y_[i][k] += more.x[k];
    rest[i] = std::move(more.residual);
  }
  data_.assign(n * n, 0.0);
  const Comm& comm = objective.mesh().comm;
  Objective::Vector RY(u.size()), both(u.block());
  for (std::size_t j = 0; j < n; ++j) {
    std::ranges::copy(Y_[j], y.begin());
    std::ranges::fill(RY, 0.0);
    objective.add_priors(y, RY);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < u.block(); ++k) both[k] = B[i][k] + rest[i][k];
      data_[i * n + j] =
          B[i][u.block() + j] - u.dot_V(comm, Y_[j], both) - u.dot_V(comm, Y_[i], RY);
    }
  }
}

void Elimination::factor(const Objective& objective) {
  const Unknowns& u = objective.unknowns();
  const std::size_t n = u.shared();
  if (n == 0) return;
  const auto size = Eigen::Index(n);
  Eigen::MatrixXd E = Eigen::Map<const Eigen::MatrixXd>(data_.data(), size, size);
  E = (0.5 * (E + E.transpose())).eval();
  Objective::Vector z(u.size(), 0.0), Rz(u.size());
  for (std::size_t j = 0; j < n; ++j) {
    std::ranges::copy(Y_[j], z.begin());
    z[u.block() + j] = 1;
    std::ranges::fill(Rz, 0.0);
    objective.add_priors(z, Rz);
    z[u.block() + j] = 0;
    for (std::size_t i = 0; i < n; ++i) {
      E(Eigen::Index(i), Eigen::Index(j)) +=
          u.dot_V(objective.mesh().comm, Y_[i], Rz) + Rz[u.block() + i];
    }
  }
  double shift = options_.tiny * std::max(E.trace(), 1e-300);
  do {
    factor_.compute(E + shift * Eigen::MatrixXd::Identity(size, size));
    shift *= 10;
  } while (factor_.info() != Eigen::Success);
}

void Elimination::apply(std::span<const double> r, std::span<double> out) const {
  const Unknowns& u = space_.unknowns();
  P_(r, out);
  if (u.shared() == 0) return;
  const std::vector<double> products = space_.dots(Y_, r);
  Eigen::VectorXd s(Eigen::Index(u.shared()));
  for (std::size_t i = 0; i < products.size(); ++i) {
    s[Eigen::Index(i)] = r[u.block() + i] - products[i];
  }
  s = factor_.solve(s);
  for (std::size_t i = 0; i < Y_.size(); ++i) {
    out[u.block() + i] = s[Eigen::Index(i)];
    for (std::size_t k = 0; k < u.block(); ++k) out[k] -= Y_[i][k] * s[Eigen::Index(i)];
  }
}

void Elimination::remember(Archive& a) {
  a.numbers("elimination", data_);
  for (std::size_t i = 0; i < Y_.size() && space_.has_external(); ++i) {
    const std::string name = "elimination" + std::to_string(i);
    if (space_.splines()) {
      a.numbers(name, Y_[i]);
    } else {
      a.cells(name, Y_[i]);
    }
  }
}

}  // namespace otto
