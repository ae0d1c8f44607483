// V from tables: given at the cells of the mesh, or on a lattice.

#include "external_terms.h"
#include "otto/tables/columns.h"
#include "otto/tables/lattice_table.h"

namespace otto {

namespace {

/// V(x) by Table::at.
template <class Table>
class TableEnergy final : public ExternalEnergy {
 public:
  explicit TableEnergy(Table table) : table_(std::move(table)) {}
  void evaluate(std::span<const Point> points, double, std::span<double> values) const override {
    for (std::size_t i = 0; i < points.size(); ++i) values[i] = table_.at(points[i]);
  }

 private:
  Table table_;
};

}  // namespace

std::unique_ptr<ExternalEnergy> make_cell_table_energy(const std::filesystem::path& file,
                                                       const Mesh& mesh) {
  return std::make_unique<TableEnergy<CellTable>>(
      CellTable(file, {"/cells/value", "/cells/external"}, mesh));
}

std::unique_ptr<ExternalEnergy> make_image_energy(const std::filesystem::path& file,
                                                  const std::string& array, int dimension) {
  return std::make_unique<TableEnergy<LatticeTable>>(LatticeTable(file, array, dimension));
}

}  // namespace otto
