// The filter is a program for the kernel's Berkeley packet machine: it sees the number of a system call and its
// arguments. Allowed are those that memory, reading, clocks and the end of a process take; every other one fails
// with EPERM. openat is allowed where its flags ask for reading alone. The machine is checked first, since the same
// numbers mean other calls elsewhere.

#include "otto/core/confinement.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <vector>

namespace otto {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t machine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t machine = 0;
#endif

constexpr std::uint32_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_TMPFILE;

constexpr auto allowed = std::to_array<std::uint32_t>({
    SYS_read,
    SYS_pread64,
    SYS_readv,
    SYS_write,
    SYS_writev,
    SYS_close,
    SYS_lseek,
    SYS_fstat,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getpid,
    SYS_gettid,
    SYS_getrandom,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_getcpu,
    SYS_sysinfo,
    SYS_uname,
    SYS_getrusage,
    SYS_exit,
    SYS_exit_group,
    SYS_restart_syscall,
    SYS_getdents64,
    SYS_readlinkat,
    SYS_faccessat,
    SYS_newfstatat,
    SYS_fcntl,
    SYS_flock,
#ifdef SYS_readlink
    SYS_readlink,
    SYS_access,
    SYS_stat,
    SYS_lstat,
#endif
#ifdef SYS_statx
    SYS_statx,
#endif
#ifdef SYS_rseq
    SYS_rseq,
#endif
});

constexpr std::uint32_t deny = SECCOMP_RET_ERRNO | EPERM;

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, std::uint32_t(offset));
}
/// Goes on `then` instructions further where the loaded word is `value`, else `otherwise` further.
sock_filter when(std::uint32_t value, int then, int otherwise) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, std::uint8_t(then), std::uint8_t(otherwise));
}
sock_filter answer(std::uint32_t value) { return BPF_STMT(BPF_RET | BPF_K, value); }

std::vector<sock_filter> make_filter() {
  std::vector<sock_filter> f{load(offsetof(seccomp_data, arch)), when(machine, 1, 0), answer(deny),
                             load(offsetof(seccomp_data, nr))};
  for (const std::uint32_t call : allowed) {
    f.push_back(when(call, 0, 1));
    f.push_back(answer(SECCOMP_RET_ALLOW));
  }
  f.push_back(when(SYS_openat, 0, 3));
  f.push_back(load(offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t)));
  f.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, writing & ~std::uint32_t(O_DIRECTORY), 1, 0));
  f.push_back(answer(SECCOMP_RET_ALLOW));
  f.push_back(answer(deny));
  return f;
}

/// Addresses of this process in use, in bytes.
std::uint64_t memory_in_use() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * std::uint64_t(sysconf(_SC_PAGESIZE));
}

void limit(int resource, std::uint64_t value, std::uint64_t beyond = 0) {
  const rlimit r{value, value + beyond};
  setrlimit(resource, &r);
}

}  // namespace

bool confine(const ConfinementLimits& limits) {
  limit(RLIMIT_CORE, 0);
  if (limits.cpu_seconds > 0) {
    limit(RLIMIT_CPU, std::uint64_t(std::ceil(limits.cpu_seconds)), 1);  // SIGXCPU, then SIGKILL
  }
  if (limits.memory_bytes > 0) limit(RLIMIT_AS, memory_in_use() + limits.memory_bytes);
  if (machine == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  std::vector<sock_filter> filter = make_filter();
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  // for all threads that libraries have started
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

void close_descriptors_but(int kept) {
  const int nowhere = open("/dev/null", O_RDWR);
  for (int d = 0; d <= STDERR_FILENO; ++d) {
    if (d != kept) dup2(nowhere, d);
  }
  const int limit = int(std::min<long>(sysconf(_SC_OPEN_MAX), 1 << 16));
  for (int d = STDERR_FILENO + 1; d < limit; ++d) {
    if (d != kept) close(d);
  }
}

}  // namespace otto
