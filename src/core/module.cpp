#include "otto/core/module.h"

#include <dlfcn.h>

#include <filesystem>
#include <utility>

namespace otto {

Module::Module(std::string name) : name_(std::move(name)) {
  std::error_code code;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", code).parent_path();
  for (const auto& place : {folder, folder.parent_path(), folder.parent_path() / "lib" / "otto"}) {
    const auto file = place / name_;
    if (!std::filesystem::exists(file, code)) continue;
    handle_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) error_ = file.string() + " cannot be loaded: " + dlerror();
    return;
  }
  error_ = name_ + " is not beside the executable in " + folder.string();
}

void* Module::look_up(const char* entry) {
  if (handle_ == nullptr) return nullptr;
  void* found = dlsym(handle_, entry);
  if (found == nullptr) error_ = name_ + " has no " + entry;
  return found;
}

}  // namespace otto
