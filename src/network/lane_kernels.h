#pragma once
// Arithmetic of layers on `lanes` points at a time. Numbers lie unit by unit, x[unit * lanes + point], so that every
// instruction does the same to all points: what comes out for a point depends on neither its place nor its company.
// Each kernel exists for several generations of processors; the newest that this one can run is taken, the same on
// all ranks of like machines. Results of different generations differ by roundings.

#include <cstddef>
#include <span>
#include <vector>

namespace otto {

inline constexpr std::size_t lanes = 8;

/// W (outputs x inputs) and b, packed for `dense`: tiles of `tile` outputs, in each the weights of an input side by
/// side.
struct PackedLayer {
  PackedLayer() = default;
  /// Of W row by row; an empty b is zero.
  PackedLayer(std::size_t outputs, std::size_t inputs, std::span<const double> W,
              std::span<const double> b);
  std::size_t inputs = 0, outputs = 0, tiles = 0;
  std::vector<double> weights, bias;
  /// Numbers that `dense` writes: outputs filled up to whole tiles, for all lanes.
  [[nodiscard]] std::size_t written() const;
};

struct LaneKernels {
  std::size_t tile;
  /// a = W h + b.
  void (*dense)(const PackedLayer& layer, const double* h, double* a);
  /// h = silu(a) = a/(1 + e^-a) and slope = its derivative, of n numbers. h may be a.
  void (*silu)(const double* a, std::size_t n, double* h, double* slope);
  /// sin and cos of n numbers, for |p| <= max_angle.
  void (*sine_cosine)(const double* p, std::size_t n, double* sine, double* cosine);
};

/// Beyond it the reduction to [-pi/4, pi/4] would lose digits.
inline constexpr double max_angle = 1e5;

/// Those for this processor.
const LaneKernels& lane_kernels();

}  // namespace otto
