#include "otto/infer/deviance.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "otto/infer/likelihood.h"

namespace otto {

namespace {

/// Mean and variance of one cell.
std::array<double, 2> of_cell(double rho, double Nm, const LikelihoodOptions& law,
                              const DevianceOptions& o) {
  const double mean = Nm * std::max(rho, 0.0);
  if (mean > o.many) return {1, 2};
  if (!(mean > 0)) return {2 * Nm * misfit(rho, 0, law).value, 0};
  const double width = o.width * (std::sqrt(mean) + 1);
  double first = 0, second = 0;
  for (double n = std::max(0.0, std::floor(mean - width)); n <= mean + width; ++n) {
    const double probability = std::exp(n * std::log(mean) - mean - std::lgamma(n + 1));
    const double D = 2 * Nm * misfit(rho, n / Nm, law).value;
    first += probability * D;
    second += probability * D * D;
  }
  return {first, second - first * first};
}

}  // namespace

DevianceLaw deviance_law(const Objective& objective, const Snapshots& data, double background,
                         const DevianceOptions& options) {
  const Mesh& mesh = objective.mesh();
  const std::vector<Interval> intervals = data.intervals();
  double volume = 0;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) volume += mesh.volume[k];
  const LikelihoodOptions law{
      .background = background, .volume = mesh.comm.sum(volume), .counts = true};
  std::array<double, 2> sums{0, 0};
  for (std::size_t l = 0; l < intervals.size(); ++l) {
    const double N = double(data.seen[intervals[l].to].samples);
    for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
      const auto [mean, variance] =
          of_cell(objective.densities()[l][k], N * mesh.volume[k], law, options);
      sums[0] += mean;
      sums[1] += variance;
    }
  }
  mesh.comm.sum_in_place(sums);
  return {sums[0], std::sqrt(sums[1])};
}

}  // namespace otto
