#pragma once
// Values at the points of a rectangular lattice with axes of its own.

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "otto/core/point.h"
#include "otto/tables/number_table.h"

namespace otto {

struct Lattice {
  std::filesystem::path file;
  std::string name;                         ///< of the values, "" where the file has none
  std::array<std::vector<double>, 3> axis;  ///< coordinates, increasing; {0} beyond the dimension
  std::array<double, 3> period{};           ///< 0: does not repeat along the axis
  std::vector<double> values;               ///< x fastest; NaN or infinite where there is none
  bool cells = false;  ///< the points are centres of cells, which reach half a spacing further

  [[nodiscard]] std::size_t index(std::size_t i, std::size_t j, std::size_t k) const {
    return i + axis[0].size() * (j + axis[1].size() * k);
  }
};

/// What to make of points without a value.
struct LatticeOptions {
  std::string array = {};   ///< column or array of the values; "": the first
  bool may_miss = false;    ///< points that are not there, or not finite, stay NaN; else an error,
  std::string advice = {};  ///< which says what to do
  /// Why a finite value cannot be used, for an error with its place; "" where it can.
  std::function<std::string(double)> fault = {};
};

/// Reads a table of `dimension` coordinates and a value: text, .npy, .npz, HDF5 with /cells/center,
/// or a .vti image; rows in any order. A period told by the file whose last layer repeats the first
/// loses it. Throws InputError with file and line. Not collective.
Lattice read_lattice(const std::filesystem::path& file, int dimension,
                     const LatticeOptions& options);

/// The lattice that the rows are the points of, each of them once.
Lattice lattice_of(const NumberTable& table, int dimension, const LatticeOptions& options);

/// The least and largest value given at a point; 0 and 0 where there is none.
std::array<double, 2> range_of(const Lattice& lattice);

/// Lets it repeat after `period` along an axis, as the mesh does. A last layer at that distance from
/// the first holds the same values and is left out. Throws InputError where the lattice repeats
/// after another length, or its last layer differs.
void make_periodic(Lattice& lattice, std::size_t axis, double period);
/// The same for each translation of a mesh onto itself (mesh/periods.h).
void repeat_as_mesh(Lattice& lattice, const std::vector<Point>& periods, int dimension);

}  // namespace otto
