// Where centres lie on walls (cells around vertices), a cell of an absorbing side is held at 0: k_K = 1e10 times the
// sum of its rates; a given density has no such form, whose right side would hide all others from a relative
// residual. What leaves through a robin side there is kappa A rho_K itself. Cells of a set that absorbs are held at 0 alike; a neighbour K
// whose way to such a cell L the edge cuts at the share s exchanges with the edge at the rate r_KL / s.

#include "passages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"
#include "otto/core/reproducible_sum.h"
#include "otto/core/words.h"

namespace otto {

namespace {

/// Of a cell that is held, over its own rates: what is left is rounding of its neighbours.
constexpr double hold = 1e10;

/// Values that must be finite and not negative.
void check(const Mesh& mesh, std::span<const Point> points, std::span<const double> values,
           const std::string& what, double t) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]) && values[i] >= 0) continue;
    throw InputError(fmt::format("{} is {} at {} at time {}; it must be finite and not negative",
                                 what, values[i], to_text(points[i], mesh.dimension), t));
  }
}

}  // namespace

Passages::Passages(const Mesh& mesh, double kT, const TwoPointFlux& flux, const Drift* drift,
                   const Diffusion* noise, const Exchange& exchange)
    : mesh_(mesh), kT_(kT), flux_(flux), drift_(drift), noise_(noise), exchange_(exchange) {
  for (std::size_t o = 0; o < exchange.openings.size(); ++o) {
    const std::string& side = exchange.openings[o].where.side;
    if (side.empty()) continue;
    if (mesh.centres_on_walls && exchange.openings[o].kind == Opening::Kind::value) {
      throw InputError(fmt::format(
          "the side {} has a given density, and the cells have their centres on it; take a mesh "
          "whose control volumes are its elements, or a box",
          side));
    }
    for (AbsorbingFace& face : absorbing_faces(mesh, {&side, 1})) faces_.push_back({face, o});
  }
}

void Passages::add(const Passage& p) {
  passages_.push_back(p);
  const auto K = std::size_t(p.cell);
  absorption_[K] += p.rate;
  exits_[K] += p.rate;
  if (p.gain != 0) supply_[K] += p.gain;
}

void Passages::evaluate(const GeneratorState& g) {
  const auto n = std::size_t(mesh_.owned);
  passages_.clear();
  absorption_.assign(n, 0.0);
  exits_.assign(exchange_.openings.empty() ? 0 : n, 0.0);
  supply_.assign(exchange_.supplies() ? n : 0, 0.0);
  mesh_.comm.together([&] {
    mesh_.centres_on_walls ? at_centres(g) : through_faces(g);
    for (std::size_t o = 0; o < exchange_.openings.size(); ++o) {
      if (!exchange_.openings[o].where.level.empty()) into_set(g, o);
    }
    react(g.time);
  });
}

/// b.n d of every open face: of the drift half-way, and of the noise.
std::vector<double> Passages::drift_along(double t) const {
  const std::size_t n = faces_.size();
  std::vector<double> along(n, 0.0), b(n);
  std::vector<Point> middle(n);
  for (std::size_t e = 0; e < n; ++e) {
    const AbsorbingFace& f = faces_[e].face;
    middle[e] = mesh_.center[std::size_t(f.cell)];
    for (std::size_t i = 0; i < 3; ++i) middle[e][i] += 0.5 * f.distance * f.normal[i];
  }
  for (std::size_t i = 0; drift_ && i < drift_->component.size(); ++i) {
    drift_->component[i]->evaluate(middle, t, b);
    for (std::size_t e = 0; e < n; ++e) {
      along[e] += b[e] * faces_[e].face.distance * faces_[e].face.normal[i];
    }
  }
  if (!noise_) return along;
  std::vector<Point> at(2);
  std::vector<double> D(2);
  for (std::size_t e = 0; e < n; ++e) {  // a wall of a box
    const AbsorbingFace& f = faces_[e].face;
    const std::size_t axis = f.normal[0] != 0 ? 0 : f.normal[1] != 0 ? 1 : 2;
    at[0] = at[1] = mesh_.center[std::size_t(f.cell)];
    at[1][axis] += f.distance * f.normal[axis];
    noise_->everywhere.along(axis, mesh_.dimension).evaluate(at, t, D);
    along[e] -= noise_->noise * kT_ * (D[1] - D[0]);
  }
  return along;
}

/// g or kappa of every open face, at a point each; 0 where its opening has none.
std::vector<double> Passages::factors_at(std::span<const Point> points, double t) const {
  std::vector<double> factors(faces_.size(), 0.0);
  for (std::size_t o = 0; o < exchange_.openings.size(); ++o) {
    const Opening& opening = exchange_.openings[o];
    if (!opening.factor) continue;
    std::vector<std::size_t> some;
    std::vector<Point> at;
    for (std::size_t e = 0; e < faces_.size(); ++e) {
      if (faces_[e].opening == o) some.push_back(e), at.push_back(points[e]);
    }
    std::vector<double> values(at.size());
    opening.factor->evaluate(at, t, values);
    check(mesh_, at, values, opening.place, t);
    for (std::size_t i = 0; i < some.size(); ++i) factors[some[i]] = values[i];
  }
  return factors;
}

/// A D max(u.n, 0) / d, u.n d / D = -s.
double Passages::outflow_rate(const OpenFace& open, double s, double along, double conductance,
                              double kT) const {
  if (conductance > 0) return conductance * kT * std::max(-s, 0.0);
  return mesh_.boundary.geometric[std::size_t(open.face.face)] * std::max(along, 0.0);
}

void Passages::through_faces(const GeneratorState& g) {
  const std::size_t n = faces_.size();
  const BoundaryFaces& boundary = mesh_.boundary;
  const auto& geometric =
      boundary.geometric.empty() ? boundary.transmissibility : boundary.geometric;
  std::vector<double> s(n, 0.0), out(n), in(n);
  std::vector<Point> on(n);
  const std::vector<double> along = drift_along(g.time);
  const auto kT_half_way = [&](std::size_t f) {
    return g.heat ? g.heat->half_way[f] : kT_ > 0 ? kT_ : 1;
  };
  for (std::size_t e = 0; e < n; ++e) {
    const AbsorbingFace& face = faces_[e].face;
    const auto K = std::size_t(face.cell), f = std::size_t(face.face);
    for (const auto& [L, weight] : face.slope) s[e] += weight * (g.V[std::size_t(L)] - g.V[K]);
    if (g.conductance[f] > 0) s[e] -= along[e] * (geometric[f] / g.conductance[f]);
    s[e] /= kT_half_way(f);
    on[e] = mesh_.center[K];
    for (std::size_t i = 0; i < 3; ++i) on[e][i] += face.distance * face.normal[i];
  }
  if (kT_ > 0) {
    flux_.weights(s, out, in);
  } else {
    for (std::size_t e = 0; e < n; ++e) out[e] = std::max(-s[e], 0.0), in[e] = std::max(s[e], 0.0);
  }
  const std::vector<double> factor = factors_at(on, g.time);
  for (std::size_t e = 0; e < n; ++e) {
    const auto f = std::size_t(faces_[e].face.face);
    const double a = g.conductance[f], kT = kT_half_way(f);
    const auto K = std::size_t(faces_[e].face.cell);
    double f_K = a * (g.heat ? g.heat->cells[K] : kT) * out[e];
    double g_K = a * (g.heat ? g.heat->walls[f] : kT) * in[e];
    if (!(g.conductance[f] > 0)) {
      f_K = geometric[f] * std::max(along[e], 0.0);
      g_K = geometric[f] * std::max(-along[e], 0.0);
    }
    Passage p{.cell = faces_[e].face.cell, .opening = faces_[e].opening, .rate = f_K};
    switch (exchange_.openings[p.opening].kind) {
      case Opening::Kind::absorbing:
        break;
      case Opening::Kind::value:
        p.gain = g_K * factor[e];
        break;
      case Opening::Kind::robin: {
        const double through = factor[e] * boundary.area[f];
        p.rate = through > 0 ? f_K * (through / (g_K + through)) : 0;
        break;
      }
      case Opening::Kind::outflow:
        p.rate = outflow_rate(faces_[e], s[e], along[e], a, kT);
        break;
    }
    add(p);
  }
}

/// The sum of the rates out of each owned cell.
std::vector<double> Passages::rates_out(const GeneratorState& g) const {
  std::vector<double> out(std::size_t(mesh_.owned), 0.0);
  const auto add = [&](std::int32_t cell, double rate) {
    if (cell < mesh_.owned) out[std::size_t(cell)] += std::abs(rate);
  };
  for (std::size_t f = 0; f < g.forward.size(); ++f) {
    add(mesh_.faces.left[f], g.forward[f]);
    add(mesh_.faces.right[f], g.backward[f]);
  }
  return out;
}

void Passages::at_centres(const GeneratorState& g) {
  const std::vector<double> rates = rates_out(g);
  std::vector<bool> held(rates.size(), false);
  std::vector<Point> centers;
  for (const OpenFace& open : faces_) {
    centers.push_back(mesh_.center[std::size_t(open.face.cell)]);
  }
  const std::vector<double> factor = factors_at(centers, g.time);
  for (std::size_t e = 0; e < faces_.size(); ++e) {
    const auto K = std::size_t(faces_[e].face.cell);
    Passage p{.cell = faces_[e].face.cell, .opening = faces_[e].opening};
    const Opening::Kind kind = exchange_.openings[p.opening].kind;
    if (kind == Opening::Kind::robin) {
      p.rate = factor[e] * mesh_.boundary.area[std::size_t(faces_[e].face.face)];
    } else if (!held[K]) {
      held[K] = true;
      p.rate = hold * rates[K];
    } else {
      continue;
    }
    add(p);
  }
}

void Passages::into_set(const GeneratorState& g, std::size_t opening) {
  const std::vector<double>& level = exchange_.openings[opening].where.level;
  const std::vector<double> rates = rates_out(g);
  for (std::size_t k = 0; k < rates.size(); ++k) {
    if (level[k] > 0) add({std::int32_t(k), opening, hold * rates[k], 0});
  }
  const auto cut = [&](std::int32_t K, std::int32_t L, double rate) {
    const double outside = level[std::size_t(K)], inside = level[std::size_t(L)];
    if (K >= mesh_.owned || outside > 0 || !(inside > 0)) return;
    add({K, opening, rate * (1 / part_outside(outside, inside) - 1), 0});
  };
  for (std::size_t f = 0; f < g.forward.size(); ++f) {
    cut(mesh_.faces.left[f], mesh_.faces.right[f], g.forward[f]);
    cut(mesh_.faces.right[f], mesh_.faces.left[f], g.backward[f]);
  }
}

void Passages::react(double t) {
  const auto n = std::size_t(mesh_.owned);
  const std::span<const Point> centers(mesh_.center.data(), n);
  const auto contents = [&](const std::optional<Function>& e, const std::string& place,
                            std::vector<double>& out) {
    out.assign(e ? n : 0, 0.0);
    if (!e) return;
    e->evaluate(centers, t, out);
    check(mesh_, centers, out, place, t);
    for (std::size_t k = 0; k < n; ++k) out[k] *= mesh_.volume[k];
  };
  contents(exchange_.rate, exchange_.rate_place, killing_);
  contents(exchange_.source, exchange_.source_place, source_);
  for (std::size_t k = 0; k < killing_.size(); ++k) absorption_[k] += killing_[k];
  for (std::size_t k = 0; k < source_.size(); ++k) supply_[k] += source_[k];
}

std::vector<double> Passages::rates_of(std::span<const double> rho) const {
  std::vector<ReproducibleSum> parts(exchange_.openings.size());
  for (const Passage& p : passages_) {
    parts[p.opening] += p.rate * rho[std::size_t(p.cell)] - p.gain;
  }
  if (exchange_.rate) {
    parts.emplace_back().add(killing_.size(), [&](std::size_t k) { return killing_[k] * rho[k]; });
  }
  if (exchange_.source) {
    parts.emplace_back().add(source_);
  }
  std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  if (exchange_.reinjects) {
    double back = 0;
    for (std::size_t o = 0; o < exchange_.openings.size(); ++o) back += sums[o];
    sums.push_back(back);
  }
  return sums;
}

}  // namespace otto
