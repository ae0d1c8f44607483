// U = kT rho log rho + the other terms, with the barrier -nu log rho [- nu log(P - rho)]:
//
//   U_nu' = kT (log rho + 1) + ... - nu/rho [+ nu/(P - rho)],
//   U_nu'' = kT/rho + ... + nu/rho^2 [+ nu/(P - rho)^2].
//
// The density of a chemical potential z in closed form:
//
//   entropy            rho = exp(z/kT - 1)
//   c rho^m/(m-1)      rho = ((m-1) z / (c m))^(1/(m-1)) for z (m-1) > 0, else 0 (inf for m < 1)
//   c rho^2, barrier   2 c rho^2 - z rho - nu = 0
//   nothing, barrier   rho = -nu/z
//   crowd, barrier     rho = P/2 (1 + w),  a (1 - w^2) = w,  a = z P/(4 nu)
//
// Everything else: src/energy/internal_inverse.h.

#include "otto/energy/internal.h"

#include <algorithm>
#include <cmath>

#include "internal_inverse.h"
#include "otto/casefile/key.h"
#include "otto/core/vector_math.h"

namespace otto {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double beyond = 1 + 1e-12;  // times the maximum: rounding of densities at it

std::vector<InternalEntry>& registry() {
  static std::vector<InternalEntry> entries;
  return entries;
}

/// U = 0.
double free_density(double z, double nu) {
  return z < 0 ? -nu / z : z == 0 && nu == 0 ? 0.0 : z + infinity;
}

/// 2 c rho^2 - z rho = nu, without cancellation.
double quadratic_density(double z, double c, double nu) {
  if (nu == 0) return z < 0 ? 0.0 : z / (2 * c);
  const double root = std::sqrt(z * z + 8 * c * nu);
  return z > 0 ? (z + root) / (4 * c) : 2 * nu / (root - z);
}

double crowd_density(double z, double P, double nu) {
  if (nu == 0) return std::isnan(z) ? z : z > 0 ? P : 0.0;
  const double a = std::abs(z) * P / (4 * nu), root = std::hypot(1, 2 * a);
  const double rest = (1 + 1 / (root + 2 * a)) / (1 + root);  // 1 - |w|
  return 0.5 * P * (z < 0 ? rest : 2 - rest);
}

double power_density(double z, double c, double m) {
  const double base = (m - 1) * z / (c * m);
  if (!(base > 0)) return std::isnan(z) ? z : m > 1 ? 0.0 : infinity;
  return std::pow(base, 1 / (m - 1));
}

}  // namespace

RegisterInternal::RegisterInternal(InternalEntry entry) {
  const Declare choice({}, {}, {{"energy.kind", entry.kind, entry.doc, entry.equation}});
  const auto at = std::ranges::lower_bound(registry(), entry.kind, {}, &InternalEntry::kind);
  registry().insert(at, std::move(entry));
}

const std::vector<InternalEntry>& internal_kinds() { return registry(); }

InternalEnergy::InternalEnergy(double temperature,
                               std::vector<std::unique_ptr<InternalTerm>> others)
    : temperature_(temperature), others_(std::move(others)) {}

double InternalEnergy::slope_at_zero() const {
  double slope = temperature_ > 0 ? -infinity : 0;
  for (const auto& term : others_) slope += term->slope_at_zero();
  return slope;
}

bool InternalEnergy::keeps_positive() const { return slope_at_zero() == -infinity; }

bool InternalEnergy::has_slope() const {
  return temperature_ > 0 || std::ranges::any_of(others_, [](const auto& term) {
           return term->maximum() == infinity || term->keeps_below_maximum();
         });
}

double InternalEnergy::maximum() const {
  double bound = infinity;
  for (const auto& term : others_) bound = std::min(bound, term->maximum());
  return bound;
}

bool InternalEnergy::keeps_below_maximum() const {
  const double P = maximum();
  return std::ranges::any_of(others_, [&](const auto& term) {
    return term->maximum() == P && term->keeps_below_maximum();
  });
}

void InternalEnergy::value(std::span<const double> rho, std::span<double> U) const {
  std::fill(U.begin(), U.end(), 0.0);
  if (temperature_ > 0) {
    log_of(rho, U);
    for (std::size_t i = 0; i < U.size(); ++i) {
      U[i] = rho[i] == 0 ? 0.0 : temperature_ * rho[i] * U[i];
    }
  }
  for (const auto& term : others_) term->add_value(rho, U);
  const double limit = beyond * maximum();
  if (limit == infinity) return;
  for (std::size_t i = 0; i < U.size(); ++i) U[i] = rho[i] > limit ? infinity : U[i];
}

void InternalEnergy::derivatives(std::span<const double> rho, double nu, std::span<double> first,
                                 std::span<double> second) const {
  const double kT = temperature_, P = maximum();
  if (kT > 0 && !first.empty()) {
    log_of(rho, first);
    for (double& f : first) f = kT * (f + 1);
  } else {
    std::fill(first.begin(), first.end(), 0.0);
  }
  for (std::size_t i = 0; i < second.size(); ++i) second[i] = kT > 0 ? kT / rho[i] : 0.0;
  for (const auto& term : others_) term->add_derivatives(rho, first, second);
  if (!(nu > 0)) return;
  for (std::size_t i = 0; i < first.size(); ++i) {
    first[i] += -nu / rho[i] + (P < infinity ? nu / (P - rho[i]) : 0.0);
  }
  for (std::size_t i = 0; i < second.size(); ++i) {
    const double below = 1 / rho[i], above = P < infinity ? 1 / (P - rho[i]) : 0.0;
    second[i] += nu * (below * below + above * above);
  }
}

bool InternalEnergy::closed_form(std::span<const double> z, double nu,
                                 std::span<double> rho) const {
  const auto each = [&](auto&& f) {
    for (std::size_t i = 0; i < z.size(); ++i) rho[i] = f(z[i]);
    return true;
  };
  const double kT = temperature_;
  if (others_.empty()) {
    if (kT == 0) return each([&](double x) { return free_density(x, nu); });
    if (nu > 0) return false;
    for (std::size_t i = 0; i < z.size(); ++i) rho[i] = z[i] / kT - 1;
    exp_of(rho, rho);
    return true;
  }
  if (kT > 0 || others_.size() > 1 || others_[0]->keeps_below_maximum()) return false;
  const auto [c, m] = others_[0]->as_power();
  if (m == 2) return each([&, c = c](double x) { return quadratic_density(x, c, nu); });
  if (m > 0 && nu == 0) return each([&, c = c, m = m](double x) { return power_density(x, c, m); });
  if (m > 0) return false;
  return each([&, P = maximum()](double x) { return crowd_density(x, P, nu); });
}

/// About the density. Where several terms tend to -inf at 0, each alone leaves less than their sum;
/// where one grows from 0, it leaves more.
double InternalEnergy::first_guess(double z, double nu) const {
  const double barrier = nu > 0 && z < 0 ? -nu / z : 0;
  double below = 0, above = 0.5 * maximum();
  if (temperature_ > 0) below = std::exp(std::clamp(z / temperature_ - 1, -600.0, 600.0));
  for (const auto& term : others_) {
    const auto [c, m] = term->as_power();
    if (m > 1) {
      const double from_barrier = std::pow((m - 1) * nu / (c * m), 1 / m);
      above = std::min(above, power_density(2 * std::max(z, 0.0), c, m) + from_barrier);
    } else if (m > 0 && z < 0) {
      below = std::max(below, power_density(z, c, m));
    }
  }
  if (keeps_positive()) return std::max(below, barrier);
  return barrier > 0 ? std::min(above, barrier) : above;
}

void InternalEnergy::density(std::span<const double> z, double nu, std::span<double> rho) const {
  if (closed_form(z, nu, rho)) return;
  const InverseSlope inverse{slope_at_zero(), maximum(), nu};
  for (std::size_t begin = 0; begin < z.size(); begin += InverseSlope::block) {
    const std::size_t n = std::min(InverseSlope::block, z.size() - begin);
    inverse.solve(
        z.subspan(begin, n), rho.subspan(begin, n), [&](double x) { return first_guess(x, nu); },
        [&](std::span<const double> r, std::span<double> first, std::span<double> second) {
          derivatives(r, nu, first, second);
        });
  }
}

}  // namespace otto
