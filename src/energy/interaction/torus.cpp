#include "torus.h"

#include <algorithm>
#include <vector>

namespace otto {

namespace {

constexpr std::size_t batch = 1 << 16;  ///< offsets visited at once

/// The least number >= n without prime factors above 7, which FFTW is fast for.
std::int64_t smooth_size(std::int64_t n) {
  for (;; ++n) {
    std::int64_t rest = n;
    for (const int p : {2, 3, 5, 7}) {
      while (rest % p == 0) rest /= p;
    }
    if (rest == 1) return n;
  }
}

std::array<std::int64_t, 3> places(const BoxBlock& block) {
  std::array<std::int64_t, 3> n{1, 1, 1};
  for (std::size_t a = 0; a < std::size_t(block.box.dimension); ++a) {
    const std::int64_t N = block.cells(int(a));
    n[a] = block.box.periodic[a] ? N : smooth_size(2 * N - 1);
  }
  return n;
}

}  // namespace

Torus::Torus(const Mesh& mesh)
    : d_(mesh.dimension),
      slab_axis_(std::size_t(mesh.dimension - 1)),
      box_(*mesh.box),
      n_(places(*mesh.box)),
      transform_(mesh.comm, n_, slab_axis_),
      buffer_(transform_.room(), 0.0) {
  exchange_.emplace(make_exchange(mesh));
}

std::int64_t Torus::place(const std::array<std::int64_t, 3>& i, std::int64_t slab) const {
  return slab * transform_.plane() + (d_ == 1 ? 0 : i[0]) + (d_ == 3 ? i[1] * transform_.row() : 0);
}

SlabExchange Torus::make_exchange(const Mesh& mesh) const {
  const int ranks = mesh.comm.size();
  std::vector<std::int64_t> first(std::size_t(ranks) + 1);
  const std::int64_t mine = transform_.slabs();
  MPI_Allgather(&mine, 1, MPI_INT64_T, first.data() + 1, 1, MPI_INT64_T, mesh.comm.handle());
  for (std::size_t r = 1; r < first.size(); ++r) first[r] += first[r - 1];
  std::vector<int> rank;
  std::vector<std::int64_t> places;
  const std::int64_t nx = box_.cells(0), ny = box_.cells(1);
  for (std::size_t c = 0; c < std::size_t(mesh.owned); ++c) {
    const std::int64_t g = mesh.global[c];
    const std::array<std::int64_t, 3> at{g % nx, g / nx % ny, g / nx / ny};
    const std::int64_t slab = at[slab_axis_];
    const auto owner = std::upper_bound(first.begin(), first.end(), slab) - 1;
    rank.push_back(int(owner - first.begin()));
    places.push_back(place(at, slab - *owner));
  }
  return SlabExchange(mesh.comm, rank, places);
}

void Torus::clear() { std::ranges::fill(buffer(), 0.0); }
void Torus::forward() { transform_.forward(buffer_.data()); }
void Torus::backward() { transform_.backward(buffer_.data()); }

void Torus::transform(std::span<const double> owned) {
  clear();
  exchange_->to_slab(owned, buffer());
  forward();
}

void Torus::values(std::span<double> owned) { exchange_->from_slab(buffer(), owned); }

/// The offsets a place stands for along one axis: none in the padding.
Torus::Images Torus::images(std::size_t a, std::int64_t i) const {
  const std::int64_t n = n_[a], back = i - n, N = box_.cells(int(a));
  if (box_.box.periodic[a] && 2 * i == n) return {{i, back}, 2};
  const std::int64_t nearest = 2 * i < n ? i : back;
  return {{nearest}, std::size_t(std::abs(nearest) < N ? 1 : 0)};
}

void Torus::visit(const Visit& visit) const {
  std::vector<Offset> offsets;
  std::vector<Place> places;
  const auto flush = [&] {
    visit(places, offsets);
    offsets.clear();
    places.clear();
  };
  const auto add = [&](std::size_t at, const Images& x, const Images& y, const Images& z) {
    const std::size_t first = offsets.size();
    for (std::size_t k = 0; k < z.count; ++k) {
      for (std::size_t j = 0; j < y.count; ++j) {
        for (std::size_t i = 0; i < x.count; ++i) offsets.push_back({x.at[i], y.at[j], z.at[k]});
      }
    }
    if (offsets.size() > first) places.push_back({at, first, offsets.size() - first});
  };
  std::array<std::int64_t, 3> count = n_, i{};
  count[slab_axis_] = 1;  // the loops below run over the other axes
  for (std::int64_t slab = 0; slab < transform_.slabs(); ++slab) {
    for (i[1] = 0; i[1] < count[1]; ++i[1]) {
      for (i[0] = 0; i[0] < count[0]; ++i[0]) {
        auto at = i;
        at[slab_axis_] = transform_.first_slab() + slab;
        add(std::size_t(place(at, slab)), images(0, at[0]), images(1, at[1]), images(2, at[2]));
        if (offsets.size() >= batch) flush();
      }
    }
  }
  flush();
}

}  // namespace otto
