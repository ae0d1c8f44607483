#include "otto/io/vtk_module.h"

#include <dlfcn.h>

#include "otto/core/error.h"
#include "vtk_calls.h"

namespace otto {

namespace {

std::string open_module(void*& module) {
  std::error_code code;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", code).parent_path();
  for (const auto& place : {folder, folder.parent_path(), folder.parent_path() / "lib" / "otto"}) {
    const auto file = place / "libotto_vtk.so";
    if (!std::filesystem::exists(file, code)) continue;
    module = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) return file.string() + " cannot be loaded: " + dlerror();
    return {};
  }
  return "libotto_vtk.so is not beside the executable in " + folder.string();
}

VtkCalls load() {
  VtkCalls calls;
  void* module = nullptr;
  calls.error = open_module(module);
  if (!calls.error.empty()) return calls;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(module, name));
    if (function == nullptr) calls.error = std::string("libotto_vtk.so has no ") + name;
  };
  find(calls.read_image, "otto_vtk_read_image");
  find(calls.write_block, "otto_vtk_write_block");
  find(calls.write_cells, "otto_vtk_write_cells");
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
