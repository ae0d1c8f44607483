#include "otto/core/module.h"

#include <dlfcn.h>

#include <utility>

namespace otto {

namespace {

std::filesystem::path program_folder() {
  std::error_code code;
  return std::filesystem::read_symlink("/proc/self/exe", code).parent_path();
}

}  // namespace

std::filesystem::path Module::find_file(const std::string& name) {
  std::error_code code;
  const auto folder = program_folder();
  for (const auto& place : {folder, folder.parent_path(), folder.parent_path() / "lib" / "otto"}) {
    if (std::filesystem::exists(place / name, code)) return place / name;
  }
  return {};
}

Module::Module(std::string name) : name_(std::move(name)) {
  const auto file = find_file(name_);
  if (file.empty()) {
    error_ = name_ + " is not beside the executable in " + program_folder().string();
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
