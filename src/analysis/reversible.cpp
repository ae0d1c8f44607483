#include "reversible.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "deep_modes.h"
#include "otto/core/error.h"
#include "well_capacities.h"

namespace otto {

namespace {

constexpr double max_error = 1e-2;  // of the flux and of the weights, beyond which they are refused

/// Between the last two nodes of a graph.
struct Passage {
  double flux, from_a, from_b;
  Eigen::VectorXd q, p;  // of the nodes before
};

Passage eliminate(Eigen::MatrixXd C, const Eigen::VectorXd& M) {
  const Eigen::Index m = M.size() - 2, A = m, B = m + 1;
  Eigen::VectorXd out(m);
  const auto others = [&](Eigen::Index n, auto&& visit) {
    for (Eigen::Index j = 0; j < n; ++j) visit(j);
    visit(A);
    visit(B);
  };
  for (Eigen::Index n = m - 1; n >= 0; --n) {
    out[n] = 0;
    others(n, [&](Eigen::Index j) { out[n] += C(n, j); });
    if (!(out[n] > 0)) continue;
    others(n, [&](Eigen::Index j) {
      const double part = C(j, n) / out[n];
      others(n, [&](Eigen::Index k) {
        if (k != j) C(j, k) += part * C(n, k);
      });
    });
  }
  Passage found{C(A, B), M[A], M[B], Eigen::VectorXd::Zero(m), Eigen::VectorXd::Zero(m)};
  for (Eigen::Index n = 0; n < m; ++n) {
    if (!(out[n] > 0)) continue;
    found.p[n] = (C(n, A) + C.row(n).head(n).dot(found.p.head(n))) / out[n];
    found.q[n] = (C(n, B) + C.row(n).head(n).dot(found.q.head(n))) / out[n];
    found.from_a += found.p[n] * M[n];
    found.from_b += found.q[n] * M[n];
  }
  return found;
}

void find_errors(const WellCapacities& wells, const Passage& exact, Reversible& result) {
  const Eigen::Index all = wells.mass().size(), A = all - 2, B = all - 1;
  double flux = 0, from_a = wells.mass_error()[A], from_b = wells.mass_error()[B];
  for (Eigen::Index i = 0; i < all; ++i) {
    for (Eigen::Index j = i + 1; j < all; ++j) {
      Eigen::MatrixXd C = wells.C();
      C(i, j) += wells.C_error()(i, j);
      C(j, i) = C(i, j);
      const Passage other = eliminate(std::move(C), wells.mass());
      flux += std::abs(other.flux - exact.flux);
      from_a += std::abs(other.from_a - exact.from_a);
      from_b += std::abs(other.from_b - exact.from_b);
    }
    if (i < A) {
      from_a += exact.p[i] * wells.mass_error()[i];
      from_b += exact.q[i] * wells.mass_error()[i];
    }
  }
  const double cores = wells.core_error(DeepOptions{}.depth);
  result.flux_error = exact.flux > 0 ? flux / exact.flux + cores : 0;
  result.from_a_error = from_a / exact.from_a + cores;
  result.from_b_error = from_b / exact.from_b + cores;
}

void require(double error, const char* what) {
  if (error <= max_error) return;
  throw NumericalError(
      fmt::format("{} is not resolved: what the solves leave may change it by {}; try a larger "
                  "temperature, or sets that are nearer to each other",
                  what, error < 10 ? fmt::format("{:.2g} %", 100 * error) : "more than itself"));
}

}  // namespace

Reversible reversible_transitions(const Generator& generator, const Quotient& quotient,
                                  const Outlets& outlets) {
  const WellCapacities wells(generator, quotient, outlets,
                             wells_of(generator, outlets, DeepOptions{}), false);
  const Eigen::Index m = wells.wells();
  const Passage passage = eliminate(wells.C(), wells.mass());
  Reversible result{.q = wells.h(m + 1),
                    .p = wells.h(m),
                    .flux = passage.flux,
                    .from_a = passage.from_a,
                    .from_b = passage.from_b};
  for (Eigen::Index i = 0; i < m; ++i) {
    for (std::size_t k = 0; k < result.q.size(); ++k) {
      result.q[k] += passage.q[i] * wells.h(i)[k];
      result.p[k] += passage.p[i] * wells.h(i)[k];
    }
  }
  find_errors(wells, passage, result);
  require(result.flux_error, "the flux of transitions");
  require(result.from_a_error, "the weight of what comes from the first set");
  require(result.from_b_error, "the weight of what comes from the second set");
  return result;
}

}  // namespace otto
