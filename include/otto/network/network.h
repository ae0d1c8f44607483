#pragma once
// Energies U_theta(x) given by a neural network, and what training asks of them. The network itself
// lives in a module of its own (libotto_torch), loaded only when a case names one.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "otto/core/point.h"
#include "otto/network/safetensors.h"

namespace otto {

/// The box a network was trained in; outside it extrapolates.
struct TrainingBox {
  Point lower{}, upper{};
};

/// A layer a = W h + b, whose part of dU/dtheta at a point is the outer product D h^T, D = dU/da.
/// theta holds W (outputs x inputs, row by row), then b if there is one.
struct LayerShape {
  std::size_t outputs = 0, inputs = 0;
  bool bias = false;
  /// Entries of h, a last 1 for the bias included.
  [[nodiscard]] std::size_t columns() const { return inputs + (bias ? 1 : 0); }
};

/// U_theta linearised at the theta of the moment on a fixed set of n points: J = dU/dtheta, n x m.
/// Products never communicate: every rank has its own points. It keeps its own theta: Network::set
/// does not change it.
class Linearisation {
 public:
  virtual ~Linearisation() = default;
  /// U_theta at the points (n).
  [[nodiscard]] virtual std::span<const double> value() const = 0;
  /// dU = J s; s has m entries, dU n.
  virtual void apply(std::span<const double> s, std::span<double> dU) const = 0;
  /// g += J^T c; c has n entries, g m.
  virtual void add_adjoint(std::span<const double> c, std::span<double> g) const = 0;

  /// The layers theta is made of, in its order; none where that is not known.
  [[nodiscard]] virtual std::vector<LayerShape> layers() const { return {}; }
  /// hh += sum_i c_i h_i h_i^T (columns x columns) and DD += sum_i c_i D_i D_i^T (outputs x
  /// outputs) of one of these layers.
  virtual void add_moments(std::size_t /*layer*/, std::span<const double> /*c*/,
                           std::span<double> /*hh*/, std::span<double> /*DD*/) const {}
};

/// A scalar network R^d -> R with m parameters theta, the same on every rank. Numbers cross this
/// border as double. Nothing here communicates.
class NetworkFunction {
 public:
  virtual ~NetworkFunction() = default;
  [[nodiscard]] virtual int dimension() const = 0;            ///< d
  [[nodiscard]] virtual std::int64_t parameters() const = 0;  ///< m

  /// U[i] = U_theta(points[i]), in batches.
  virtual void evaluate(std::span<const Point> points, std::span<double> U) const = 0;
  /// slope[i] = grad U_theta(points[i]) (components beyond d are 0).
  virtual void gradient(std::span<const Point> points, std::span<Point> slope) const = 0;

  /// Where the network was trained, if its file says so.
  [[nodiscard]] virtual std::optional<TrainingBox> box() const { return std::nullopt; }
  /// Its file is a program, which ran to be read.
  [[nodiscard]] virtual bool program() const = 0;
  /// Its parameters are float32.
  [[nodiscard]] virtual bool single_precision() const { return false; }
};

/// Its arrays, and the JSON list of layers that names them (otto/network/layer_network.h).
struct DeclaredLayers {
  NamedArrays arrays;
  std::string layers;
};

/// A network that can be trained. Evaluated in its own floating type.
class Network : public NetworkFunction {
 public:
  [[nodiscard]] bool program() const override { return true; }
  virtual void get(std::span<double> theta) const = 0;
  virtual void set(std::span<const double> theta) = 0;

  /// Returns sum_i w_i (a/2 |grad U|^2 + b Lap U) at the points and adds its derivative to g (m).
  virtual double add_score(std::span<const Point> points, std::span<const double> w, double a,
                           double b, std::span<double> g) const = 0;
  [[nodiscard]] virtual std::unique_ptr<Linearisation> linearise(
      std::span<const Point> points) const = 0;

  /// The TorchScript file that holds this network, as bytes.
  [[nodiscard]] virtual std::string file() const = 0;
  /// The same without code, for a network of Otto's own.
  [[nodiscard]] virtual std::optional<DeclaredLayers> declared() const { return std::nullopt; }
};

}  // namespace otto
