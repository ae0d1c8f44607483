// With log pi = shift - V/kT and sum vol rho = sum vol pi = mass,
//
//   sum vol rho log(rho/pi) = F/kT - mass shift,    F = sum vol rho (kT log rho + V),
//
// two numbers at hand. Where they cancel, close to rest, the same is taken as
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
#include <vector>

#include "otto/core/reproducible_sum.h"
#include "otto/core/split_exponential.h"
#include "otto/core/vector_math.h"
#include "otto/mesh/rows.h"

namespace otto {

namespace {

/// Of two numbers, below which part of their sizes their difference counts as cancelled: two of sixteen digits.
constexpr double cancelled = 0.01;

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
  const double beta = 1 / generator_.temperature();
  min_ = std::numeric_limits<double>::infinity();
  for (const double v : V) min_ = std::min(min_, v);
  min_ = mesh.comm.min(min_);
  std::array<ReproducibleSum, 1> Z;
  add_rows(Z, rows_of(mesh), [&](std::size_t begin, std::size_t n, const auto& to) {
    double* term = to[0];
    for (std::size_t i = 0; i < n; ++i) term[i] = -(V[begin + i] - min_) * beta;
    exp_of({term, n}, {term, n});
    for (std::size_t i = 0; i < n; ++i) term[i] *= mesh.volume[begin + i];
  });
  shift_ = -std::log(sum_of_all(mesh.comm, Z[0]));
  version_ = generator_.version();
}

double GibbsDistance::operator()(std::span<const double> density, const Ledger& ledger) {
  if (version_ != generator_.version()) normalise();
  const double mass = ledger.mass, shift = shift_ + std::log(mass);
  const double kT = generator_.temperature();
  const double energy = ledger.free_energy / kT, rest = mass * (shift + min_ / kT);
  const double distance = energy - rest;
  if (ledger.min_density >= 0 && distance > cancelled * (std::abs(energy) + std::abs(rest)))
    return distance;
  return close_to_rest(density, shift);
}

double GibbsDistance::close_to_rest(std::span<const double> density, double shift) const {
  const Mesh& mesh = generator_.mesh();
  const double beta = 1 / generator_.temperature();
  std::array<ReproducibleSum, 1> total;
  std::vector<double> level, pi;  // log pi and pi of a piece of a row
  add_rows(total, rows_of(mesh), [&](std::size_t begin, std::size_t n, const auto& to) {
    level.resize(n);
    pi.resize(n);
    const double *rho = &density[begin], *V = &generator_.external()[begin],
                 *vol = &mesh.volume[begin];
    double* term = to[0];
    for (std::size_t i = 0; i < n; ++i) level[i] = shift - beta * (V[i] - min_);
    exp_of(level, pi);
    log_of({rho, n}, {term, n});
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) {
      const double excess = rho[i] - pi[i], d = excess / pi[i];
      const double far = rho[i] > 0 ? rho[i] * (term[i] - level[i]) - excess : -excess;
      term[i] = vol[i] * (d > -0.03 && d < 0.03 ? pi[i] * series(d) : far);
    }
  });
  return sum_of_all(mesh.comm, total[0]);
}

}  // namespace otto
