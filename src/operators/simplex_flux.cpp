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

}  // namespace

SimplexFlux::SimplexFlux(const Mesh& mesh, const Diffusion& diffusion) : mesh_(mesh) {
  const Tensor everywhere = diffusion.everywhere.inverse();
  std::vector<Tensor> regions;
  for (const Tensor& T : diffusion.region) regions.push_back(T.inverse());
  const std::vector<Simplex> simplices = simplices_of(mesh);
  groups_.reserve(simplices.size());
  for (const Simplex& simplex : simplices) {
    const bool own = simplex.region >= 0 && !regions.empty();
    groups_.push_back(group_of(simplex, own ? regions[std::size_t(simplex.region)] : everywhere));
  }
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
