#include "deep_modes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "deep_wells.h"
#include "graph_modes.h"
#include "otto/core/error.h"
#include "well_capacities.h"

namespace otto {

namespace {

constexpr int max_wells = 64;
constexpr double far_below = 1e-6;  // rate over l_D: the shape is one to 1e-6 as well
constexpr double max_error = 1e-3;  // of a mean exit time, as of a rate

/// t of deep_modes.h: nodes are taken out one by one, what each conducts, gains and loses going to those before it.
Eigen::VectorXd times_of_cores(Eigen::MatrixXd C, Eigen::VectorXd exit, Eigen::VectorXd mass) {
  const Eigen::Index m = mass.size();
  Eigen::VectorXd out(m);
  for (Eigen::Index n = m - 1; n >= 0; --n) {
    out[n] = exit[n] + C.row(n).head(n).sum();
    for (Eigen::Index j = 0; j < n; ++j) {
      const double part = C(j, n) / out[n];
      exit[j] += part * exit[n];
      mass[j] += part * mass[n];
      for (Eigen::Index k = 0; k < n; ++k) {
        if (k != j) C(j, k) += part * C(n, k);
      }
    }
  }
  Eigen::VectorXd t(m);
  for (Eigen::Index n = 0; n < m; ++n) {
    t[n] = (mass[n] + C.row(n).head(n).dot(t.head(n))) / out[n];
  }
  return t;
}

DeepModes modes_of(const WellCapacities& wells, const Quotient& quotient, bool absorbs,
                   double depth) {
  const Eigen::Index m = wells.wells();
  const Eigen::VectorXd exit =
      absorbs ? Eigen::VectorXd(wells.C().col(m).head(m)) : Eigen::VectorXd::Zero(m);
  const GraphModes graph = graph_modes(wells.C().topLeftCorner(m, m), exit, wells.mass().head(m));
  const double l_D = 1 / wells.slowest();
  const auto owned = std::size_t(quotient.mesh().owned);
  DeepModes found;
  if (!absorbs) found.settled.emplace_back(owned, 1.0);
  for (std::size_t k = 0; k < graph.rate.size(); ++k) {
    Mode mode;
    mode.shape.assign(owned, 0.0);
    for (Eigen::Index i = 0; i < m; ++i) {
      const double u = graph.shape(i, Eigen::Index(k));
      for (std::size_t c = 0; c < owned; ++c) mode.shape[c] += u * wells.h(i)[c];
    }
    quotient.normalise(mode.shape);
    mode.rate = graph.rate[k];
    mode.residual = std::nan("");
    mode.error = mode.rate > 0 ? mode.rate / l_D + 2 * wells.overlap() + wells.solve_error() +
                                     wells.core_error(depth)
                               : 1;
    if (mode.rate < far_below * l_D) found.settled.push_back(mode.shape);
    found.modes.push_back(std::move(mode));
  }
  found.solves = wells.solves();
  found.iterations = wells.iterations();
  return found;
}

std::vector<double> exit_times_of(const WellCapacities& wells, std::size_t owned, double depth) {
  const Eigen::Index m = wells.wells();
  const Eigen::VectorXd t =
      times_of_cores(wells.C().topLeftCorner(m, m), wells.C().col(m).head(m), wells.mass().head(m));
  if (!t.allFinite() || !(wells.solve_error() + wells.core_error(depth) < max_error)) {
    throw NumericalError(
        "the mean exit time from the deep wells of the energy is not resolved; try a larger "
        "temperature");
  }
  const auto& to_core = wells.time_to_nodes();
  std::vector<double> times(to_core.begin(), to_core.begin() + std::ptrdiff_t(owned));
  for (Eigen::Index i = 0; i < m; ++i) {
    for (std::size_t k = 0; k < owned; ++k) times[k] += t[i] * wells.h(i)[k];
  }
  return times;
}

}  // namespace

DeepWells wells_of(const Generator& generator, const Outlets& outlets, const DeepOptions& options) {
  DeepWells wells = find_deep_wells(generator, outlets, options.depth, options.depth);
  if (wells.count < (outlets.count() > 0 ? 1 : 2)) return {};
  if (wells.count > max_wells) {
    throw NumericalError(
        fmt::format("the energy has {} wells deeper than {} kT, and rates from so deep ones are "
                    "found for {} at most; raise the temperature or smooth the energy",
                    wells.count, options.depth, max_wells));
  }
  DeepWells more = find_deep_wells(generator, outlets, options.shallow, options.depth);
  return more.count <= max_wells ? more : wells;
}

DeepModes find_deep_modes(const Generator& generator, const Quotient& quotient,
                          const DeepOptions& options) {
  const Outlets outlets = outlets_of(generator);
  DeepWells wells = wells_of(generator, outlets, options);
  if (wells.count == 0) return {};
  return modes_of({generator, quotient, outlets, std::move(wells), options.reproducible}, quotient,
                  generator.absorbs(), options.depth);
}

std::vector<double> find_deep_exit_times(const Generator& generator, const Quotient& quotient,
                                         const Outlets& outlets, const DeepOptions& options) {
  DeepWells wells = wells_of(generator, outlets, options);
  if (wells.count == 0) return {};
  return exit_times_of({generator, quotient, outlets, std::move(wells), options.reproducible},
                       std::size_t(generator.mesh().owned), options.depth);
}

}  // namespace otto
