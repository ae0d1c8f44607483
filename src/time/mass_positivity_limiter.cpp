#include "otto/time/mass_positivity_limiter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/core/error.h"
#include "otto/core/reproducible_sum.h"
#include "otto/core/vector_math.h"
#include "otto/mesh/rows.h"

namespace otto {

namespace {

struct Contents {
  double positive = 0, negative = 0;  ///< sums of vol rho; negative <= 0
};

Contents contents(const Mesh& mesh, std::span<const double> rho) {
  std::array<ReproducibleSum, 2> parts;
  const double* vol = mesh.volume.data();
  add_terms(parts, rows_of(mesh), [&](std::size_t i, auto put_positive, auto put_negative) {
    const double content = vol[i] * rho[i];
    put_positive(content < 0 ? 0.0 : content);
    put_negative(content < 0 ? content : 0.0);
  });
  const std::vector<double> sums = sums_of_all(mesh.comm, parts);
  return {sums[0], sums[1]};
}

}  // namespace

void examine_density(const Mesh& mesh, std::span<const double> rho, double time) {
  mesh.comm.together([&] {
    for (std::int32_t c = 0; c < mesh.owned; ++c) {
      const auto cell = static_cast<std::size_t>(c);
      if (std::isfinite(rho[cell])) continue;
      const Point& x = mesh.center[cell];
      throw NumericalError(fmt::format(
          "the density of cell {} at ({:.6g}, {:.6g}, {:.6g}) is {} at time {:.6g}; the run stops "
          "before it is written anywhere. Try a smaller time.step, a smaller solver.rtol, or the "
          "flux 'scharfetter_gummel'",
          mesh.global[cell], x[0], x[1], x[2], rho[cell], time));
    }
  });
}

MassPositivityLimiter::MassPositivityLimiter(const Mesh& mesh, double rtol, bool leaves,
                                             const LimiterOptions& options)
    : mesh_(mesh),
      options_(options),
      leaves_(leaves),
      // |sum of residuals| <= sqrt(n) |residual| <= sqrt(n) rtol |b| and |b| <= mass
      mass_limit_(rtol * std::max(options.min_growth, std::sqrt(double(mesh.global_cells))) +
                  options.rounding) {}

void MassPositivityLimiter::start(std::span<const double> rho) {
  const Contents found = contents(mesh_, rho);
  mass_ = found.positive + found.negative;
}

double MassPositivityLimiter::negative_part(std::span<const double> rho) const {
  return -contents(mesh_, rho).negative / mass_;
}

std::string MassPositivityLimiter::limit(std::span<double> rho, double time,
                                         std::optional<double> gain) {
  if (std::isnan(mass_)) throw InternalError("a step before Stepper::restart");
  const Contents found = contents(mesh_, rho);
  const double sum = found.positive + found.negative;
  if (!std::isfinite(sum)) examine_density(mesh_, rho, time);
  const double uncounted = leaves_ && sum > 0 ? std::min(sum, mass_) : mass_;
  const double kept = gain ? mass_ + *gain : uncounted;
  if (!(kept > 0)) return fmt::format("the step takes more than the whole mass out");
  if (!(std::abs(sum - kept) <= mass_limit_ * std::max(mass_, kept))) {
    return fmt::format("the solve changed the mass by {:.2g} of it, more than solver.rtol explains",
                       std::abs(sum - mass_) / mass_);
  }
  if (-found.negative > options_.max_negative * mass_) {
    return fmt::format("negative densities hold {:.2g} of the mass", -found.negative / mass_);
  }
  mass_ = kept;
  const double factor = mass_ / found.positive;
  if (found.negative == 0 && std::abs(factor - 1) <= std::numeric_limits<double>::epsilon()) {
    return "";
  }
  const std::size_t n = static_cast<std::size_t>(mesh_.owned);
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) rho[i] = (rho[i] > 0 ? rho[i] : 0.0) * factor;
  return "";
}

}  // namespace otto
