// silu: e^-a = 2^k (1 + q) (otto/core/split_exponential.h), s = 1/(1 + e^-a), silu = a s, silu' = s + a s (1 - s).
// Sine and cosine: p = n pi/2 + r, |r| <= pi/4, pi/2 in three parts of 33 bits (Cody and Waite) so that n times the
// first two is exact; Taylor polynomials of degrees 17 and 18, whose first neglected terms are below 1e-19.

#include "lane_kernels.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "otto/core/split_exponential.h"

namespace otto {

namespace {

using Lanes [[gnu::vector_size(lanes * sizeof(double)), gnu::may_alias, gnu::aligned(8)]] = double;

/// T outputs at once: each sum goes over the inputs in their order.
template <std::size_t T>
[[gnu::always_inline]] inline void dense_body(const PackedLayer& layer, const double* h,
                                              double* a) {
  const double* W = layer.weights.data();
  const double* b = layer.bias.data();
  for (std::size_t t = 0; t < layer.tiles; ++t, b += T) {
    Lanes sum[T];
#pragma GCC unroll 8
    for (std::size_t o = 0; o < T; ++o) sum[o] = Lanes{} + b[o];
    for (std::size_t k = 0; k < layer.inputs; ++k, W += T) {
      const Lanes x = *reinterpret_cast<const Lanes*>(h + k * lanes);
#pragma GCC unroll 8
      for (std::size_t o = 0; o < T; ++o) sum[o] += W[o] * x;
    }
#pragma GCC unroll 8
    for (std::size_t o = 0; o < T; ++o) *reinterpret_cast<Lanes*>(a + (t * T + o) * lanes) = sum[o];
  }
}

[[gnu::always_inline]] inline void silu_body(const double* a, std::size_t n, double* h,
                                             double* slope) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    const double x = a[i], low = x < -700.0 ? -700.0 : x, c = low > 700.0 ? 700.0 : low;
    const auto [q, k] = split_exponential(-c);
    const double s = 1 / (1 + (1 + q) * power_of_two(k));
    h[i] = x * s;
    slope[i] = s + x * s * (1 - s);
  }
}

[[gnu::always_inline]] inline void sine_cosine_body(const double* p, std::size_t n, double* sine,
                                                    double* cosine) {
  constexpr double shift = 0x1.8p52, inverse_half_pi = 0x1.45f306dc9c883p-1;
  constexpr double high = 0x1.921fb544p0, middle = 0x1.0b4611a6p-34, low = 0x1.3198a2e037073p-69;
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    const double shifted = p[i] * inverse_half_pi + shift;
    const auto quarter = std::bit_cast<std::uint64_t>(shifted);
    const double turns = shifted - shift;
    const double r = ((p[i] - turns * high) - turns * middle) - turns * low, z = r * r;
    const double s =
        r + r * z *
                horner(z, 1.0 / 355687428096000, -1.0 / 1307674368000, 1.0 / 6227020800,
                       -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6);
    const double c =
        1 + z * horner(z, -1.0 / 6402373705728000, 1.0 / 20922789888000, -1.0 / 87178291200,
                       1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24, -0.5);
    // quarter turns: (s, c), (c, -s), (-s, -c), (-c, s)
    const bool odd = (quarter & 1) != 0;
    const std::uint64_t sign_s = (quarter & 2) << 62, sign_c = ((quarter + 1) & 2) << 62;
    const double first = odd ? c : s, second = odd ? s : c;
    sine[i] = std::bit_cast<double>(std::bit_cast<std::uint64_t>(first) ^ sign_s);
    cosine[i] = std::bit_cast<double>(std::bit_cast<std::uint64_t>(second) ^ sign_c);
  }
}

#define OTTO_LANE_KERNELS(name, tile, attributes)                                            \
  attributes void dense_##name(const PackedLayer& layer, const double* h, double* a) {       \
    dense_body<tile>(layer, h, a);                                                           \
  }                                                                                          \
  attributes void silu_##name(const double* a, std::size_t n, double* h, double* slope) {    \
    silu_body(a, n, h, slope);                                                               \
  }                                                                                          \
  attributes void sine_cosine_##name(const double* p, std::size_t n, double* s, double* c) { \
    sine_cosine_body(p, n, s, c);                                                            \
  }                                                                                          \
  constexpr LaneKernels kernels_##name{tile, dense_##name, silu_##name, sine_cosine_##name};

OTTO_LANE_KERNELS(plain, 2, )
#if defined(__x86_64__)
OTTO_LANE_KERNELS(avx2, 4, [[gnu::target("avx2,fma")]])
OTTO_LANE_KERNELS(avx512, 8, [[gnu::target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]])
#endif

}  // namespace

const LaneKernels& lane_kernels() {
#if defined(__x86_64__)
  static const LaneKernels& best = []() -> const LaneKernels& {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
      return kernels_avx512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kernels_avx2;
    return kernels_plain;
  }();
  return best;
#else
  return kernels_plain;
#endif
}

std::size_t PackedLayer::written() const { return tiles * lane_kernels().tile * lanes; }

PackedLayer::PackedLayer(std::size_t outputs_, std::size_t inputs_, std::span<const double> W,
                         std::span<const double> b)
    : inputs(inputs_), outputs(outputs_) {
  const std::size_t T = lane_kernels().tile;
  tiles = (outputs + T - 1) / T;
  weights.assign(tiles * T * inputs, 0.0);
  bias.assign(tiles * T, 0.0);
  std::ranges::copy(b, bias.begin());
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t k = 0; k < inputs; ++k) {
      weights[((o / T) * inputs + k) * T + o % T] = W[o * inputs + k];
    }
  }
}

}  // namespace otto
