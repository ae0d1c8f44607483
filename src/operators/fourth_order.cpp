#include "otto/operators/fourth_order.h"

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"
#include "otto/mesh/box_faces.h"

namespace otto {

Point middle_of_face(const Mesh& mesh, std::int32_t left, std::int32_t right) {
  Point x;
  for (std::size_t a = 0; a < 3; ++a) {
    x[a] = 0.5 * (mesh.center[std::size_t(left)][a] + mesh.center[std::size_t(right)][a]);
    if (!mesh.box || !mesh.box->box.periodic[a]) continue;
    const double upper = mesh.box->box.nodes[a].back(), lower = mesh.box->box.nodes[a].front();
    if (x[a] > upper - 1e-9 * (upper - lower)) x[a] -= upper - lower;
  }
  return x;
}

FourthOrder::FourthOrder(const Mesh& mesh, double kT, const Drift* drift)
    : mesh_(mesh), kT_(kT), drift_(drift), d_(std::size_t(mesh.dimension)) {
  if (!mesh.box || std::ranges::any_of(mesh.box->uniform, [](bool equal) { return !equal; })) {
    throw InternalError("the flux of fourth order was given a mesh of unequal cells");
  }
  const BoxBlock& block = *mesh.box;
  for (std::size_t a = 0; a < d_; ++a) {
    h_[a] = block.width(int(a), 0);
    next_[a].below.assign(std::size_t(mesh.owned), -1);
    next_[a].above.assign(std::size_t(mesh.owned), -1);
  }
  inside_.reserve(std::size_t(mesh.faces.size()));
  for_each_face(block, GhostLayers(block),
                [&](int axis, const BlockIndex& at, std::int32_t left, std::int32_t right) {
                  const auto a = std::size_t(axis);
                  if (left < mesh.owned) next_[a].above[std::size_t(left)] = right;
                  if (right < mesh.owned) next_[a].below[std::size_t(right)] = left;
                  const std::int64_t upper = block.begin[a] + at[a];
                  const bool inside =
                      block.box.periodic[a] || (upper >= 2 && upper <= block.cells(axis) - 2);
                  inside_.push_back(inside ? 1 : 0);
                  first_[a + 1] = inside_.size();
                });
  for (std::size_t a = 0; a < d_; ++a) first_[a + 1] = std::max(first_[a], first_[a + 1]);
  beta_.resize(inside_.size());
  excess_.resize(inside_.size());
  for (std::size_t t = 0; t < d_; ++t) gamma_[t].resize(inside_.size());
}

void FourthOrder::difference(Difference kind, std::size_t axis, std::span<const double> u,
                             std::vector<double>& out) const {
  out.assign(std::size_t(mesh_.local()), 0.0);
  const Neighbours& next = next_[axis];
  for (std::size_t k = 0; k < next.below.size(); ++k) {
    if (next.below[k] < 0 || next.above[k] < 0) continue;
    const double below = u[std::size_t(next.below[k])], above = u[std::size_t(next.above[k])];
    out[k] = kind == Difference::first ? 0.5 * (above - below) : (above - u[k]) - (u[k] - below);
  }
  mesh_.halo.update(mesh_.comm, out);
}

void FourthOrder::take_differences(std::span<const double> u) const {
  for (std::size_t a = 0; a < d_; ++a) {
    difference(Difference::second, a, u, D_[a]);
    if (d_ > 1) difference(Difference::first, a, u, G_[a]);
  }
}

void FourthOrder::set(std::span<const double> V, double t) {
  std::ranges::fill(beta_, 0.0);
  std::ranges::fill(excess_, 0.0);
  for (auto& gamma : gamma_) std::ranges::fill(gamma, 0.0);
  add_external(V);
  if (drift_) add_drift(t);
  for (std::size_t f = 0; f < beta_.size(); ++f) beta_[f] += excess_[f];
}

void FourthOrder::add_external(std::span<const double> V) {
  take_differences(V);
  for (std::size_t a = 0; a < d_; ++a) {
    for (std::size_t f = first_[a]; f < first_[a + 1]; ++f) {
      const auto K = std::size_t(mesh_.faces.left[f]), L = std::size_t(mesh_.faces.right[f]);
      beta_[f] = V[K] - V[L];
      excess_[f] = inside_[f] * (D_[a][L] - D_[a][K]) / 24;
      for (std::size_t t = 0; t < d_; ++t) {
        if (t == a) continue;
        excess_[f] -= (D_[t][L] - D_[t][K]) / 24;
        gamma_[t][f] = (G_[t][K] - G_[t][L]) / 24;
      }
    }
  }
}

/// The averages over the Gauss points x +- h_t / (2 sqrt 3) of a face, and the differences of the
/// sides.
void FourthOrder::add_drift(double t) {
  const std::size_t corners = std::size_t(1) << (d_ - 1);
  const double reach = 0.5 / std::sqrt(3.0),
               spread = std::sqrt(3.0) / double(corners / 2 + (d_ == 1));
  for (std::size_t a = 0; a < d_; ++a) {
    std::array<std::size_t, 2> across{};  // the other axes
    for (std::size_t o = 0, n = 0; o < d_; ++o) {
      if (o != a) across[n++] = o;
    }
    const std::size_t n = first_[a + 1] - first_[a];
    std::vector<Point> middle(n), points(n);
    std::vector<double> b(n);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t f = first_[a] + i;
      middle[i] = middle_of_face(mesh_, mesh_.faces.left[f], mesh_.faces.right[f]);
    }
    drift_->component[a]->evaluate(middle, t, b);
    for (std::size_t i = 0; i < n; ++i) {
      beta_[first_[a] + i] += h_[a] * b[i];
      excess_[first_[a] + i] -= h_[a] * b[i];
    }
    for (std::size_t corner = 0; corner < corners; ++corner) {
      const auto side = [corner](std::size_t n_th) { return (corner >> n_th) & 1 ? 1.0 : -1.0; };
      points = middle;
      for (std::size_t o = 0; o + 1 < d_; ++o) {
        for (Point& x : points) x[across[o]] += side(o) * reach * h_[across[o]];
      }
      drift_->component[a]->evaluate(points, t, b);
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t f = first_[a] + i;
        excess_[f] += h_[a] * b[i] / double(corners);
        for (std::size_t o = 0; o + 1 < d_; ++o) {
          gamma_[across[o]][f] += side(o) * spread * h_[a] * b[i] / 24;
        }
      }
    }
  }
}

void FourthOrder::fluxes(std::span<const double> rho, std::span<double> F) const {
  take_differences(rho);
  for (std::size_t a = 0; a < d_; ++a) {
    for (std::size_t f = first_[a]; f < first_[a + 1]; ++f) {
      const auto K = std::size_t(mesh_.faces.left[f]), L = std::size_t(mesh_.faces.right[f]);
      double sum =
          excess_[f] * 0.5 * (rho[K] + rho[L]) +
          inside_[f] / 12 * (kT_ * (D_[a][L] - D_[a][K]) - beta_[f] * (D_[a][K] + D_[a][L]));
      for (std::size_t t = 0; t < d_; ++t) {
        if (t != a) sum += gamma_[t][f] * (G_[t][K] + G_[t][L]);
      }
      F[f] = mesh_.faces.transmissibility[f] * sum;
    }
  }
}

}  // namespace otto
