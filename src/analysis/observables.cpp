// Cells of a committor's level set are held at 0 or 1: their values move to the right-hand side of
// their neighbours, and a weight of 1e10 times their own rates leaves them at 0 in what is solved.
// A neighbour K whose way to such a cell L is cut by the edge at the share s of the distance
// exchanges with the edge at the rate r_KL / s instead.
//
// Along a line the Scharfetter-Gummel flux is exact where V is linear between two
// centres, and so is the mean of the profile it stands for,
//
//   w rho_K + (1 - w) rho_L,      w = (1 - B(s)) / s,
//
// which then gives the mass the stationary current belongs to, where the sum over cells has an error of
// order 2.

#include "otto/analysis/observables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "deep_modes.h"
#include "held_cells.h"
#include "mean_diffusion.h"
#include "otto/analysis/spectrum.h"
#include "otto/core/error.h"
#include "otto/linear/backward_solver.h"
#include "otto/mesh/periods.h"
#include "otto/operators/absorbing.h"
#include "otto/operators/exchange.h"
#include "outlets.h"
#include "quotient.h"
#include "reach.h"
#include "reversible.h"
#include "stationary.h"

namespace otto {

namespace {

void require(const SolveReport& report, const char* what) {
  if (report.converged) return;
  throw NumericalError(fmt::format("the solve for the {} failed: {}; try a larger solver.rtol",
                                   what, report.reason));
}

/// The weights and right-hand side that hold the cells of a level set at `value`.
void hold_cells(const Generator& generator, const Target& target, double value,
                std::vector<double>& sigma, std::vector<double>& b) {
  if (target.level.empty()) return;
  const Mesh& mesh = generator.mesh();
  const auto owned = std::size_t(mesh.owned);
  const std::vector<double>& level = target.level;
  const auto exchange = [&](std::size_t K, std::size_t L, double rate) {
    if (K >= owned) return;
    if (level[K] > 0) {
      sigma[K] += held_weight * rate / mesh.volume[K];
    } else if (level[L] > 0) {
      const double share = part_outside(level[K], level[L]);
      sigma[K] += rate * (1 / share - 1) / mesh.volume[K];
      b[K] += rate / share * value;
    }
  };
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto l = std::size_t(mesh.faces.left[f]), r = std::size_t(mesh.faces.right[f]);
    exchange(l, r, generator.forward()[f]);
    exchange(r, l, generator.backward()[f]);
  }
}

/// From the left to the right centre of each face, across periods where it lies on one.
std::vector<Point> vectors_across(const Mesh& mesh) {
  std::vector<Point> across;
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const Point &l = mesh.center[std::size_t(mesh.faces.left[f])],
                &r = mesh.center[std::size_t(mesh.faces.right[f])];
    across.push_back({r[0] - l[0], r[1] - l[1], r[2] - l[2]});
  }
  for (const Faces::Moved& m : mesh.faces.moved) across[std::size_t(m.face)] = m.across;
  return across;
}

std::array<double, 3> currents(const Generator& generator, std::span<const double> rho) {
  const Mesh& mesh = generator.mesh();
  std::array<double, 3> sums{};
  const std::vector<Point> across = vectors_across(mesh);
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto l = std::size_t(mesh.faces.left[f]), r = std::size_t(mesh.faces.right[f]);
    const double flux = generator.forward()[f] * rho[l] - generator.backward()[f] * rho[r];
    const bool shared = std::max(mesh.faces.left[f], mesh.faces.right[f]) >= mesh.owned;
    for (std::size_t a = 0; a < 3; ++a) {
      sums[a] += (shared ? 0.5 : 1.0) * flux * across[f][a];
    }
  }
  mesh.comm.sum_in_place(sums);
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    sums[a] /= upper_end(mesh, a) - lower_end(mesh, a);
  }
  return sums;
}

/// The mass of the profile between the centres of a periodic line; nothing where the flux stands
/// for no such profile.
std::optional<double> profile_mass(const Generator& generator, std::span<const double> rho) {
  const Mesh& mesh = generator.mesh();
  bool exact = !generator.heat() && mesh.dimension == 1 && mesh.box && mesh.box->box.periodic[0];
  double mass = 0;
  for (std::size_t f = 0; exact && f < std::size_t(mesh.faces.size()); ++f) {
    const auto l = std::size_t(mesh.faces.left[f]), r = std::size_t(mesh.faces.right[f]);
    const double scale = generator.transmissibility()[f] * generator.temperature();
    const double B = generator.forward()[f] / scale;
    const double s = generator.backward()[f] / scale - B;
    exact = std::abs(B - bernoulli(s)) <= 1e-9 * (1 + std::abs(s));
    const double w = std::abs(s) < 1e-3 ? 0.5 - s / 12 : (1 - B) / s;
    const bool shared = std::max(mesh.faces.left[f], mesh.faces.right[f]) >= mesh.owned;
    mass += (shared ? 0.5 : 1.0) * mesh.faces.distance[f] * (w * rho[l] + (1 - w) * rho[r]);
  }
  if (mesh.comm.any(!exact)) return std::nullopt;
  return mesh.comm.sum(mass);
}

}  // namespace

Target at_centres(const Mesh& mesh, const Target& target) {
  if (!mesh.centres_on_walls || target.sides.empty()) return target;
  Target cells;
  cells.level.assign(std::size_t(mesh.local()), -1.0);
  for (const AbsorbingFace& face : absorbing_faces(mesh, target.sides)) {
    cells.level[std::size_t(face.cell)] = std::numeric_limits<double>::min();
  }
  mesh.halo.update(mesh.comm, cells.level);
  return cells;
}

std::vector<double> mean_exit_time(const Generator& generator, SolverOptions options) {
  const Mesh& mesh = generator.mesh();
  const auto owned = std::size_t(mesh.owned);
  const Outlets outlets = outlets_of(generator);
  std::vector<double> stays(std::size_t(mesh.local())), T;
  for (std::size_t k = 0; k < stays.size(); ++k) {
    stays[k] = outlets.holds[k] == Outlets::cut_off ? 1 : 0;
  }
  const std::vector<double> never = reaching(generator, stays);
  if (generator.symmetric() && generator.absorbs() &&
      generator.range() <= DeepOptions{}.max_range) {
    T = find_deep_exit_times(generator, Quotient(generator), outlets,
                             {.reproducible = options.reproducible});
  }
  if (T.empty()) {
    T.assign(owned, 0.0);
    std::vector<double> sigma(owned, 0.0), b(mesh.volume.begin(), mesh.volume.begin() + mesh.owned);
    for (std::size_t k = 0; k < owned; ++k) {
      if (never[k] != 0) sigma[k] = 1, b[k] = 0;
    }
    require(solve_backward(generator, sigma, b, T, options), "mean exit time");
  }
  for (std::size_t k = 0; k < owned; ++k) {
    if (never[k] != 0) T[k] = std::numeric_limits<double>::infinity();
  }
  return T;
}

std::vector<double> committor(const GeneratorParts& parts, const Target& given_from,
                              const Target& given_to, SolverOptions options) {
  const Mesh& mesh = parts.mesh;
  const Target from = at_centres(mesh, given_from), to = at_centres(mesh, given_to);
  const auto owned = std::size_t(mesh.owned);
  std::vector<std::string> sides = from.sides;
  sides.insert(sides.end(), to.sides.begin(), to.sides.end());
  const Exchange both = absorbing_sides(sides);
  const Generator generator(mesh, parts.energy, parts.flux, parts.drift, &both, parts.diffusion);
  const Outlets outlets = outlets_of(generator, parts, {from, to});
  if (generator.symmetric() && generator.range() <= DeepOptions{}.max_range) {
    std::vector<double> q = reversible_transitions(generator, Quotient(generator), outlets).q;
    q.resize(owned);
    return q;
  }
  std::vector<double> sigma(owned, 0.0), b(owned, 0.0), q(owned, 0.0);
  std::ranges::copy(outlets.rate[1], b.begin());
  hold_cells(generator, from, 0, sigma, b);
  hold_cells(generator, to, 1, sigma, b);
  for (std::size_t k = 0; k < owned; ++k) {
    if (outlets.holds[k] == Outlets::cut_off) sigma[k] = 1;
    if (outlets.holds[k] != Outlets::free) b[k] = 0;
  }
  require(solve_backward(generator, sigma, b, q, options), "committor");
  for (std::size_t k = 0; k < owned; ++k) {
    if (outlets.holds[k] != Outlets::free) q[k] = outlets.holds[k] == 1 ? 1 : 0;
  }
  return q;
}

StationaryState stationary_state(const Generator& generator) {
  require_one_piece(generator, "the stationary density");
  const Mesh& mesh = generator.mesh();
  StationaryState state;
  if (generator.symmetric() && generator.range() <= DeepOptions{}.max_range) {
    state.density = gibbs_density(generator);
    state.density.resize(std::size_t(mesh.local()));
    mesh.halo.update(mesh.comm, state.density);
  } else {
    state.density = stationary_density(generator);
  }
  if (const auto mass = profile_mass(generator, state.density)) {
    for (double& rho : state.density) rho /= *mass;
  }
  state.current = currents(generator, state.density);
  state.density.resize(std::size_t(mesh.owned));
  return state;
}

}  // namespace otto
