#pragma once
// VTK lives in a module of its own (libotto_vtk; otto/core/module.h), loaded only when a run reads or
// writes VTK's XML formats.

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace otto {

/// Point data on a regular lattice, x fastest: value(i, j, k) at origin + (i, j, k) * spacing.
struct ImageTable {
  std::array<int, 3> points{1, 1, 1};
  std::array<double, 3> origin{}, spacing{1, 1, 1};
  std::vector<double> values;
  bool cell_data = false;  ///< the values were cell data; origin is the first cell's centre then
};

/// Reads one scalar array ("" = the first) of a .vti file. Throws InputError naming the file.
/// Not collective.
ImageTable read_image_table(const std::filesystem::path& file, const std::string& array);

/// Throws InputError saying what to do where the VTK module is not there or cannot be loaded.
void require_vtk_module();

}  // namespace otto
