#pragma once
// The layers an energy file may declare, each on `lanes` points at a time (lane_kernels.h), with the derivative of
// the energy in its inputs by the chain rule backwards.

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "otto/network/safetensors.h"

namespace otto {

class Layer {
 public:
  Layer(std::size_t inputs, std::size_t outputs) : inputs_(inputs), outputs_(outputs) {}
  virtual ~Layer() = default;
  [[nodiscard]] std::size_t inputs() const { return inputs_; }
  [[nodiscard]] std::size_t outputs() const { return outputs_; }
  /// Numbers of a lane that `forward` may write at `out` (at least outputs()), that `backward` may write at `d_in`,
  /// and that it keeps for `backward`.
  [[nodiscard]] virtual std::size_t out_rows() const { return outputs_; }
  [[nodiscard]] virtual std::size_t in_rows() const { return inputs_; }
  [[nodiscard]] virtual std::size_t kept_rows() const { return 0; }

  /// out of in.
  virtual void forward(const double* in, double* out, double* kept) const = 0;
  /// d_in = dU/d in, of d_out = dU/d out, which it may overwrite; in, out and kept are those of `forward`.
  virtual void backward(const double* in, const double* out, const double* kept, double* d_out,
                        double* d_in) const = 0;

 private:
  std::size_t inputs_, outputs_;
};

/// The layer that one object of the list "layers" declares, for `inputs` numbers (0: what it takes itself). Throws
/// InputError for a kind, a name or a shape that does not fit.
std::unique_ptr<Layer> make_layer(const nlohmann::json& declared, const NamedArrays& file,
                                  std::size_t inputs);

}  // namespace otto
