#include "otto/io/vtk_module.h"

#include "otto/core/error.h"
#include "otto/core/module.h"
#include "vtk_calls.h"

namespace otto {

namespace {

VtkCalls load() {
  VtkCalls calls;
  Module module("libotto_vtk.so");
  module.find(calls.read_image, "otto_vtk_read_image");
  module.find(calls.write_block, "otto_vtk_write_block");
  module.find(calls.write_cells, "otto_vtk_write_cells");
  calls.error = module.error();
  return calls;
}

}  // namespace

const VtkCalls& vtk_calls() {
  static const VtkCalls calls = load();
  if (!calls.error.empty()) {
    throw InputError("the VTK module is missing: " + calls.error +
                     "; build with -DOTTO_VTK=ON and libvtk9-dev installed, or use HDF5 files");
  }
  return calls;
}

void require_vtk_module() { vtk_calls(); }

ImageTable read_image_table(const std::filesystem::path& file, const std::string& array) {
  std::error_code code;
  if (!std::filesystem::exists(file, code)) throw InputError(file.string() + ": no such file");
  ImageTable table;
  std::string error;
  if (!vtk_calls().read_image(file.string(), array, table, error)) {
    throw InputError(file.string() + ": " + error);
  }
  return table;
}

}  // namespace otto
