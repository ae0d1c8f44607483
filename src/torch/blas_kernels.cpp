// OpenBLAS picks its kernels by the processor's model number, and falls back to those of 2004
// ("Prescott", two numbers at a time) for a model newer than itself: networks then take three to
// four times as long. What the processor can do is known, so the choice is made again by its
// features, through OpenBLAS's own entry points for choosing (docs/decisions/0011-torch-module.md).
//
// OpenBLAS packs matrices into a buffer that it maps at its first product and then keeps (BUFFER_SIZE,
// 128 MB on x86-64). Where the mapping is refused it asks again for ever (blas_memory_alloc of its
// driver/others/memory.c), so that a limit of addresses must be looked at before.

#include "blas_kernels.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "otto/core/error.h"

namespace otto {

namespace {

/// The newest kernels of OpenBLAS 0.3 this processor can run; null where Prescott's are right.
const char* nearest_core() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return nullptr;
}

void choose_again(void* library, const char* core) {
  const auto name = reinterpret_cast<char* (*)()>(dlsym(library, "openblas_get_corename"));
  const auto quit = reinterpret_cast<void (*)()>(dlsym(library, "gotoblas_dynamic_quit"));
  const auto init = reinterpret_cast<void (*)()>(dlsym(library, "gotoblas_dynamic_init"));
  if (!name || !quit || !init || std::string_view(name()) != "Prescott") return;
  setenv("OPENBLAS_CORETYPE", core, 1);
  quit();
  init();
  unsetenv("OPENBLAS_CORETYPE");
}

/// Calls `use` with each BLAS that is loaded.
template <class Use>
void for_each_blas(const Use& use) {
  for (const char* file : {"libblas.so.3", "libopenblas.so.0"}) {
    void* library = dlopen(file, RTLD_NOLOAD | RTLD_LAZY);
    if (library == nullptr) continue;
    use(library);
    dlclose(library);
  }
}

bool can_map(std::size_t bytes) {
  void* place = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) return false;
  munmap(place, bytes);
  return true;
}

/// The smallest product that takes the buffer: c = a a' of order 1.
void multiply_once(void* library) {
  using Syrk = void (*)(const char*, const char*, const int*, const int*, const double*,
                        const double*, const int*, const double*, double*, const int*);
  const auto syrk = reinterpret_cast<Syrk>(dlsym(library, "dsyrk_"));
  if (!syrk) return;
  const int one = 1;
  const double a = 1.0, zero = 0.0;
  double c = 0.0;
  syrk("U", "N", &one, &one, &a, &a, &one, &zero, &c, &one);
}

}  // namespace

void choose_blas_kernels() {
  const char* core = nearest_core();
  if (core == nullptr || std::getenv("OPENBLAS_CORETYPE") != nullptr) return;
  for_each_blas([&](void* library) { choose_again(library, core); });
}

void take_blas_buffer() {
  constexpr std::size_t wanted = std::size_t(160) << 20;  // the buffer, and some room beside it
  for_each_blas([](void* library) {
    if (!dlsym(library, "openblas_get_corename")) return;
    if (!can_map(wanted)) {
      throw InputError(
          "BLAS, which networks multiply with, needs 160 MB of addresses, more than is left under "
          "the limit of this process (ulimit -v); raise it, or limit memory by a control group");
    }
    multiply_once(library);
  });
}

}  // namespace otto
