// A confined process tries what it may not do.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>

#include "otto/core/comm.h"
#include "otto/core/confinement.h"
#include "scratch.h"

namespace otto {
namespace {

/// The exit status of a confined child that does `work`; 100 where it cannot be confined.
int in_child(const std::function<int()>& work, const ConfinementLimits& limits = {}) {
  const pid_t child = fork();
  if (child == 0) {
    close_descriptors_but(-1);
    _exit(confine(limits) ? work() : 100);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int refused(int result) { return result < 0 && errno == EPERM ? 0 : 1; }

TEST(Confinement, LeavesReadingAndTakesTheRest) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const std::string there = (scratch.path() / "there").string(),
                    other = (scratch.path() / "new").string();
  std::ofstream(there) << "content";
  if (in_child([] { return 0; }) == 100) GTEST_SKIP() << "this kernel filters no system calls";
  const pid_t parent = getpid();
  const std::pair<const char*, std::function<int()>> tries[] = {
      {"makes a file", [&] { return refused(open(other.c_str(), O_CREAT | O_WRONLY, 0600)); }},
      {"opens a file for writing", [&] { return refused(open(there.c_str(), O_RDWR)); }},
      {"empties a file", [&] { return refused(open(there.c_str(), O_TRUNC)); }},
      {"removes a file", [&] { return refused(unlink(there.c_str())); }},
      {"renames a file", [&] { return refused(rename(there.c_str(), other.c_str())); }},
      {"makes a folder", [&] { return refused(mkdir(other.c_str(), 0700)); }},
      {"opens a connection", [] { return refused(socket(AF_INET, SOCK_STREAM, 0)); }},
      {"starts a process", [] { return refused(fork()); }},
      {"becomes another program", [] { return refused(execl("/bin/true", "true", nullptr)); }},
      {"signals its parent", [&] { return refused(kill(parent, SIGTERM)); }},
      {"reads a file",
       [&] {
         char letter = 0;
         const int file = open(there.c_str(), O_RDONLY);
         return file >= 0 && read(file, &letter, 1) == 1 && letter == 'c' ? 0 : 1;
       }},
      {"takes memory", [] {
         void* m =
             mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         return m == MAP_FAILED ? 1 : 0;
       }}};
  for (const auto& [name, attempt] : tries) EXPECT_EQ(in_child(attempt), 0) << name;
  EXPECT_TRUE(std::filesystem::exists(there));
  EXPECT_FALSE(std::filesystem::exists(other));
}

TEST(Confinement, LimitsMemoryAndTime) {
  const auto map = [](std::size_t bytes) {
    return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
  };
  const ConfinementLimits small{.memory_bytes = 64 << 20};
  EXPECT_EQ(in_child([&] { return map(16 << 20) ? 1 : 0; }, small), 0);
  EXPECT_EQ(in_child([&] { return map(256 << 20) ? 0 : 1; }, small), 0);
  const auto endless = [] {
    for (volatile bool on = true; on;) {
    }
    return 0;
  };
  EXPECT_EQ(in_child(endless, {.cpu_seconds = 1}), 1000 + SIGXCPU);
}

}  // namespace
}  // namespace otto
