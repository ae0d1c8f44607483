#pragma once
// Parts of Otto that stand on large libraries live in modules of their own, loaded when a run first
// needs them: a run without pays no start-up, and Otto builds without the library. A module is
// looked for beside libotto.so (a build folder) and in the folder `otto` there (an installed tree),
// whatever program has loaded libotto. What it offers are plain C functions; both sides are built
// together, so C++ types may pass.

#include <filesystem>
#include <string>
#include <type_traits>

namespace otto {

/// One loaded module; it stays loaded until the program ends.
class Module {
 public:
  /// Loads `name` ("libotto_vtk.so"). Never throws; see error().
  explicit Module(std::string name);
  /// Where the module is; "" where it is not.
  static std::filesystem::path find_file(const std::string& name);
  /// Finds an entry point; a missing one becomes the error.
  template <class Function>
  void find(Function*& function, const char* entry) {
    function = reinterpret_cast<Function*>(look_up(entry));
  }
  /// Why the module cannot be used; "" if it can.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  void* look_up(const char* entry);

  std::string name_, error_;
  void* handle_ = nullptr;
};

}  // namespace otto
