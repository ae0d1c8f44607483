#include "otto/infer/conjugate_gradients.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace otto {

namespace {

/// y += a x.
void add_to(std::span<double> y, double a, std::span<const double> x) {
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += a * x[i];
}

}  // namespace

void ConjugateSpace::take_part(const Objective& space, std::span<double> x,
                               std::span<double> r) const {
  const std::vector<double> parts = space.dots(p_, r);
  for (std::size_t j = 0; j < parts.size(); ++j) {
    add_to(x, parts[j], p_[j]);
    add_to(r, -parts[j], q_[j]);
  }
}

void ConjugateSpace::conjugate(const Objective& space, std::span<double> p) const {
  const std::vector<double> parts = space.dots(q_, p);
  for (std::size_t j = 0; j < parts.size(); ++j) add_to(p, -parts[j], p_[j]);
}

void ConjugateSpace::add(std::span<const double> p, std::span<const double> q, double pq) {
  if (size() == max_) return;
  const double scale = 1 / std::sqrt(pq);
  const auto scaled = [&](std::span<const double> v) {
    Objective::Vector s(v.begin(), v.end());
    for (double& x : s) x *= scale;
    return s;
  };
  p_.push_back(scaled(p));
  q_.push_back(scaled(q));
}

CgResult conjugate_gradients(const Objective& space, const LinearMap& A, const LinearMap& P,
                             std::span<const double> b, double rtol, int max_iterations,
                             ConjugateSpace* known) {
  const std::size_t n = b.size();
  Objective::Vector r(b.begin(), b.end()), z(n), last(n), p(n), q(n);
  CgResult result{Objective::Vector(n, 0.0), {}, 0};
  P(r, z);
  double rz = space.dot(r, z);
  const double enough = rtol * rtol * rz;
  if (known && known->size() > 0) {
    known->take_part(space, result.x, r);
    P(r, z);
    rz = space.dot(r, z);
    known->conjugate(space, z);
  }
  p = z;
  while (result.iterations < max_iterations && rz > enough) {
    A(p, q);
    const double pq = space.dot(p, q);
    if (!(pq > 0)) break;
    const double a = rz / pq;
    last = r;
    add_to(result.x, a, p);
    add_to(r, -a, q);
    ++result.iterations;
    if (known) known->add(p, q, pq);
    P(r, z);
    const double next = space.dot(r, z);
    if (!(next > enough)) break;
    const double beta = std::max(0.0, (next - space.dot(last, z)) / rz);  // Polak-Ribiere
    for (std::size_t i = 0; i < n; ++i) p[i] = z[i] + beta * p[i];
    if (known) known->conjugate(space, p);
    rz = next;
  }
  result.residual = std::move(r);
  return result;
}

}  // namespace otto
