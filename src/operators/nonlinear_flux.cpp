// Upwind (Bessemoulin-Chatard, Filbet 2012; Carrillo, Chertock, Huang 2015; Bailo, Carrillo, Hu
// 2020):
//
//   F = a (rho_K (mu_K - mu_L)^+ - rho_L (mu_L - mu_K)^+),   mu = U'(s) + rest,
//   dF/ds_K = a (rho'_K (mu_K - mu_L)^+ + rho_up U''_K) >= 0,  and dF/ds_L <= 0 alike.
//
// With a mobility m (mobility.h) the same holds for F = a (m_KL (mu_K - mu_L)^+ - m_LK (mu_L - mu_K)^+), m_KL =
// r(rho_K) f(rho_L) with r rising and f falling:
//
//   dF/ds_K = a f_L (r'_K rho'_K (mu_K - mu_L) + r_K U''_K) >= 0,
//   dF/ds_L = a r_K (f' rho'_L (mu_K - mu_L) - f_L U''_L) <= 0     where mass goes from K to L.
//
// Exponential, for U = kT rho log rho (Schlichting, Seis 2022, for aggregation-diffusion):
//
//   F = a kT (B(z) rho_K - B(-z) rho_L),   z = (rest_L - rest_K)/kT,
//
// linear in rho with rates >= 0; F (mu_K - mu_L) >= 0 since B(-z) = e^z B(z).

#include "otto/operators/nonlinear_flux.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/core/reproducible_sum.h"
#include "otto/core/vector_math.h"

namespace otto {

namespace {

class UpwindMobility final : public NonlinearFlux {
 public:
  explicit UpwindMobility(const Mesh& mesh) : faces_(mesh.faces) {}

  void evaluate(const FluxState& x, std::span<double> F, std::span<double> left,
                std::span<double> right) const override {
    for (std::size_t f = 0; f < F.size(); ++f) {
      const auto K = std::size_t(faces_.left[f]), L = std::size_t(faces_.right[f]);
      const double a = faces_.transmissibility[f];
      const double drop = x.slope[K] - x.slope[L] + (x.rest[K] - x.rest[L]);
      const double rho = drop > 0 ? x.rho[K] : x.rho[L];
      // an empty cell gives nothing, whatever its mu
      F[f] = rho == 0 ? 0.0 : a * rho * drop;
      const double out = drop > 0 ? drop * x.drho[K] : 0.0, in = drop > 0 ? 0.0 : -drop * x.drho[L];
      left[f] = a * (out + (rho == 0 ? 0.0 : rho * x.dslope[K]));
      right[f] = -a * (in + (rho == 0 ? 0.0 : rho * x.dslope[L]));
    }
  }

 private:
  const Faces& faces_;
};

class SplitMobility final : public NonlinearFlux {
 public:
  SplitMobility(const Mesh& mesh, const Mobility& m) : faces_(mesh.faces), m_(m) {}

  void evaluate(const FluxState& x, std::span<double> F, std::span<double> left,
                std::span<double> right) const override {
    for (std::size_t f = 0; f < F.size(); ++f) {
      const auto K = std::size_t(faces_.left[f]), L = std::size_t(faces_.right[f]);
      const double drop = x.slope[K] - x.slope[L] + (x.rest[K] - x.rest[L]);
      const std::size_t from = drop > 0 ? K : L, to = drop > 0 ? L : K;
      const double a = faces_.transmissibility[f], size = std::abs(drop);
      const double rising = m_.rising(x.rho[from]), falling = m_.falling(x.rho[to]);
      // an empty cell gives nothing and a full one takes nothing, whatever their mu
      const bool moves = rising > 0 && falling > 0;
      F[f] = moves ? a * rising * falling * drop : 0.0;
      const double out = falling * m_.rising_slope(x.rho[from]) * x.drho[from] * size +
                         (moves ? rising * falling * x.dslope[from] : 0.0);
      const double in = rising * m_.falling_slope() * x.drho[to] * size -
                        (moves ? rising * falling * x.dslope[to] : 0.0);
      left[f] = drop > 0 ? a * out : -a * in;
      right[f] = drop > 0 ? a * in : -a * out;
    }
  }

 private:
  const Faces& faces_;
  Mobility m_;
};

class ExponentialMobility final : public NonlinearFlux {
 public:
  ExponentialMobility(const Mesh& mesh, double kT, const TwoPointFlux& flux)
      : faces_(mesh.faces), kT_(kT), flux_(flux) {}

  void evaluate(const FluxState& x, std::span<double> F, std::span<double> left,
                std::span<double> right) const override {
    constexpr std::size_t block = 256;
    std::array<double, block> z;
    for (std::size_t begin = 0; begin < F.size(); begin += block) {
      const std::size_t n = std::min(block, F.size() - begin);
      for (std::size_t i = 0; i < n; ++i) {
        z[i] = (x.rest[std::size_t(faces_.right[begin + i])] -
                x.rest[std::size_t(faces_.left[begin + i])]) /
               kT_;
      }
      flux_.weights(std::span(z).first(n), left.subspan(begin, n), right.subspan(begin, n));
      for (std::size_t f = begin; f < begin + n; ++f) {
        left[f] *= faces_.transmissibility[f] * kT_;
        right[f] *= -faces_.transmissibility[f] * kT_;
        F[f] = left[f] * x.rho[std::size_t(faces_.left[f])] +
               right[f] * x.rho[std::size_t(faces_.right[f])];
      }
    }
  }

 private:
  const Faces& faces_;
  double kT_;
  const TwoPointFlux& flux_;
};

}  // namespace

void FluxState::update(const InternalEnergy& internal, double kappa) {
  const double P = internal.maximum();
  for (std::size_t i = 0; i < s.size(); ++i) {
    rho[i] = std::min(s[i], P);
    drho[i] = s[i] < P ? 1.0 : 0.0;
  }
  internal.derivatives(rho, 0, slope, dslope);
  if (!std::isfinite(P)) return;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] < P) continue;
    slope[i] += kappa * (s[i] - P);
    dslope[i] = kappa;
  }
}

std::unique_ptr<NonlinearFlux> make_nonlinear_flux(const Generator& generator,
                                                   const TwoPointFlux& flux) {
  const Mesh& mesh = generator.mesh();
  const InternalEnergy& internal = generator.energy().internal();
  if (!generator.mobility().linear()) {
    return std::make_unique<SplitMobility>(mesh, generator.mobility());
  }
  if (internal.entropy_only() && internal.temperature() > 0 && flux.detailed_balance()) {
    return std::make_unique<ExponentialMobility>(mesh, internal.temperature(), flux);
  }
  return std::make_unique<UpwindMobility>(mesh);
}

double dissipation_of(const Generator& generator, const FluxState& x, std::span<const double> F) {
  const Mesh& mesh = generator.mesh();
  const InternalEnergy& internal = generator.energy().internal();
  // mu of empty cells where U'(0+) = -inf: that of the smallest normal number
  const double smallest = std::numeric_limits<double>::min();
  double bottom = 0;
  internal.derivatives(std::span(&smallest, 1), 0, std::span(&bottom, 1), {});
  const auto mu = [&](std::size_t K) { return std::max(x.slope[K], bottom) + x.rest[K]; };
  ReproducibleSum total;
  for (std::size_t f = 0; f < F.size(); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    // a face between two ranks counts on that of its left cell
    if (F[f] != 0 && K < std::size_t(mesh.owned)) total += F[f] * (mu(K) - mu(L));
  }
  return sum_of_all(mesh.comm, total);
}

}  // namespace otto
