// Of entropy and V: mass, bounds and free energy in one sweep over cells; dissipation in one over
// faces,
//
//   D = sum_f F_f (mu_K - mu_L),   mu = kT log rho + V.
//
// Where kT varies F = int kT rho log rho + V rho, mu = kT (log rho + 1) + V, and D = -dF/dt may have either sign.
//
// Where rho = 0 on one side of a face only, the term tends to +inf, but only as the logarithm of
// rho. It is then taken with rho = eps times the density on the other side, the least difference
// the arithmetic resolves: D stays finite, a lower bound of the limit. A face between two empty
// cells contributes 0. A face between two ranks counts on that of its left cell.

#include "otto/operators/ledger.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>

#include "nonlinear_ledger.h"
#include "otto/core/reproducible_sum.h"
#include "otto/core/vector_math.h"
#include "otto/mesh/rows.h"
#include "otto/operators/face_runs.h"
#include "otto/operators/face_temperature.h"
#include "otto/operators/fourth_order.h"

namespace otto {

namespace {

constexpr double min_positive = std::numeric_limits<double>::denorm_min();
constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int32_t lanes = 8;
constexpr std::size_t piece = 512;  ///< cells of a row looked at together

/// Bounds over cells.
struct Bounds {
  std::array<double, lanes> min, max;  ///< independent chains
  Bounds() {
    min.fill(infinity);
    max.fill(-infinity);
  }

  void add(const double* rho, std::int32_t n) {
    // local copies: registers, since nothing else can write to them
    std::array<double, lanes> low = min, high = max;
    const auto one = [&](std::int32_t i, std::size_t k) {
      low[k] = rho[i] < low[k] ? rho[i] : low[k];
      high[k] = rho[i] > high[k] ? rho[i] : high[k];
    };
    std::int32_t i = 0;
    for (; i + lanes <= n; i += lanes) {
#pragma omp simd
      for (std::int32_t k = 0; k < lanes; ++k) one(i + k, std::size_t(k));
    }
    for (; i < n; ++i) one(i, std::size_t(i % lanes));
    min = low;
    max = high;
  }
};

void log_of_density(std::span<const double> rho, std::span<double> out) {
  for (std::size_t i = 0; i < rho.size(); ++i) {
    out[i] = rho[i] < min_positive ? min_positive : rho[i];
  }
  log_of(out, out);
}

/// Replaces the terms of faces between an empty cell and another one.
void mend_empty(const Generator& generator, const FaceRun& run, const double* left,
                const double* right, double* term) {
  const FaceTemperature* heat = generator.heat();
  const auto f = static_cast<std::size_t>(run.first);
  for (std::int32_t i = 0; i < run.count; ++i) {
    const std::size_t K = std::size_t(run.left + i), L = std::size_t(run.right + i);
    const double rise = generator.external()[L] - generator.external()[K];
    const double kT = heat ? heat->faces[f + std::size_t(i)] : generator.temperature();
    const double depth = -kT * std::log(epsilon);
    if (left[i] <= 0 && right[i] > 0) {
      term[i] = generator.backward()[f + std::size_t(i)] * right[i] * (depth + rise);
    } else if (right[i] <= 0 && left[i] > 0) {
      term[i] = generator.forward()[f + std::size_t(i)] * left[i] * (depth - rise);
    }
  }
}

ReproducibleSum dissipation(const Generator& generator, std::span<const double> rho,
                            const double* mu, bool empty_cells) {
  ReproducibleSum total;
  GroupedTerms sums(rows_of(generator.mesh()), total);
  std::vector<double> more;
  if (generator.correction()) {
    more.resize(generator.forward().size());
    generator.correction()->fluxes(rho, more);
  }
  const auto term_of = [&](const FaceRun& run) {
    const auto l = static_cast<std::size_t>(run.left), r = static_cast<std::size_t>(run.right);
    return [left = &rho[l], right = &rho[r], mu_left = mu + l, mu_right = mu + r,
            forward = &generator.forward()[std::size_t(run.first)],
            backward = &generator.backward()[std::size_t(run.first)]](std::size_t i) {
      return (forward[i] * left[i] - backward[i] * right[i]) * (mu_left[i] - mu_right[i]);
    };
  };
  if (more.empty() && !empty_cells) {  // the common case, without a place for the terms
    for (const FaceRun& run : generator.runs()) {
      if (run.left_owned) sums.add(std::size_t(run.left), std::size_t(run.count), term_of(run));
    }
    sums.finish();
    return total;
  }
  const auto terms = [&](const FaceRun& run, double* term) {
    const auto l = static_cast<std::size_t>(run.left), r = static_cast<std::size_t>(run.right);
    const auto one = term_of(run);
    for (std::size_t i = 0; i < std::size_t(run.count); ++i) {
      term[i] = one(i);
      if (!more.empty()) term[i] += more[std::size_t(run.first) + i] * (mu[l + i] - mu[r + i]);
    }
    if (empty_cells) mend_empty(generator, run, &rho[l], &rho[r], term);
  };
  for_each_piece(generator.runs(), terms, [&](const FaceRun& run, const double* term) {
    if (run.left_owned) sums.add(std::size_t(run.left), {term, std::size_t(run.count)});
  });
  sums.finish();
  return total;
}

/// sum vol rho and sum vol rho level over the cells, and the bounds of rho; set_level(cell, n) makes the
/// levels of n cells first.
template <class SetLevel>
std::array<ReproducibleSum, 2> mass_and_energy(const Mesh& mesh, std::span<const double> rho,
                                               const double* levels, SetLevel&& set_level,
                                               Bounds& bounds) {
  std::array<ReproducibleSum, 2> sums;
  const RowBlock block = rows_of(mesh);
  block.for_each_group([&](std::size_t first, std::size_t rows) {
    alignas(64) std::array<double, piece> mass, energy;  // over the rows of the group
    for (std::size_t begin = 0; begin < block.length; begin += piece) {
      const std::size_t n = std::min(piece, block.length - begin);
      mass.fill(0.0);
      energy.fill(0.0);
      for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t at = first + begin + r * block.length;
        set_level(at, n);
        bounds.add(&rho[at], std::int32_t(n));
        const double *vol = &mesh.volume[at], *density = &rho[at], *level = levels + at;
#pragma omp simd
        for (std::size_t i = 0; i < n; ++i) {
          const double content = vol[i] * density[i];
          mass[i] += content;
          energy[i] += content * level[i];
        }
      }
      sums[0].add(std::span(mass).first(n));
      sums[1].add(std::span(energy).first(n));
    }
  });
  return sums;
}

}  // namespace

Ledger ledger(const Generator& generator, std::span<const double> rho, bool with_dissipation) {
  if (!generator.linear()) return nonlinear_ledger(generator, rho, with_dissipation);
  const Mesh& mesh = generator.mesh();
  const FaceTemperature* heat = generator.heat();
  const double kT = heat ? 1 : generator.temperature();  // beside kT log rho in place of log rho
  const std::span<const double> V = generator.external();
  const std::int32_t cells = with_dissipation ? mesh.local() : mesh.owned;
  // kT log rho + V of the owned or of all local cells, the latter to become mu
  const auto room = std::make_unique_for_overwrite<double[]>(static_cast<std::size_t>(cells));
  const auto set_level = [&](std::size_t at, std::size_t n) {
    double* level = room.get() + at;
    log_of_density(rho.subspan(at, n), {level, n});
    for (std::size_t i = 0; heat && i < n; ++i) level[i] *= heat->cells[at + i];
    for (std::size_t i = 0; i < n; ++i) level[i] = kT * level[i] + V[at + i];
  };
  Bounds bounds;
  const auto of_cells = mass_and_energy(mesh, rho, room.get(), set_level, bounds);
  const auto owned = std::size_t(mesh.owned);
  if (std::size_t(cells) > owned) set_level(owned, std::size_t(cells) - owned);
  std::array<ReproducibleSum, 3> parts{of_cells[0], of_cells[1]};
  if (with_dissipation) {
    for (std::size_t i = 0; heat && i < std::size_t(cells); ++i) room[i] += heat->cells[i];
    Bounds all = bounds;
    all.add(rho.data() + owned, cells - mesh.owned);
    const bool empty_cells = *std::ranges::min_element(all.min) <= 0;
    parts[2] = dissipation(generator, rho, room.get(), empty_cells);
  }
  const std::vector<double> sums = sums_of_all(mesh.comm, parts);
  Ledger result;
  result.mass = sums[0];
  result.free_energy = sums[1];
  result.dissipation = sums[2];
  result.min_density = mesh.comm.min(*std::ranges::min_element(bounds.min));
  result.max_density = mesh.comm.max(*std::ranges::max_element(bounds.max));
  // nan drops out of the comparisons but not of the sum; an infinite density shows in either
  result.finite = std::isfinite(result.mass) && std::isfinite(result.max_density) &&
                  std::isfinite(result.min_density);
  return result;
}

}  // namespace otto
