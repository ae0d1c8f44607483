#pragma once
// One command at a time in a folder, by flock(2) on the folder itself: nothing is left behind, and the kernel lets go where the
// process ends, however it does.

#include <filesystem>

namespace otto {

class FolderLock {
 public:
  FolderLock() = default;
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// Throws IoError where another command holds the folder and does not let go within seconds, as one that is about to end
  /// would. File systems that know no locks give none.
  void take(const std::filesystem::path& folder);

 private:
  int descriptor_ = -1;
};

}  // namespace otto
