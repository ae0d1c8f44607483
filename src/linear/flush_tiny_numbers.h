#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace otto {

/// While one lives, results below 1e-308 are zero. Densities in the tails of cold, steep energies
/// are that small, and most processors take a hundred times longer over such numbers.
class FlushTinyNumbers {
 public:
#ifdef __SSE2__
  FlushTinyNumbers() : saved_(_mm_getcsr()) {
    _mm_setcsr(saved_ | flush_to_zero | inputs_are_zero);
  }
  ~FlushTinyNumbers() { _mm_setcsr(saved_); }

 private:
  static constexpr unsigned flush_to_zero = 0x8000, inputs_are_zero = 0x0040;
  unsigned saved_;
#else
  FlushTinyNumbers() {}
  ~FlushTinyNumbers() {}

 public:
#endif
  FlushTinyNumbers(const FlushTinyNumbers&) = delete;
  FlushTinyNumbers& operator=(const FlushTinyNumbers&) = delete;
};

}  // namespace otto
