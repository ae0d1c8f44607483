#pragma once
// A folder that lives as long as a test.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "otto/core/comm.h"

namespace otto {

/// The same new folder on every rank; the root rank removes it. Collective.
class ScratchFolder {
 public:
  explicit ScratchFolder(const Comm& comm) : comm_(comm) {
    std::string name = (std::filesystem::temp_directory_path() / "otto-test-XXXXXX").string();
    if (comm.is_root() && mkdtemp(name.data()) == nullptr) std::abort();
    path_ = comm.broadcast(name);
  }
  ~ScratchFolder() {
    MPI_Barrier(comm_.handle());
    std::error_code ignored;
    if (comm_.is_root()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  Comm comm_;
  std::filesystem::path path_;
};

}  // namespace otto
