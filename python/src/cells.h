#pragma once
// Cell values between the owned cells of each rank and whole arrays in the order of final.h5, which every rank
// holds.

#include <pybind11/numpy.h>

#include <memory>
#include <span>
#include <vector>

#include "otto/mesh/global_order.h"
#include "otto/mesh/mesh.h"

namespace otto::python {

namespace py = pybind11;

using Array = py::array_t<double, py::array::c_style | py::array::forcecast>;

class Cells {
 public:
  /// Keeps a reference to the mesh. Collective.
  explicit Cells(const Mesh& mesh);

  /// The whole field from its owned values (`columns` per cell). Collective.
  [[nodiscard]] std::vector<double> whole(std::span<const double> owned, int columns = 1) const;
  /// Owned values and ghosts, or owned ones alone, from a whole field. Local.
  [[nodiscard]] std::vector<double> local(std::span<const double> whole) const;
  [[nodiscard]] std::vector<double> owned(std::span<const double> whole) const;
  [[nodiscard]] std::vector<double> centers() const;  ///< n x d. Collective.
  [[nodiscard]] std::vector<double> volumes() const;  ///< n. Collective.
  [[nodiscard]] std::size_t count() const { return std::size_t(mesh_.global_cells); }
  [[nodiscard]] const Mesh& mesh() const { return mesh_; }

 private:
  const Mesh& mesh_;
  GlobalOrder order_;
};

/// Shape (n) or (n / columns, columns). Needs the interpreter's lock.
py::array_t<double> to_array(const std::vector<double>& values, int columns = 1);
/// Throws InputError naming `what` unless the array has `cells` finite entries. Needs the interpreter's lock.
std::vector<double> from_array(const Array& array, std::size_t cells, const char* what);

}  // namespace otto::python
