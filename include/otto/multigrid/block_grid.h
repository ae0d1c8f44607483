#pragma once
// Arrays over the cells of one block with a halo along every active axis, and the exchange that
// fills a halo of one cell from neighbouring blocks. Halo entries at walls stay as they are.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "otto/core/comm.h"
#include "otto/mesh/box.h"

namespace otto::multigrid {

/// Sizes of a block and the layout of its arrays: cell (i, j, k) at index(i, j, k); along active axes
/// the halo adds valid indices below 0 and from n[a] on.
struct BlockGrid {
  int dim = 1;
  std::array<std::int32_t, 3> n{1, 1, 1};
  std::array<std::ptrdiff_t, 3> stride{1, 0, 0};
  std::ptrdiff_t origin = 1;
  std::size_t size = 0;  ///< entries of an array, halo and padding included

  BlockGrid() = default;
  BlockGrid(int dimension, std::array<std::int32_t, 3> cells, int halo = 1)
      : dim(dimension), n(cells) {
    const std::ptrdiff_t row = (n[0] + 2 * halo + 15) / 16 * 16;
    const std::ptrdiff_t rows = dim >= 2 ? n[1] + 2 * halo : 1;
    const std::ptrdiff_t planes = dim >= 3 ? n[2] + 2 * halo : 1;
    stride = {1, row, row * rows};
    origin = halo * (1 + (dim >= 2 ? row : 0) + (dim >= 3 ? row * rows : 0));
    size = std::size_t(row * rows * planes) + 16;
  }
  [[nodiscard]] std::ptrdiff_t index(std::ptrdiff_t i, std::ptrdiff_t j, std::ptrdiff_t k) const {
    return origin + i + stride[1] * j + stride[2] * k;
  }
  [[nodiscard]] std::int64_t cells() const { return std::int64_t{n[0]} * n[1] * n[2]; }
};

using Neighbours = std::array<std::array<int, 2>, 3>;

/// Copies the outermost layers of a block into the halos of its neighbours.
class BlockExchange {
 public:
  BlockExchange() = default;
  BlockExchange(Comm comm, const BlockGrid& grid, const Neighbours& neighbour)
      : comm_(comm), grid_(grid), neighbour_(neighbour) {
    for (std::size_t a = 0; a < std::size_t(grid.dim); ++a) {
      any_ = any_ || neighbour[a][0] >= 0 || neighbour[a][1] >= 0;
    }
  }

  /// There is a neighbour to exchange with (which may be this block itself).
  [[nodiscard]] bool any() const { return any_; }
  /// There is one beyond side `s` of axis `a`.
  [[nodiscard]] bool any(int a, int s) const {
    return neighbour_[std::size_t(a)][std::size_t(s)] >= 0;
  }

  /// Fills the halo of `x` (grid.size entries). Collective over neighbours.
  template <class T>
  void operator()(T* x) {
    if (!any_) return;
    start<T>(x + grid_.origin, grid_.stride);
    finish();
    for_each_side([&](std::size_t a, std::size_t s) {
      copy_layer<T, false>(x + grid_.origin, grid_.stride, a, s == 0 ? -1 : grid_.n[a],
                           ghosts<T>(int(a), int(s)));
    });
  }

  /// The same for a field without halo (x fastest, no padding): the ghosts are read by ghosts().
  template <class T>
  void gather(const T* x) {
    if (!any_) return;
    start<T>(x, {1, grid_.n[0], std::ptrdiff_t{grid_.n[0]} * grid_.n[1]});
    finish();
  }

  /// Layer received from side `s` of axis `a`: the lower remaining axis fastest; null at a wall.
  template <class T>
  [[nodiscard]] T* ghosts(int a, int s) {
    auto& buffer = in_[std::size_t(2 * a + s)];
    return buffer.empty() ? nullptr : reinterpret_cast<T*>(buffer.data());
  }

 private:
  template <class Visit>
  void for_each_side(Visit&& visit) {
    for (std::size_t a = 0; a < std::size_t(grid_.dim); ++a) {
      for (std::size_t s = 0; s < 2; ++s) {
        if (neighbour_[a][s] >= 0) visit(a, s);
      }
    }
  }

  /// Between the layer `at` of axis `a` and a buffer; Pack: layer to buffer.
  template <class T, bool Pack, class Pointer>
  void copy_layer(Pointer x, const std::array<std::ptrdiff_t, 3>& stride, std::size_t a,
                  std::ptrdiff_t at, T* buffer) {
    const std::size_t u = a == 0 ? 1 : 0, v = a == 2 ? 1 : 2;
    for (std::int32_t q = 0; q < grid_.n[v]; ++q) {
      for (std::int32_t p = 0; p < grid_.n[u]; ++p) {
        const std::ptrdiff_t cell = stride[a] * at + stride[u] * p + stride[v] * q;
        if constexpr (Pack) {
          *buffer++ = x[cell];
        } else {
          x[cell] = *buffer++;
        }
      }
    }
  }

  template <class T>
  void start(const T* x, const std::array<std::ptrdiff_t, 3>& stride) {
    requests_.clear();
    const auto bytes = [&](std::size_t a) {
      return std::size_t(grid_.cells() / grid_.n[a]) * sizeof(T);
    };
    for_each_side([&](std::size_t a, std::size_t s) {
      auto& buffer = in_[2 * a + s];
      buffer.resize(bytes(a));
      MPI_Irecv(buffer.data(), int(bytes(a)), MPI_BYTE, neighbour_[a][s], int(2 * a + s),
                comm_.handle(), &requests_.emplace_back());
    });
    for_each_side([&](std::size_t a, std::size_t s) {
      auto& buffer = out_[2 * a + s];
      buffer.resize(bytes(a));
      copy_layer<T, true>(x, stride, a, s == 0 ? 0 : grid_.n[a] - 1,
                          reinterpret_cast<T*>(buffer.data()));
      MPI_Isend(buffer.data(), int(bytes(a)), MPI_BYTE, neighbour_[a][s], int(2 * a + (1 - s)),
                comm_.handle(), &requests_.emplace_back());
    });
  }
  void finish() { MPI_Waitall(int(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE); }

  Comm comm_;
  BlockGrid grid_;
  Neighbours neighbour_{{{-1, -1}, {-1, -1}, {-1, -1}}};
  bool any_ = false;
  std::array<std::vector<std::byte>, 6> in_, out_;
  std::vector<MPI_Request> requests_;
};

}  // namespace otto::multigrid
