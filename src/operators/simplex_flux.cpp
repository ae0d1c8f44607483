#include "otto/operators/simplex_flux.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "otto/core/vector_math.h"

namespace otto {

namespace {

/// `inverse`: Lambda^-1.
SimplexFlux::Group group_of(const Simplex& simplex, const Tensor& inverse) {
  const Eigen::Index m = simplex.edges, d = inverse.rows();
  Tensor E(m, d);
  for (Eigen::Index i = 0; i < m; ++i) {
    for (Eigen::Index a = 0; a < d; ++a) E(i, a) = simplex.edge[std::size_t(i)][std::size_t(a)];
  }
  Tensor S = E * inverse * E.transpose();
  S = simplex.weight * S.inverse().eval();
  SimplexFlux::Group group{.cells = simplex.edges + 1, .cell = simplex.cell, .s = {}};
  std::size_t at = 0;
  for (Eigen::Index j = 1; j <= m; ++j) {
    group.s[at++] = S.row(j - 1).sum();
    for (Eigen::Index i = 1; i < j; ++i) group.s[at++] = -0.5 * (S(i - 1, j - 1) + S(j - 1, i - 1));
  }
  return group;
}

/// Where its tensor is taken: the middle of a corner of a box cell, of other groups the mean of the points.
Point middle_of(const Mesh& mesh, const Simplex& simplex) {
  Point x = mesh.center[std::size_t(simplex.cell[0])];
  const double part = mesh.box ? 0.25 : 1.0 / (simplex.edges + 1);
  for (std::size_t i = 0; i < std::size_t(simplex.edges); ++i) {
    for (std::size_t a = 0; a < 3; ++a) x[a] += part * simplex.edge[i][a];
  }
  return x;
}

}  // namespace

SimplexFlux::SimplexFlux(const Mesh& mesh, const Diffusion& diffusion) : mesh_(mesh) {
  const std::vector<Simplex> simplices = simplices_of(mesh);
  std::vector<Point> points;
  std::vector<std::int32_t> labels;
  for (const Simplex& simplex : simplices) {
    points.push_back(middle_of(mesh, simplex));
    labels.push_back(simplex.region);
  }
  groups_.reserve(simplices.size());
  mesh.comm.together([&] {
    const std::vector<Tensor> D = diffusion.tensors(points, labels, 0);
    for (std::size_t e = 0; e < simplices.size(); ++e) {
      groups_.push_back(group_of(simplices[e], D[e].inverse()));
    }
  });
}

SimplexFlux::Sums SimplexFlux::outflow(std::span<const double> rho, std::span<const double> mu,
                                       std::span<const double> size, std::span<double> out) const {
  std::ranges::fill(out, 0.0);
  Accumulator dissipation;
  Sums sums;
  for (const Group& g : groups_) {
    const double density = mean_over(g, rho);
    double D = 0, gross = 0;
    for_each_pair(g, [&](std::size_t i, std::size_t j, double s) {
      const auto K = std::size_t(g.cell[i]), L = std::size_t(g.cell[j]);
      const double drop = mu[K] - mu[L], F = density * s * drop;
      out[K] += F;
      out[L] -= F;
      D += F * drop;
      gross += std::abs(s) * (size[K] + size[L]);
    });
    dissipation.add(D);
    sums.gross += density * gross;
  }
  mesh_.halo.add_ghosts(mesh_.comm, out);
  std::array<double, 2> all{dissipation.value(), sums.gross};
  mesh_.comm.sum_in_place(all);
  return {all[0], all[1]};
}

}  // namespace otto
