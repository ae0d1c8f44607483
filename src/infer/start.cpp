#include "otto/infer/start.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "otto/infer/weighted_laplacian.h"
#include "otto/time/linear_flow.h"

namespace otto {

namespace {

struct StepRule {
  double crossing = 3;      ///< cells the drift crosses in a step
  int min = 4, max = 1000;  ///< steps of an interval
  double seen = 1e-3;       ///< of the largest density: where less is, speed does not matter
};

std::vector<double> with_ghosts(const Mesh& mesh, std::span<const double> values) {
  std::vector<double> v(std::size_t(mesh.local()), 0.0);
  std::ranges::copy(values, v.begin());
  mesh.halo.update(mesh.comm, v);
  return v;
}

/// Weights of the (at most four) centres an interpolated value is made of.
struct Stencil {
  std::int64_t first = 0;
  std::array<double, 4> weight{};
};

double centre(const std::vector<double>& nodes, std::int64_t i) {
  return 0.5 * (nodes[std::size_t(i)] + nodes[std::size_t(i) + 1]);
}

Stencil stencil(const std::vector<double>& nodes, double x) {
  const auto n = std::int64_t(nodes.size()) - 1;
  std::int64_t below = 0;  // the last centre at or below x
  while (below + 1 < n && centre(nodes, below + 1) <= x) ++below;
  const bool outside = x < centre(nodes, 0) || x > centre(nodes, n - 1);
  const std::int64_t count = std::min<std::int64_t>(outside ? 2 : 4, n);
  Stencil s;
  s.first = std::clamp<std::int64_t>(below - (count == 4 ? 1 : 0), 0, n - count);
  for (std::int64_t i = 0; i < count; ++i) {
    double w = 1;
    for (std::int64_t j = 0; j < count; ++j) {
      if (j == i) continue;
      const double xi = centre(nodes, s.first + i), xj = centre(nodes, s.first + j);
      w *= (x - xj) / (xi - xj);
    }
    s.weight[std::size_t(i)] = w;
  }
  return s;
}

}  // namespace

std::vector<double> data_integral(const Snapshots& data) {
  std::vector<double> R(data.seen.front().density.size(), 0.0);
  for (const Interval& k : data.intervals()) {
    const double half = 0.5 * data.time_of(k);
    for (std::size_t i = 0; i < R.size(); ++i) {
      R[i] += half * (data.seen[k.from].density[i] + data.seen[k.to].density[i]);
    }
  }
  return R;
}

std::vector<double> poisson_potential(const Mesh& mesh, const Snapshots& data, double kT,
                                      std::span<const double> known, double floor) {
  const std::vector<double> R = data_integral(data), local = with_ghosts(mesh, R);
  std::vector<double> rhs(R.size(), 0.0), flux(std::size_t(mesh.faces.size()));
  for (int number = 0; number < data.count(); ++number) {
    const Interval range = data.series(number);
    const auto &first = data.seen[range.from].density, &last = data.seen[range.to - 1].density;
    for (std::size_t k = 0; k < rhs.size(); ++k) rhs[k] += mesh.volume[k] * (first[k] - last[k]);
  }
  for (std::size_t f = 0; f < flux.size(); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    flux[f] = mesh.faces.transmissibility[f] *
              (kT * (local[K] - local[L]) + 0.5 * (local[K] + local[L]) * (known[K] - known[L]));
  }
  add_divergence(mesh, -1, flux, rhs);
  return solve_weighted_laplacian(mesh, R, rhs, floor);
}

std::vector<int> time_steps(const Mesh& mesh, const Snapshots& data, const FitSettings& fit,
                            std::span<const double> V) {
  const StepRule rule;
  const std::vector<double> R = with_ghosts(mesh, data_integral(data));
  const double min_seen = rule.seen * mesh.comm.max(*std::ranges::max_element(R));
  double rate = 0;  // |grad V| / h
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    if (std::max(R[K], R[L]) < min_seen) continue;
    rate = std::max(rate, std::abs(V[L] - V[K]) / std::pow(mesh.faces.distance[f], 2));
  }
  rate = mesh.comm.max(rate);
  std::vector<int> steps;
  for (const Interval& k : data.intervals()) {
    const double needed = rate * data.time_of(k) / rule.crossing;
    steps.push_back(fit.steps
                        ? *fit.steps
                        : int(std::clamp(std::ceil(needed), double(rule.min), double(rule.max))));
  }
  return steps;
}

std::vector<double> prolong(const Mesh& coarse, std::span<const double> V, const Mesh& fine) {
  const Box &big = coarse.box->box, &small = fine.box->box;
  std::vector<double> all(std::size_t(coarse.global_cells), 0.0);
  for (std::size_t k = 0; k < std::size_t(coarse.owned); ++k)
    all[std::size_t(coarse.global[k])] = V[k];
  coarse.comm.sum_in_place(all);
  std::array<std::vector<Stencil>, 3> stencils;
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::int64_t i = 0; i < small.cells(int(a)); ++i) {
      stencils[a].push_back(stencil(big.nodes[a], centre(small.nodes[a], i)));
    }
  }
  std::vector<double> result(std::size_t(fine.owned), 0.0);
  for (std::size_t k = 0; k < result.size(); ++k) {
    std::int64_t number = fine.global[k];
    std::array<const Stencil*, 3> at{};
    for (std::size_t a = 0; a < 3; ++a) {
      at[a] = &stencils[a][std::size_t(number % small.cells(int(a)))];
      number /= small.cells(int(a));
    }
    for (std::int64_t m = 0; m < 64; ++m) {
      const std::array<std::int64_t, 3> i{m % 4, m / 4 % 4, m / 16};
      const double w = at[0]->weight[std::size_t(i[0])] * at[1]->weight[std::size_t(i[1])] *
                       at[2]->weight[std::size_t(i[2])];
      if (w == 0) continue;
      const std::int64_t cell =
          at[0]->first + i[0] +
          big.cells(0) * (at[1]->first + i[1] + big.cells(1) * (at[2]->first + i[2]));
      result[k] += w * all[std::size_t(cell)];
    }
  }
  return result;
}

Box joined_in_pairs(const Box& box) {
  Box coarse = box;
  for (std::size_t a = 0; a < std::size_t(box.dimension); ++a) {
    const auto& nodes = box.nodes[a];
    if (box.cells(int(a)) % 2 != 0) continue;
    coarse.nodes[a].clear();
    for (std::size_t i = 0; i < nodes.size(); i += 2) coarse.nodes[a].push_back(nodes[i]);
  }
  return coarse;
}

}  // namespace otto
