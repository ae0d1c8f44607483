#include "obstacles.h"

#include <algorithm>
#include <limits>

namespace otto {

namespace {

/// Of the next changes of V on both sides: walls of steep wells are smooth.
constexpr double slope_factor = 3;
constexpr double open = -std::numeric_limits<double>::infinity();

/// level[K] = the larger of itself and `entered`.
bool raise(std::vector<double>& level, std::size_t K, double entered) {
  if (!(entered > level[K])) return false;
  level[K] = entered;
  return true;
}

}  // namespace

std::vector<double> holding_rise(const Mesh& mesh, std::span<const double> rho0, double nothing,
                                 double tau) {
  const Faces& faces = mesh.faces;
  std::vector<double> hold(rho0.size());
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    hold[std::size_t(faces.left[f])] += faces.transmissibility[f];
    hold[std::size_t(faces.right[f])] += faces.transmissibility[f];
  }
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    hold[k] = rho0[k] > nothing && hold[k] > 0 ? 4 * mesh.volume[k] / (tau * hold[k]) : 0;
  }
  mesh.halo.update(mesh.comm, hold);
  return hold;
}

std::vector<char> shut_cells(const Mesh& mesh, std::span<const double> V,
                             std::span<const double> hold, double jump, int max_layers) {
  const Faces& faces = mesh.faces;
  const auto owned = std::size_t(mesh.owned);
  std::vector<double> level(std::size_t(mesh.local()), open), drop(level.size()),
      rise(level.size()), before;
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
    drop[K] = std::max(drop[K], V[K] - V[L]);
    drop[L] = std::max(drop[L], V[L] - V[K]);
    rise[K] = std::max(rise[K], V[L] - V[K]);
    rise[L] = std::max(rise[L], V[K] - V[L]);
  }
  mesh.halo.update(mesh.comm, drop);
  mesh.halo.update(mesh.comm, rise);
  const auto enter = [&](std::size_t K, std::size_t L) {
    const double edge = V[L] + jump;
    const double slope = slope_factor * std::max(drop[L], rise[K]);
    if (V[K] > std::max(edge, V[L] + slope) + hold[K]) raise(level, K, edge);
  };
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
    enter(K, L);
    enter(L, K);
  }
  mesh.halo.update(mesh.comm, level);
  for (int layer = 0; layer < max_layers; ++layer) {
    before = level;
    bool grew = false;
    for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
      const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
      if (before[K] == open && V[K] > before[L] + hold[K] && before[L] > open) {
        grew = raise(level, K, before[L]) || grew;
      }
      if (before[L] == open && V[L] > before[K] + hold[L] && before[K] > open) {
        grew = raise(level, L, before[K]) || grew;
      }
    }
    mesh.halo.update(mesh.comm, level);
    if (!mesh.comm.any(grew)) break;
  }
  std::vector<char> shut(owned);
  for (std::size_t k = 0; k < owned; ++k) shut[k] = level[k] > open;
  return shut;
}

void extend_into(const Mesh& mesh, std::span<const char> unknown, int max_layers, double otherwise,
                 std::vector<double>& phi) {
  const Faces& faces = mesh.faces;
  std::vector<double> known(phi.size()), sum(phi.size()), weight(phi.size());
  for (std::size_t k = 0; k < unknown.size(); ++k) known[k] = unknown[k] != 0 ? 0 : 1;
  mesh.halo.update(mesh.comm, known);
  mesh.halo.update(mesh.comm, phi);
  const auto add = [&](std::size_t to, std::size_t from, double a) {
    sum[to] += a * known[from] * phi[from];
    weight[to] += a * known[from];
  };
  for (int layer = 0; layer < max_layers; ++layer) {
    std::ranges::fill(sum, 0.0);
    std::ranges::fill(weight, 0.0);
    for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
      const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
      add(K, L, faces.transmissibility[f]);
      add(L, K, faces.transmissibility[f]);
    }
    bool reached = false;
    for (std::size_t k = 0; k < unknown.size(); ++k) {
      if (known[k] > 0 || !(weight[k] > 0)) continue;
      phi[k] = sum[k] / weight[k];
      known[k] = 1;
      reached = true;
    }
    mesh.halo.update(mesh.comm, known);
    mesh.halo.update(mesh.comm, phi);
    if (!mesh.comm.any(reached)) break;
  }
  for (std::size_t k = 0; k < unknown.size(); ++k) {
    if (!(known[k] > 0)) phi[k] = otherwise;
  }
  mesh.halo.update(mesh.comm, phi);
}

}  // namespace otto
