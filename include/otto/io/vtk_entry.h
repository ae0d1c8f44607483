#pragma once
// The entry points of libotto_vtk, as the program sees them and as the module defines them. No VTK
// header here. Both sides are built together, so C++ types may pass; exceptions do not: a function
// returns false and says why in `error`.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "otto/io/field_series.h"
#include "otto/io/vtk_module.h"

namespace otto {

/// One rank's block of equal cells; `extent` counts lattice points as VTK does.
struct VtkBlock {
  std::array<int, 6> extent{};
  std::array<double, 3> origin{}, spacing{1, 1, 1};
};

extern "C" {
bool otto_vtk_read_image(const std::string& file, const std::string& array, ImageTable& table,
                         std::string& error);
bool otto_vtk_write_block(const VtkBlock& block, std::span<const NamedField> fields,
                          std::string& text, std::string& error);
bool otto_vtk_write_cells(const CellShapes& cells, std::span<const NamedField> fields,
                          std::string& text, std::string& error);
}

}  // namespace otto
