// Initial and exact densities as cell averages. The initial one is scaled so that
// sum_K vol_K rho_K = mass, whatever the quadrature or the box leaves of it.

#include "otto/initial/initial.h"

#include <algorithm>
#include <cmath>

#include "../energy/expression_energy.h"
#include "initial_kinds.h"
#include "otto/casefile/at_key.h"
#include "otto/casefile/key.h"
#include "otto/core/caution.h"
#include "otto/core/error.h"
#include "otto/core/words.h"
#include "otto/mesh/region.h"
#include "otto/tables/cell_density.h"
#include "otto/tables/quadrature.h"

namespace otto {

namespace {

const Declare keys{
    {{"initial", "The density at time 0."},
     {"exact", "The exact density, against which errors are reported."}},
    {{.path = "initial.kind",
      .type = Type::text,
      .doc = "How the initial density is given.",
      .required = true},
     {.path = "initial.mass",
      .doc = "Total mass, to which the initial density is scaled.",
      .fallback = "1.0",
      .range = positive,
      .equation = "sum_K vol_K rho_K = mass"},
     {.path = "initial.region",
      .type = Type::text,
      .doc = "Region of a Gmsh mesh (a physical name) outside which the initial density is zero."},
     {.path = "initial.expression",
      .type = Type::text,
      .doc = "The density as an expression in x, y and z (t is 0); its cell averages are taken.",
      .required = true,
      .when = "kind=expression"},
     {.path = "initial.file",
      .type = Type::text,
      .doc =
          "table: /cells/center and /cells/density as in final.h5, or columns x, y, z, density as "
          "text, .npy, .npz, or a .vti image, on a lattice of their own. samples: /samples of an "
          "HDF5 file, columns of text, .npy, .npz; a row each.",
      .required = true,
      .when = "kind=table|samples",
      .file = true},
     {.path = "exact.density",
      .type = Type::text,
      .doc =
          "The exact density as an expression in x, y, z and t; its cell averages are taken, on a "
          "Gmsh mesh its values at the cell centres.",
      .required = true}},
    {{"initial.kind", "uniform", "The same density everywhere."},
     {"initial.kind", "gibbs", "The discrete equilibrium exp(-V/kT) at the cell centres.",
      "rho_K = exp(-V_K/kT) / Z"},
     {"initial.kind", "expression", "An expression in x, y and z."},
     {"initial.kind", "table",
      "Values from a file: those of the cells, or on a lattice, interpolated."}}};

std::vector<double> expression_averages(const Section& section, const std::string& key,
                                        const Mesh& mesh, double t) {
  const Expression expression = read_expression(section, key, section.text(key), mesh.dimension);
  return cell_averages(mesh, [&](std::span<const Point> points, std::span<double> values) {
    expression.evaluate(points, t, values);
  });
}

std::vector<double> expression_values(const Section& section, const std::string& key,
                                      const Mesh& mesh, double t) {
  std::vector<double> values(static_cast<std::size_t>(mesh.owned));
  read_expression(section, key, section.text(key), mesh.dimension)
      .evaluate(std::span(mesh.center).first(values.size()), t, values);
  return values;
}

std::vector<double> table_density(const Section& initial, const Mesh& mesh) {
  return density_at_cells(initial.file("file"), mesh,
                          {.outside_is_empty = initial.text("outside") == "drop",
                           .advice = "; initial.outside = \"drop\" makes it empty there"});
}

/// Every kind that needs no communication.
std::vector<double> local_density(const Section& initial, const Mesh& mesh) {
  const std::string kind = initial.text("kind");
  if (kind == "gaussian") return gaussian_density(initial, mesh);
  if (kind == "expression") return expression_averages(initial, "expression", mesh, 0.0);
  const auto of_file = [&](auto&& read) {
    return at_key(initial, "file", [&] { return read(initial, mesh); });
  };
  if (kind == "table") return of_file(table_density);
  if (kind == "samples") return of_file(sampled_density);
  if (kind != "uniform") initial.fail("kind", "there is no initial density '" + kind + "'");
  return std::vector<double>(static_cast<std::size_t>(mesh.owned), 1.0);
}

/// An expression may leave out any factor, but hardly this one: where it is so small, the place where it is not lies
/// outside of the mesh.
constexpr double smallest_scale = 1e-100;

double largest(std::span<const double> values) {
  double max = 0;
  for (const double v : values) max = std::max(max, std::abs(v));
  return max;
}

/// Rounding of an expression whose exact value is 0 may fall below it: that much is set to 0.
void check_density(const Section& initial, const Mesh& mesh, std::vector<double>& rho,
                   double largest_anywhere) {
  for (std::size_t c = 0; c < rho.size(); ++c) {
    if (rho[c] >= 0 && std::isfinite(rho[c])) continue;
    if (rho[c] < 0 && rho[c] >= -1e-14 * largest_anywhere) {
      rho[c] = 0;
      continue;
    }
    initial.fail("kind", fmt::format("the average over the cell at {} is {}; a density is finite "
                                     "and not negative",
                                     to_text(mesh.center[c], mesh.dimension), rho[c]));
  }
}

/// No cell starts above the maximum that `whose` names, but for rounding, which is taken off.
void check_maximum(const Section& initial, const Mesh& mesh, std::vector<double>& rho, double max,
                   const char* whose) {
  for (std::size_t c = 0; c < rho.size(); ++c) {
    if (rho[c] > max * (1 + 1e-12)) {
      initial.fail("kind",
                   fmt::format("the density {:.6g} of the cell at {} is above {}, the {}; "
                               "spread it out, or take a smaller initial.mass",
                               rho[c], to_text(mesh.center[c], mesh.dimension), max, whose));
    }
    rho[c] = std::min(rho[c], max);
  }
}

}  // namespace

std::vector<double> initial_density(const Case& c, const Mesh& mesh, const FreeEnergy& energy) {
  const Section initial = c.section("initial");
  if (!initial.present()) {
    throw InputError(c.file().string() + ": needs an [initial] table with the density at time 0");
  }
  std::vector<double> rho;
  if (initial.text("kind") == "gibbs") {
    if (!energy.linear()) {
      initial.fail("kind",
                   "exp(-V/kT) is the equilibrium of an entropy and external energies alone; "
                   "start from another density here");
    }
    if (energy.varying_temperature()) {
      initial.fail("kind",
                   "exp(-V/kT) is at rest where the temperature is the same everywhere; start from "
                   "another density here");
    }
    rho = gibbs_density(mesh, energy);
  } else {
    mesh.comm.together([&] { rho = local_density(initial, mesh); });
  }
  if (const std::int32_t region = read_region(initial, mesh); region >= 0) {
    const std::vector<double> share = shares_of_region(mesh, region);
    for (std::size_t i = 0; i < rho.size(); ++i) rho[i] *= share[i];
  }
  const double max = mesh.comm.max(largest(rho));
  mesh.comm.together([&] { check_density(initial, mesh, rho, max); });
  const double found = integral(mesh, rho);
  if (!(found > 0 && std::isfinite(found))) {
    initial.fail("kind", fmt::format("the density has mass {} inside the mesh", found));
  }
  if (initial.text("kind") == "gaussian" && !initial.given("region")) {
    check_gaussian_mass(initial, mesh, found);
  }
  if (initial.text("kind") == "expression" && max < smallest_scale) {
    caution(
        fmt::format("{}: the largest density on the mesh is {:.2g}, and all of it is scaled up to "
                    "initial.mass; is it meant "
                    "to lie outside?",
                    initial.where("expression"), max));
  }
  const double factor = initial.real("mass") / found;
  for (double& r : rho) r *= factor;
  const double max_allowed = energy.internal().maximum();
  const Section mobility = c.section("mobility");
  mesh.comm.together([&] {
    check_maximum(initial, mesh, rho, max_allowed, "energy.maximum of the crowd");
    if (mobility.given("maximum")) {
      check_maximum(initial, mesh, rho, mobility.real("maximum"), "mobility.maximum");
    }
  });
  return rho;
}

std::optional<std::vector<double>> exact_density(const Case& c, const Mesh& mesh, double t) {
  const Section exact = c.section("exact");
  if (!exact.present()) return std::nullopt;
  std::vector<double> rho;
  mesh.comm.together([&] {
    // Where a cell's centre is not its centre of mass, its value is second order at the centre.
    rho = mesh.box ? expression_averages(exact, "density", mesh, t)
                   : expression_values(exact, "density", mesh, t);
    for (std::size_t i = 0; i < rho.size(); ++i) {
      if (std::isfinite(rho[i])) continue;
      exact.fail("density", fmt::format("the density of the cell at {} at time {} is {}",
                                        to_text(mesh.center[i], mesh.dimension), t, rho[i]));
    }
  });
  return rho;
}

}  // namespace otto
