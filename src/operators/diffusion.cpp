#include "otto/operators/diffusion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <Eigen/Dense>
#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/flux/two_point.h"
#include "otto/mesh/region.h"

namespace otto {

namespace {

const Declare keys{
    {{"diffusion",
      "The tensor with which the density moves; the identity if not said. It needs "
      "`flux.kind = \"simplex\"`."},
     {.path = "diffusion.region", .doc = "Its value in a region of the mesh.", .repeated = true}},
    {{.path = "diffusion.tensor",
      .type = Type::matrix,
      .doc = "Symmetric and positive definite, one row per axis. What diffuses is kT times it.",
      .equation = "d_t rho = div(rho tensor grad mu), mu = U'(rho) + V"},
     {.path = "diffusion.region.name",
      .type = Type::text,
      .doc = "Physical name of the region.",
      .required = true},
     {.path = "diffusion.region.tensor",
      .type = Type::matrix,
      .doc = "As `diffusion.tensor`, in that region.",
      .required = true}},
    {{"flux.kind", flux_on_simplices,
      "Whole gradients from groups of d + 1 cells: consistent for any tensor and on meshes that "
      "are "
      "orthogonal to nothing. Positive, dissipative, Gibbs states at rest.",
      "F_ij = rho_e s_ij (mu_i - mu_j), mu = U'(rho) + V, rho_e the mean of the group"}}};

Tensor read_tensor(const Section& section, int d) {
  const auto rows = section.matrix("tensor");
  const bool square = rows.size() == std::size_t(d) && std::ranges::all_of(rows, [&](auto& row) {
                        return row.size() == std::size_t(d);
                      });
  if (!square) {
    section.fail("tensor", fmt::format("the mesh has {0} dimension{1}, so {0} row{1} of {0} "
                                       "number{1} {2} needed",
                                       d, d == 1 ? "" : "s", d == 1 ? "is" : "are"));
  }
  Tensor T(d, d);
  for (int i = 0; i < d; ++i) {
    for (int j = 0; j < d; ++j) T(i, j) = rows[std::size_t(i)][std::size_t(j)];
  }
  if (!(T - T.transpose()).isZero(1e-14 * T.cwiseAbs().maxCoeff())) {
    section.fail("tensor", "must be symmetric: equal numbers on both sides of the diagonal");
  }
  const Eigen::SelfAdjointEigenSolver<Tensor> eigen(T);
  const double min = eigen.eigenvalues()(0), max = eigen.eigenvalues()(d - 1);
  if (!(min > 1e-14 * max)) {
    section.fail("tensor", fmt::format("must be positive definite; its eigenvalues are {:.6g}",
                                       fmt::join(eigen.eigenvalues(), ", ")));
  }
  return T;
}

}  // namespace

Diffusion identity_diffusion(const Mesh& mesh) {
  return {.everywhere = Tensor::Identity(mesh.dimension, mesh.dimension), .region = {}};
}

Diffusion read_diffusion(const Section& whole, std::span<const Section> regions, const Mesh& mesh) {
  Diffusion diffusion = identity_diffusion(mesh);
  if (whole.given("tensor")) diffusion.everywhere = read_tensor(whole, mesh.dimension);
  if (regions.empty()) return diffusion;
  const std::size_t names = mesh.region_names.size(), labels = names + mesh.region_sets.size();
  diffusion.region.assign(labels, diffusion.everywhere);
  std::vector<bool> given(labels, false);
  for (const Section& section : regions) {
    const std::int32_t region = read_region(section, mesh, "name");
    const Tensor tensor = read_tensor(section, mesh.dimension);
    for (std::size_t label = 0; label < labels; ++label) {
      if (!has_name(std::int32_t(label), region, names, mesh.region_sets)) continue;
      if (given[label] && label >= names) {
        section.fail("name", fmt::format("the region '{}' shares cells with another that has a "
                                         "tensor of its own; give such cells one tensor",
                                         mesh.region_names[std::size_t(region)]));
      }
      given[label] = true;
      diffusion.region[label] = tensor;
    }
  }
  return diffusion;
}

}  // namespace otto
