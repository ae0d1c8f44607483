#include "otto/analysis/reactive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "deep_modes.h"
#include "driven.h"
#include "held_cells.h"
#include "otto/analysis/spectrum.h"
#include "otto/core/caution.h"
#include "otto/core/error.h"
#include "otto/operators/exchange.h"
#include "outlets.h"
#include "quotient.h"
#include "reach.h"
#include "reversible.h"
#include "stationary.h"

namespace otto {

namespace {

/// pi, u = pi q- and q+ with ghosts.
struct Solution {
  std::vector<double> pi, u, q;
};

/// Of what leaves A and what arrives at B, which are equal but for what the solves leave: told, and refused.
constexpr double max_difference = 1e-2, told_difference = 1e-6;

/// With ghosts, of mass 1.
std::vector<double> density_at_rest(const GeneratorParts& parts) {
  const Generator closed(parts.mesh, parts.energy, parts.flux, parts.drift, nullptr,
                         parts.diffusion);
  require_one_piece(closed, "the stationary density");
  return stationary_density(closed);
}

void set_fields(const Mesh& mesh, Solution s, Transitions& result) {
  const auto owned = std::size_t(mesh.owned);
  result.backward.assign(owned, 0.0);
  for (std::size_t k = 0; k < owned; ++k) {
    if (s.pi[k] > 0) result.backward[k] = s.u[k] / s.pi[k];
  }
  s.pi.resize(owned);
  s.q.resize(owned);
  result.stationary = std::move(s.pi);
  result.forward = std::move(s.q);
}

Transitions with_detailed_balance(const Generator& generator, const Outlets& outlets) {
  const Mesh& mesh = generator.mesh();
  if (generator.range() > DeepOptions{}.max_range) {
    throw InputError(
        fmt::format("V/kT ranges over {:.0f}, more than exp(-V/kT) can follow; bound the external "
                    "energy where nothing ever goes (min(V, ...), or 'cap' in the library)",
                    generator.range()));
  }
  const Quotient quotient(generator);
  Reversible found = reversible_transitions(generator, quotient, outlets);
  Transitions result;
  double mass = 0;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    if (outlets.holds[k] != Outlets::cut_off) mass += quotient.omega(k);
  }
  const double Z = mesh.comm.sum(mass);
  Solution s{.pi = std::vector<double>(found.q.size(), 0.0), .u = {}, .q = std::move(found.q)};
  for (std::size_t k = 0; k < s.pi.size(); ++k) {
    if (outlets.holds[k] != Outlets::cut_off) s.pi[k] = quotient.pi(k) / Z;
  }
  s.u = s.pi;
  for (std::size_t k = 0; k < s.u.size(); ++k) s.u[k] *= found.p[k];
  result.flux = found.flux / Z;
  result.flux_bounds = {result.flux * (1 - found.flux_error), result.flux * (1 + found.flux_error)};
  result.weight_from_a = found.from_a / Z;
  result.weight_from_b = found.from_b / Z;
  result.cut_off =
      part_cut_off(mesh, outlets, std::span(mesh.volume).first(std::size_t(mesh.owned)));
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    result.face_flux.push_back(outlets.factor(f) * (generator.forward()[f] * s.u[K] * s.q[L] -
                                                    generator.backward()[f] * s.u[L] * s.q[K]));
  }
  set_fields(mesh, std::move(s), result);
  return result;
}

Transitions without_detailed_balance(const Generator& generator, const Outlets& outlets,
                                     std::vector<double> pi) {
  const Mesh& mesh = generator.mesh();
  Driven found = driven_transitions(generator, outlets, pi);
  Transitions result;
  double weight = 0, rest = 0;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    weight += mesh.volume[k] * found.u[k];
    rest += mesh.volume[k] * (pi[k] - found.u[k]);
  }
  result.flux = found.arrives;
  result.weight_from_a = mesh.comm.sum(weight);
  result.weight_from_b = mesh.comm.sum(rest);
  const double apart = std::abs(found.leaves - found.arrives);
  const std::string words = fmt::format(
      "{:.9g} leaves the first set and {:.9g} arrives at the second", found.leaves, found.arrives);
  if (!(apart <= max_difference * found.arrives)) {
    throw NumericalError("the flux of transitions is not resolved: " + words +
                         "; try more cells, or a larger temperature");
  }
  if (apart > told_difference * found.arrives) {
    caution(
        fmt::format("the flux of transitions is known to {:.2g} %, which is what the solves "
                    "leave: {}",
                    100 * apart / found.arrives, words));
  }
  result.face_flux = std::move(found.face_flux);
  set_fields(mesh, {.pi = std::move(pi), .u = std::move(found.u), .q = std::move(found.q)}, result);
  return result;
}

}  // namespace

Transitions transitions(const GeneratorParts& parts, const Target& given_a, const Target& given_b) {
  const Mesh& mesh = parts.mesh;
  const Target a = at_centres(mesh, given_a), b = at_centres(mesh, given_b);
  std::vector<std::string> sides = a.sides;
  sides.insert(sides.end(), b.sides.begin(), b.sides.end());
  const Exchange both = absorbing_sides(sides);
  const Generator generator(mesh, parts.energy, parts.flux, parts.drift, &both, parts.diffusion);
  const Outlets outlets = outlets_of(generator, parts, {a, b});
  if (generator.symmetric()) return with_detailed_balance(generator, outlets);

  return without_detailed_balance(generator, outlets, density_at_rest(parts));
}

}  // namespace otto
