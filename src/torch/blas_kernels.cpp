// OpenBLAS picks its kernels by the processor's model number, and falls back to those of 2004
// ("Prescott", two numbers at a time) for a model newer than itself: networks then take three to
// four times as long. What the processor can do is known, so the choice is made again by its
// features, through OpenBLAS's own entry points for choosing (docs/decisions/0011-torch-module.md).

#include "blas_kernels.h"

#include <dlfcn.h>

#include <cstdlib>
#include <string_view>

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

}  // namespace

void choose_blas_kernels() {
  const char* core = nearest_core();
  if (core == nullptr || std::getenv("OPENBLAS_CORETYPE") != nullptr) return;
  for (const char* file : {"libblas.so.3", "libopenblas.so.0"}) {
    void* library = dlopen(file, RTLD_NOLOAD | RTLD_LAZY);
    if (library == nullptr) continue;
    choose_again(library, core);
    dlclose(library);
  }
}

}  // namespace otto
