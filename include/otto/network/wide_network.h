#pragma once
// Energies U_theta on R^d for any d, as particles need them: values, slopes and derivatives in theta
// at batches of points. Points are rows: n x d numbers, one point after the other.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace otto {

/// The normal law N(mean, L L^T) a network holds as its reference measure: U = -log g - f.
struct ReferenceBuffers {
  std::vector<double> mean;    ///< d
  std::vector<double> factor;  ///< L, lower triangular, d x d row by row
};

/// A scalar network R^d -> R with m trainable parameters theta, the same on every rank. Evaluated
/// in its own floating type; numbers cross this border as double. The bits of a point's results may
/// depend on the size of its batch and its place in it, on nothing else. Nothing here communicates.
class WideNetwork {
 public:
  virtual ~WideNetwork() = default;
  [[nodiscard]] virtual int dimension() const = 0;            ///< d
  [[nodiscard]] virtual std::int64_t parameters() const = 0;  ///< m
  virtual void get(std::span<double> theta) const = 0;
  virtual void set(std::span<const double> theta) = 0;

  /// U[i] = U(x_i); and slope (n x d) = grad U, unless it is empty.
  virtual void evaluate(std::span<const double> x, std::span<double> U,
                        std::span<double> slope) const = 0;
  /// Returns sum_i w_i U(x_i) and adds its derivative in theta to g.
  virtual double add_gradient(std::span<const double> x, std::span<const double> w,
                              std::span<double> g) const = 0;
  /// Returns sum_i w_i/2 |L^T grad U(x_i) - t_i|^2 and adds its derivative in theta to g. L: d x d,
  /// row by row; t: n x d.
  virtual double add_slope_square(std::span<const double> x, std::span<const double> w,
                                  std::span<const double> L, std::span<const double> t,
                                  std::span<double> g) const = 0;
  /// Returns sum_i w_i v_i^T Hess U(x_i) v_i and adds its derivative in theta to g. v: n x d.
  virtual double add_curvature(std::span<const double> x, std::span<const double> w,
                               std::span<const double> v, std::span<double> g) const = 0;
  /// J (n x m) = dU(x_i)/dtheta.
  virtual void jacobian(std::span<const double> x, std::span<double> J) const = 0;

  /// The network is U = sum_i u(x_i, x_(i+1)) on a periodic chain, and pair() gives u.
  [[nodiscard]] virtual bool has_pair() const = 0;
  /// u[i] = u(a_i, b_i) of the rows (a_i, b_i) of ab (n x 2).
  virtual void pair(std::span<const double> ab, std::span<double> u) const = 0;
  /// The reference measure the file holds, if it holds one.
  [[nodiscard]] virtual std::optional<ReferenceBuffers> reference() const = 0;

  /// The TorchScript file that holds this network, (n, d) -> (n), as bytes.
  [[nodiscard]] virtual std::string file() const = 0;
};

/// A network to be made. With the reference g = N(m, L L^T) it is U = -log g(x) + N(x), else
/// U = N(x), where N is
///
///   quadratic  1/2 (x - c)^T A (x - c), all d^2 entries of A trained, starting as `matrix`
///   mlp        h0 = (x - c) / s;  hi = silu(Wi h(i-1) + bi);  N = w . hL
///   clique     sum_i n(x_i, x_(i+1)) over a periodic chain, n an mlp of two inputs; its reference
///              must be a product, so that U is such a sum as well
///   conv       the image's rows of pixels: convolutions 3 x 3 and then 4 x 4 of stride 2, silu,
///              `channels` of them, 1 and of stride 1 along a side of one pixel; a dense layer of
///              `dense` units, silu; w . h. Periodic: the kernels go on at the opposite edge, the
///              dense layer stands at every place, w . h is summed over them
struct WideDesign {
  std::string kind = "mlp";
  int dimension = 2;
  std::vector<std::int64_t> widths = {128, 128};  ///< hidden layers of mlp and clique
  std::vector<std::int64_t> image;                ///< height, width of conv
  std::vector<std::int64_t> channels = {32, 64};  ///< of conv
  std::int64_t dense = 128;                       ///< units of conv's dense layer
  bool periodic = false;                          ///< conv
  std::vector<double> center;                     ///< c (d); empty: 0
  std::vector<double> scale;                      ///< s (d); empty: 1
  std::vector<double> matrix;                     ///< A at the start (d x d); empty: the identity
  std::optional<ReferenceBuffers> reference;
  double amplitude = 0;           ///< about the size of N at the start; 0: N = 0, the law is g
  bool single_precision = false;  ///< float32
  std::uint64_t seed = 1;         ///< the same seed gives the same network anywhere
};

}  // namespace otto
