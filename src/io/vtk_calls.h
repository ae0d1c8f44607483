#pragma once
#include "otto/io/vtk_entry.h"

namespace otto {

/// The entry points found in the loaded module.
struct VtkCalls {
  decltype(&otto_vtk_read_image) read_image = nullptr;
  decltype(&otto_vtk_write_block) write_block = nullptr;
  decltype(&otto_vtk_write_cells) write_cells = nullptr;
  std::string error;  ///< why there are none
};

/// Loads the module at the first call. Throws InputError where it is missing.
const VtkCalls& vtk_calls();

}  // namespace otto
