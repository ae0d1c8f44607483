// sum vol rho log(rho/pi) with sum vol rho = sum vol pi is the same as
//
//   sum vol pi phi(rho/pi),    phi(u) = u log u - u + 1 >= 0,
//
// which has no cancellation between cells. Close to u = 1 + d, d = 0, there is none within a cell
// either if phi is taken from its series, so that the distance can be followed down to 1e-30:
//
//   phi(1 + d) = d^2/(1 2) - d^3/(2 3) + d^4/(3 4) - ...

#include "otto/driver/gibbs_distance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/core/reproducible_sum.h"
#include "otto/core/split_exponential.h"
#include "otto/core/vector_math.h"
#include "otto/mesh/rows.h"

namespace otto {

namespace {

/// phi(1 + d) for |d| <= 0.03, to 1e-14 of itself.
[[gnu::always_inline]] inline double series(double d) {
  double p = 1.0 / 90;
  p = multiply_add(-d, p, 1.0 / 72);
  p = multiply_add(-d, p, 1.0 / 56);
  p = multiply_add(-d, p, 1.0 / 42);
  p = multiply_add(-d, p, 1.0 / 30);
  p = multiply_add(-d, p, 1.0 / 20);
  p = multiply_add(-d, p, 1.0 / 12);
  p = multiply_add(-d, p, 1.0 / 6);
  p = multiply_add(-d, p, 1.0 / 2);
  return d * d * p;
}

}  // namespace

void GibbsDistance::normalise() {
  const Mesh& mesh = generator_.mesh();
  const auto owned = static_cast<std::size_t>(mesh.owned);
  const auto V = generator_.external().first(owned);
  const double kT = generator_.temperature();
  double min = std::numeric_limits<double>::infinity();
  for (const double v : V) min = std::min(min, v);
  min = mesh.comm.min(min);
  pi_.resize(owned);
  for (std::size_t i = 0; i < owned; ++i) pi_[i] = -(V[i] - min) / kT;
  exp_of(pi_, pi_);
  const double z = integral(mesh, pi_);
  for (double& p : pi_) p /= z;
  shift_ = min / kT - std::log(z);
  version_ = generator_.version();
}

double GibbsDistance::operator()(std::span<const double> density, double mass) {
  if (version_ != generator_.version()) normalise();
  const Mesh& mesh = generator_.mesh();
  const double shift = shift_ + std::log(mass), beta = 1 / generator_.temperature();
  std::array<ReproducibleSum, 1> total;
  add_rows(total, rows_of(mesh), [&](std::size_t begin, std::size_t n, const auto& to) {
    const double *rho = &density[begin], *V = &generator_.external()[begin],
                 *vol = &mesh.volume[begin], *pi = &pi_[begin];
    double* term = to[0];
    log_of({rho, n}, {term, n});
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) {
      const double rest = mass * pi[i], excess = rho[i] - rest, d = excess / rest;
      const double far = rho[i] > 0 ? rho[i] * (term[i] - (shift - beta * V[i])) - excess : -excess;
      term[i] = vol[i] * (d > -0.03 && d < 0.03 ? rest * series(d) : far);
    }
  });
  return sum_of_all(mesh.comm, total[0]);
}

}  // namespace otto
