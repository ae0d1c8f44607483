// Large blocks of memory in huge pages. Fields of a grid are blocks of megabytes: in pages of 4 KiB, half of a short run is spent on
// the faults that bring them in, and its loops on looking pages up. Linux gives pages of 2 MiB to those who ask, where its
// setting (/sys/kernel/mm/transparent_hugepage/enabled) is "madvise", as in Debian; glibc asks for none unless the environment says so
// (GLIBC_TUNABLES=glibc.malloc.hugetlb=1).
//
// Blocks of the heap lie next to one another there, so that those below 2 MiB share pages; what is given back stays with the process.

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t large = std::size_t{128} << 10;  ///< bytes
constexpr std::uintptr_t huge_page = std::uintptr_t{2} << 20;
constexpr int heap_blocks = 32 << 20;  ///< up to this size on the heap; glibc allows no more
constexpr int heap_growth = 64 << 20;  ///< at a time, so that most of it is asked for before it is written to
constexpr int heap_kept = 256 << 20;   ///< free bytes at its end

/// A wish for [begin, end): refused where the kernel has no such pages.
void ask(std::uintptr_t begin, std::uintptr_t end) {
  begin = (begin + huge_page - 1) / huge_page * huge_page;
  end = end / huge_page * huge_page;
  if (begin < end) (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

std::uintptr_t heap_end() { return reinterpret_cast<std::uintptr_t>(sbrk(0)); }

void* take(std::size_t bytes) {
  if (bytes < large) return std::malloc(bytes > 0 ? bytes : 1);
  static const bool arranged = mallopt(M_MMAP_THRESHOLD, heap_blocks) != 0 &&
                               mallopt(M_TOP_PAD, heap_growth) != 0 &&
                               mallopt(M_TRIM_THRESHOLD, heap_kept) != 0;
  static std::atomic<std::uintptr_t> asked = heap_end();
  void* block = std::malloc(bytes);
  if (!arranged || !block) return block;
  const auto at = reinterpret_cast<std::uintptr_t>(block);
  const std::uintptr_t end = heap_end(), before = asked.exchange(end);
  if (at >= end) ask(at, at + bytes);  // not on the heap
  if (end > before) ask(before, end);
  return block;
}

}  // namespace

void* operator new(std::size_t bytes) {
  for (;;) {
    if (void* block = take(bytes)) return block;
    const std::new_handler handler = std::get_new_handler();
    if (!handler) throw std::bad_alloc();
    handler();
  }
}

void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
