#include "otto/tables/cell_density.h"

#include <cmath>

#include "otto/mesh/periods.h"
#include "otto/tables/columns.h"
#include "otto/tables/lattice_table.h"

namespace otto {

namespace {

template <class Table>
std::vector<double> values_at(const Table& table, const Mesh& mesh) {
  std::vector<double> rho(std::size_t(mesh.owned));
  for (std::size_t c = 0; c < rho.size(); ++c) rho[c] = table.at(mesh.center[c]);
  return rho;
}

}  // namespace

std::vector<double> density_at_cells(const std::filesystem::path& file, const Mesh& mesh,
                                     const CellDensityOptions& options) {
  if (is_of_mesh(file, mesh)) return values_at(CellTable(file, {"/cells/density"}, mesh), mesh);
  const std::string dataset = is_hdf5(file) ? "density" : "";
  Lattice lattice = read_lattice(file, mesh.dimension, {.array = dataset, .may_miss = true});
  repeat_as_mesh(lattice, periods_of(mesh), mesh.dimension);
  LatticeRules rules{.missing = 0.0, .advice = options.advice};
  if (options.outside_is_empty) rules.outside = LatticeRules::Outside::wall;
  return values_at(LatticeTable(std::move(lattice), mesh.dimension, rules), mesh);
}

}  // namespace otto
