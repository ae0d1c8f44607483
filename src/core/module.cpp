#include "otto/core/module.h"

#include <dlfcn.h>

#include <utility>

namespace otto {

namespace {

/// Where the library (or program) that holds this function lies, symbolic links followed: its
/// modules lie beside that file and not beside whatever program has loaded it.
std::filesystem::path own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0) return {};
  std::error_code code;
  return std::filesystem::canonical(info.dli_fname, code).parent_path();
}

}  // namespace

std::filesystem::path Module::find_file(const std::string& name) {
  std::error_code code;
  const auto folder = own_folder();
  for (const auto& place : {folder, folder / "otto"}) {
    if (std::filesystem::exists(place / name, code)) return place / name;
  }
  return {};
}

Module::Module(std::string name) : name_(std::move(name)) {
  const auto file = find_file(name_);
  if (file.empty()) {
    error_ = name_ + " is neither in " + own_folder().string() + " nor in its folder otto";
    return;
  }
  handle_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) error_ = file.string() + " cannot be loaded: " + dlerror();
}

void* Module::look_up(const char* entry) {
  if (handle_ == nullptr) return nullptr;
  void* found = dlsym(handle_, entry);
  if (found == nullptr) error_ = name_ + " has no " + entry;
  return found;
}

}  // namespace otto
