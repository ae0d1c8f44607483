#pragma once
// Where Newton's method starts: V of one Poisson solve, the steps of time it takes, and V of a coarser
// grid on a finer one.

#include <span>
#include <vector>

#include "otto/infer/fit_settings.h"
#include "otto/infer/snapshots.h"

namespace otto {

/// int rho dt of the data by the trapezoidal rule (owned).
std::vector<double> data_integral(const Snapshots& data);

/// V of the integrated equation, with R the integral of the data:
///
///   div(R grad (V + known)) = rho^K - rho^0 - kT Laplacian R,
///
/// summed over series, R at least `floor` of its mean. A baseline in its own right. Owned values. Collective.
std::vector<double> poisson_potential(const Mesh& mesh, const Snapshots& data, double kT,
                                      std::span<const double> known, double floor = 1e-3);

/// Time steps of every interval: fit.steps, else at least 4 and enough that the velocity |grad V| where
/// there is mass crosses at most 3 cells in one. `V`: owned + ghosts. Collective.
std::vector<int> time_steps(const Mesh& mesh, const Snapshots& data, const FitSettings& fit,
                            std::span<const double> V);

/// The cell values of one box on another, cubic along every axis and linear beyond the outermost
/// centres. Owned values. Collective.
std::vector<double> prolong(const Mesh& coarse, std::span<const double> V, const Mesh& fine);

/// The box with its cells joined in pairs along the axes where their number is even.
Box joined_in_pairs(const Box& box);

}  // namespace otto
