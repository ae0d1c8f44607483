#pragma once
// The nearest point (q_a, q_b) of the paraboloid's inside { a + |b|^2/2 <= 0 } to (a, b), in the
// metric a^2 + gamma |b|^2. With lambda >= 0 the multiplier,
//
//     q_a = a - lambda,   q_b = b / t,   t = 1 + lambda/gamma,
//     f(lambda) = a - lambda + S/(2 t^2) = 0,
//
// S = |b|^2. f is convex and decreasing, and positive at max(a, 0) where the point lies outside, so
// Newton's iterates, kept above max(a, 0), come from the left after the first; for points inside
// they stay at 0.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace otto {

/// lambda of `count` points; the input is the initial guess (>= 0).
inline void project_onto_paraboloid(std::int64_t count, const double* a, const double* S,
                                    double gamma, double* lambda) {
  constexpr int max = 60;
  constexpr double enough = 1e-12;
  const double inverse = 1 / gamma;
  for (int i = 0; i < max; ++i) {
    double worst = 0;
#pragma omp simd reduction(max : worst)
    for (std::int64_t r = 0; r < count; ++r) {
      const double t = 1 + lambda[r] * inverse;
      const double g = 0.5 * S[r] / (t * t);
      const double f = a[r] - lambda[r] + g, slope = -1 - 2 * inverse * g / t;
      const double next = std::max(lambda[r] - f / slope, std::max(a[r], 0.0));
      worst = std::max(worst, std::abs(next - lambda[r]) / (gamma + next));
      lambda[r] = next;
    }
    if (worst <= enough) return;
  }
}

}  // namespace otto
