#include "otto/linear/gibbs_solver.h"

#include <algorithm>
#include <cmath>

#include "flush_tiny_numbers.h"
#include "gibbs_operator.h"
#include "krylov.h"
#include "otto/multigrid/box_operator.h"
#include "otto/multigrid/multigrid.h"

namespace otto {

namespace {

double range_of(const Comm& comm, const GibbsSolver::Rates& rates) {
  const auto [low, high] = std::ranges::minmax(rates.V);
  return (comm.max(high) - comm.min(low)) / rates.kT;
}

/// The tolerance is the user's; other options without a prefix are for the step itself.
KrylovControl control(const SolverOptions& options) {
  return {.prefix = "flux_",
          .method = KSPCG,
          .rtol = options.rtol,
          .norm = KSP_NORM_UNPRECONDITIONED,
          .unprefixed = KrylovControl::Unprefixed::rtol};
}

}  // namespace

bool GibbsSolver::takes(const Rates& rates) const {
  return mesh_.box && range_of(mesh_.comm, rates) <= symmetric_range;
}

SolveReport GibbsSolver::solve(const Rates& rates, std::span<const double> mass,
                               std::span<double> rho) const {
  const FlushTinyNumbers flush;
  const auto pi = gibbs_weights(mesh_.comm, rates.V, rates.kT);
  const auto g = gibbs_conductances(mesh_, pi, rates.left, rates.right, -1);
  const multigrid::Hierarchy hierarchy(gibbs_operator(mesh_, pi, g));
  const auto cycle = multigrid::make_cycle(hierarchy, range_of(mesh_.comm, rates) <= single_range);
  multigrid::BoxOperator A(hierarchy.levels.front().op);
  cycle->set(1, {});
  A.set(1, {});
  KrylovSolver krylov(
      mesh_.comm.handle(), rho.size(), control(options_),
      [&](std::span<const double> x, std::span<double> y) { A.apply(x.data(), y.data()); },
      [&](std::span<const double> r, std::span<double> z) {
        double scale = 0;
        for (const double v : r) scale = std::max(scale, std::abs(v));
        cycle->apply(r.data(), mesh_.comm.max(scale), z.data());
      });
  const SolveReport report = krylov.solve(mass, rho);
  for (std::size_t k = 0; k < rho.size(); ++k) rho[k] *= pi[k];
  return report;
}

}  // namespace otto
