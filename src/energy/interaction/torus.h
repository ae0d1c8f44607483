#pragma once
// The torus that discrete Fourier transforms of cell fields live on, in slabs: n_a places along axis a.
// On a periodic axis n_a is the number of cells N_a. With walls n_a >= 2 N_a - 1 and fields are continued by
// zeros, so that every offset -(N_a - 1) ... N_a - 1 has a place of its own and nothing wraps around.
//
// FFTW's parallel transforms cut the torus into slabs across the last axis of the box (the first of
// FFTW's row-major order). Spectra stay transposed, which saves two exchanges; in one dimension the
// second axis has one cell.

#include <fftw3-mpi.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "convolution.h"
#include "otto/mesh/mesh.h"
#include "slab_exchange.h"

namespace otto {

class Torus {
 public:
  /// Of a box. Collective.
  explicit Torus(const Mesh& mesh);
  ~Torus();
  Torus(const Torus&) = delete;

  /// The buffer: a field on this rank's slab, or its spectrum.
  [[nodiscard]] std::span<double> buffer() { return {buffer_.get(), std::size_t(2 * room_)}; }
  /// Complex numbers of this rank's part of a spectrum.
  [[nodiscard]] std::size_t spectrum() const { return spectrum_; }
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
  [[nodiscard]] fftw_complex* complex() { return reinterpret_cast<fftw_complex*>(buffer_.get()); }
  [[nodiscard]] SlabExchange make_exchange(const Mesh& mesh) const;

  struct Free {
    void operator()(double* p) const { fftw_free(p); }
  };
  int d_, rank_ = 2;
  std::size_t slab_axis_;
  const BoxBlock& box_;
  std::array<std::int64_t, 3> n_{1, 1, 1};     ///< places, by axis of the box
  std::array<std::int64_t, 3> size_{1, 1, 1};  ///< the same in FFTW's order
  std::int64_t row_ = 0, plane_ = 0;           ///< strides of the slab, with FFTW's padding
  ptrdiff_t slabs_ = 0, first_slab_ = 0, room_ = 0;
  std::size_t spectrum_ = 0;
  std::unique_ptr<double[], Free> buffer_;
  fftw_plan forward_ = nullptr, backward_ = nullptr;
  std::optional<SlabExchange> exchange_;
};

}  // namespace otto
