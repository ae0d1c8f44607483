// The ledger of any free energy:
//
//   F = sum_K vol_K (U(rho_K) + V_K rho_K + 1/2 rho_K (W * rho)_K),
//   D = sum_f a_f m_f (mu_K - mu_L)^2,    mu = U'(rho) + V + W * rho,
//
// m_f being the density on the side of the larger mu, where the flow comes from, or what mobility.h
// makes of both.
//
// Vacuum: a face between two empty cells contributes 0. Where U'(0+) is finite an empty cell has a
// mu like any other; where it is -inf the term is taken with rho = eps times the density on the
// other side, a finite lower bound (as for the entropy, ledger.cpp). Crowds: the pressure at the
// maximum is not known from the density, so a face into a full cell contributes 0, which makes D a
// lower bound; steppers that know the pressure report their own D.

#include "nonlinear_ledger.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/core/reproducible_sum.h"
#include "otto/core/vector_math.h"
#include "otto/operators/chemical_potential.h"
#include "otto/operators/face_runs.h"

namespace otto {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t block = 256;

struct Sums {
  std::array<ReproducibleSum, 3> sums;  ///< mass, energy, dissipation
  double min = infinity, max = -infinity;

  /// `rest`: in, W * rho; out, V + W * rho. `mu`: out, U' + V + W * rho.
  void add(const InternalEnergy& internal, std::span<const double> rho, const double* vol,
           const double* V, std::span<double> rest, std::span<double> mu) {
    const std::size_t n = rho.size();
    std::array<double, block> U;
    internal.value(rho, std::span(U).first(n));
    internal.derivatives(rho, 0, mu, {});
    for (std::size_t i = 0; i < n; ++i) {
      sums[0] += vol[i] * rho[i];
      sums[1] += vol[i] * (U[i] + rho[i] * (V[i] + 0.5 * rest[i]));
      rest[i] += V[i];
      min = rho[i] < min ? rho[i] : min;
      max = rho[i] > max ? rho[i] : max;
      mu[i] += rest[i];
    }
  }
};

class FaceTerms {
 public:
  /// `rest`: V + W * rho.
  FaceTerms(const Generator& generator, std::span<const double> rho, std::span<const double> mu,
            std::span<const double> rest)
      : internal_(generator.energy().internal()),
        mobility_(generator.mobility()),
        rho_(rho),
        mu_(mu),
        rest_(rest),
        full_(internal_.maximum() * (1 - 1e-12)),
        fills_(internal_.keeps_positive()) {}

  /// m_f (mu_K - mu_L)^2
  [[nodiscard]] double term(std::size_t K, std::size_t L) const {
    if (rho_[K] == 0 && rho_[L] == 0) return 0;
    const double drop =
        fills_ && (rho_[K] == 0 || rho_[L] == 0) ? drop_to_empty(K, L) : mu_[K] - mu_[L];
    const std::size_t from = drop < 0 ? L : K, to = drop < 0 ? K : L;
    return rho_[to] >= full_ ? 0.0 : mobility_.between(rho_[from], rho_[to]) * drop * drop;
  }

 private:
  /// One of the two is empty and has mu = -inf.
  [[nodiscard]] double drop_to_empty(std::size_t K, std::size_t L) const {
    const double there = std::max(rho_[K], rho_[L]);
    const std::array<double, 2> pair{there, epsilon * there};
    std::array<double, 2> slope;
    internal_.derivatives(pair, 0, slope, {});
    return rho_[K] > 0 ? slope[0] + rest_[K] - slope[1] - rest_[L]
                       : slope[1] + rest_[K] - slope[0] - rest_[L];
  }

  const InternalEnergy& internal_;
  const Mobility& mobility_;
  std::span<const double> rho_, mu_, rest_;
  double full_;
  bool fills_;
};

ReproducibleSum dissipation(const Generator& generator, std::span<const double> rho,
                            std::span<const double> mu, std::span<const double> rest) {
  const FaceTerms faces(generator, rho, mu, rest);
  const double* a = generator.mesh().faces.transmissibility.data();
  ReproducibleSum total;
  const auto terms = [&](const FaceRun& run, double* term) {
    for (std::int32_t i = 0; i < run.count; ++i) {
      term[i] =
          a[run.first + i] * faces.term(std::size_t(run.left + i), std::size_t(run.right + i));
    }
  };
  for_each_piece(generator.runs(), terms, [&](const FaceRun& run, const double* term) {
    // a face between two ranks counts on that of its left cell
    if (run.left_owned) total.add({term, std::size_t(run.count)});
  });
  return total;
}

}  // namespace

Ledger nonlinear_ledger(const Generator& generator, std::span<const double> rho,
                        bool with_dissipation) {
  const Mesh& mesh = generator.mesh();
  const auto owned = static_cast<std::size_t>(mesh.owned);
  std::vector<double> mu(static_cast<std::size_t>(mesh.local())), rest(mu.size());
  interaction_field(generator, rho, rest);
  Sums all;
  for (std::size_t begin = 0; begin < owned; begin += block) {
    const std::size_t n = std::min(block, owned - begin);
    all.add(generator.energy().internal(), rho.subspan(begin, n), &mesh.volume[begin],
            &generator.external()[begin], std::span(rest).subspan(begin, n),
            std::span(mu).subspan(begin, n));
  }
  if (with_dissipation) {
    mesh.halo.update(mesh.comm, mu);
    mesh.halo.update(mesh.comm, rest);
    all.sums[2] = dissipation(generator, rho, mu, rest);
  }
  const std::vector<double> sums = sums_of_all(mesh.comm, all.sums);
  Ledger result{.mass = sums[0],
                .min_density = mesh.comm.min(all.min),
                .max_density = mesh.comm.max(all.max),
                .free_energy = sums[1],
                .dissipation = sums[2]};
  result.finite = std::isfinite(result.mass) && std::isfinite(result.max_density) &&
                  std::isfinite(result.min_density);
  return result;
}

}  // namespace otto
