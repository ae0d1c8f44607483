#include "folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "otto/core/error.h"

namespace otto {

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

void FolderLock::take(const std::filesystem::path& folder) {
  using namespace std::chrono_literals;
  constexpr auto patience = 5000ms, pause = 50ms;
  if (descriptor_ < 0) descriptor_ = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) return;
  const auto end = std::chrono::steady_clock::now() + patience;
  while (flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    if (std::chrono::steady_clock::now() > end) {
      throw IoError(folder.string() +
                    ": another command writes into this folder; wait for its end, or give another "
                    "folder (-o)");
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace otto
