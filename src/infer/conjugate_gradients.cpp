#include "otto/infer/conjugate_gradients.h"

#include <algorithm>
#include <utility>

namespace otto {

CgResult conjugate_gradients(const Objective& space, const LinearMap& A, const LinearMap& P,
                             std::span<const double> b, double rtol, int max_iterations) {
  const std::size_t n = b.size();
  Objective::Vector r(b.begin(), b.end()), z(n), last(n), p(n), q(n);
  CgResult result{Objective::Vector(n, 0.0), {}, 0};
  P(r, z);
  p = z;
  double rz = space.dot(r, z);
  const double enough = rtol * rtol * rz;
  while (result.iterations < max_iterations && rz > 0) {
    A(p, q);
    const double pq = space.dot(p, q);
    if (!(pq > 0)) break;
    const double a = rz / pq;
    last = r;
    for (std::size_t i = 0; i < n; ++i) {
      result.x[i] += a * p[i];
      r[i] -= a * q[i];
    }
    ++result.iterations;
    P(r, z);
    const double next = space.dot(r, z);
    if (!(next > enough)) break;
    const double beta = std::max(0.0, (next - space.dot(last, z)) / rz);  // Polak-Ribiere
    for (std::size_t i = 0; i < n; ++i) p[i] = z[i] + beta * p[i];
    rz = next;
  }
  result.residual = std::move(r);
  return result;
}

}  // namespace otto
