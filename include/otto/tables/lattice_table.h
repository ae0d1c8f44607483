#pragma once
// Values on a lattice (a .vti image), interpolated linearly along each axis:
//
//   V(x) = sum over the 2^d corners of the lattice cell that holds x of
//          prod_a (1 - s_a or s_a) V(corner),      s_a = (x_a - origin_a) / spacing_a - i_a.

#include <array>
#include <filesystem>
#include <string>

#include "otto/core/point.h"
#include "otto/io/vtk_module.h"

namespace otto {

class LatticeTable {
 public:
  /// Reads one scalar array ("" = the first) of a .vti file. Throws InputError naming the file,
  /// also where an axis of the mesh has fewer than two points. Not collective.
  LatticeTable(std::filesystem::path file, const std::string& array, int dimension);
  /// Throws InputError outside the lattice.
  [[nodiscard]] double at(const Point& x) const;

 private:
  [[nodiscard]] double interpolate(const std::array<std::size_t, 3>& low,
                                   const std::array<double, 3>& part) const;

  std::filesystem::path file_;
  ImageTable table_;
  int dimension_;
};

}  // namespace otto
