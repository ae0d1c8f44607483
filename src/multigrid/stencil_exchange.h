#pragma once
// Halos of up to two cells, corners included, filled from neighbouring blocks, and what a block has put
// into the first layer of its halo added to those it belongs to. Many arrays go in one message.

#include <array>
#include <span>
#include <vector>

#include "stencil.h"

namespace otto::multigrid {

class StencilExchange {
 public:
  StencilExchange() = default;
  /// Collective.
  StencilExchange(const Comm& comm, const BlockGrid& grid, const Neighbours& neighbour)
      : comm_(comm), grid_(grid), neighbour_(neighbour) {
    for (std::size_t a = 0; a < std::size_t(grid.dim); ++a) {
      const bool any = neighbour[a][0] >= 0 || neighbour[a][1] >= 0;
      any_ = any_ || any;
      thin_[a] = comm.any(grid.n[a] < reach);
    }
  }

  [[nodiscard]] bool any() const { return any_; }

  /// Collective over neighbours.
  template <class Real>
  void fill(std::span<Real* const> arrays, int wide = reach) {
    for (std::size_t a = 0; any_ && a < std::size_t(grid_.dim); ++a) {
      Range other{};
      for (std::size_t b = 0; b < std::size_t(grid_.dim); ++b) other[b] = b < a ? wide : 0;
      const std::int32_t n = grid_.n[a];
      // A block of one cell passes on what it was given.
      const int rounds = thin_[a] ? wide : 1, layers = thin_[a] ? 1 : wide;
      for (int round = 0; round < rounds; ++round) {
        swap_layers(arrays, a, other, {round, n - round - layers}, {-round - layers, n + round},
                    layers, false);
      }
    }
  }
  template <class Real>
  void fill(Real* x, int wide = reach) {
    fill(std::span<Real* const>(&x, 1), wide);
  }

  /// Along axis a. Collective over neighbours.
  template <class Real>
  void add_back(std::size_t a, std::span<Real* const> arrays) {
    if (!any_) return;
    swap_layers(arrays, a, {}, {-1, grid_.n[a]}, {0, grid_.n[a] - 1}, 1, true);
  }

 private:
  using Range = std::array<int, 3>;

  /// Sends the layers from out[side] on to each side, and puts what comes to in[side].
  template <class Real>
  void swap_layers(std::span<Real* const> arrays, std::size_t a, const Range& other,
                   const std::array<std::int32_t, 2>& out, const std::array<std::int32_t, 2>& in,
                   int layers, bool add) {
    requests_.clear();
    const std::size_t bytes = arrays.size() * cells(a, other, layers) * sizeof(Real);
    for (std::size_t s = 0; s < 2; ++s) {
      if (neighbour_[a][s] < 0) continue;
      in_[s].resize(bytes);
      MPI_Irecv(in_[s].data(), int(bytes), MPI_BYTE, neighbour_[a][s], int(s), comm_.handle(),
                &requests_.emplace_back());
    }
    for (std::size_t s = 0; s < 2; ++s) {
      if (neighbour_[a][s] < 0) continue;
      out_[s].resize(bytes);
      Real* to = reinterpret_cast<Real*>(out_[s].data());
      visit(arrays, a, other, out[s], layers, [&](Real& x) { *to++ = x; });
      MPI_Isend(out_[s].data(), int(bytes), MPI_BYTE, neighbour_[a][s], int(1 - s), comm_.handle(),
                &requests_.emplace_back());
    }
    MPI_Waitall(int(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
    for (std::size_t s = 0; s < 2; ++s) {
      if (neighbour_[a][s] < 0) continue;
      const Real* from = reinterpret_cast<const Real*>(in_[s].data());
      visit(arrays, a, other, in[s], layers, [&](Real& x) { x = add ? x + *from++ : *from++; });
    }
  }

  [[nodiscard]] std::size_t cells(std::size_t a, const Range& other, int layers) const {
    std::size_t count = std::size_t(layers);
    for (std::size_t b = 0; b < 3; ++b) {
      if (b != a) count *= std::size_t(grid_.n[b] + 2 * other[b]);
    }
    return count;
  }

  template <class Real, class Visit>
  void visit(std::span<Real* const> arrays, std::size_t a, const Range& other, std::int32_t first,
             int layers, Visit&& work) const {
    std::array<std::int32_t, 3> begin{}, end{};
    for (std::size_t b = 0; b < 3; ++b) {
      begin[b] = b == a ? first : -other[b];
      end[b] = b == a ? first + layers : grid_.n[b] + other[b];
    }
    for (Real* x : arrays) {
      for (std::int32_t k = begin[2]; k < end[2]; ++k) {
        for (std::int32_t j = begin[1]; j < end[1]; ++j) {
          for (std::int32_t i = begin[0]; i < end[0]; ++i) work(x[grid_.index(i, j, k)]);
        }
      }
    }
  }

  Comm comm_{MPI_COMM_SELF};
  BlockGrid grid_;
  Neighbours neighbour_{};
  bool any_ = false;
  std::array<bool, 3> thin_{};  ///< some block is shorter than the halo
  std::array<std::vector<std::byte>, 2> in_, out_;
  std::vector<MPI_Request> requests_;
};

}  // namespace otto::multigrid
