#pragma once
// The torus that discrete Fourier transforms of cell fields live on, in slabs: n_a places along axis a.
// On a periodic axis n_a is the number of cells N_a. With walls n_a >= 2 N_a - 1 and fields are continued by
// zeros, so that every offset -(N_a - 1) ... N_a - 1 has a place of its own and nothing wraps around.
//
// The torus is cut into slabs across the last axis (slab_transform.h).

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "convolution.h"
#include "otto/mesh/mesh.h"
#include "slab_exchange.h"
#include "slab_transform.h"

namespace otto {

class Torus {
 public:
  /// Of a box. Collective.
  explicit Torus(const Mesh& mesh);
  Torus(const Torus&) = delete;

  /// The buffer: a field on this rank's slab, or its spectrum.
  [[nodiscard]] std::span<double> buffer() { return buffer_; }
  /// Complex numbers of this rank's part of a spectrum.
  [[nodiscard]] std::size_t spectrum() const { return transform_.spectrum(); }
  [[nodiscard]] double cells() const { return double(n_[0]) * double(n_[1]) * double(n_[2]); }
  void clear();
  void forward();   ///< the buffer becomes its transform. Collective.
  void backward();  ///< and back, times cells(). Collective.
  /// The buffer becomes a field, zero beyond the cells, and the transform of that. Collective.
  void transform(std::span<const double> owned);
  /// The buffer's values of the cells. Collective.
  void values(std::span<double> owned);

  /// visit(places, offsets) for all places of the slab that stand for offsets between cells, in batches:
  /// place i of them for `count` offsets from `first` on, two where a periodic axis has two nearest images.
  struct Place {
    std::size_t at, first, count;
  };
  using Visit = std::function<void(std::span<const Place> places, std::span<const Offset> offsets)>;
  void visit(const Visit& visit) const;

 private:
  struct Images {
    std::array<std::int64_t, 2> at{};
    std::size_t count = 0;
  };
  [[nodiscard]] Images images(std::size_t a, std::int64_t i) const;
  [[nodiscard]] std::int64_t place(const std::array<std::int64_t, 3>& i, std::int64_t slab) const;
  [[nodiscard]] SlabExchange make_exchange(const Mesh& mesh) const;

  int d_;
  std::size_t slab_axis_;
  const BoxBlock& box_;
  std::array<std::int64_t, 3> n_;  ///< places, by axis of the box
  SlabTransform transform_;
  std::vector<double> buffer_;
  std::optional<SlabExchange> exchange_;
};

}  // namespace otto
