// The convolution theorem on a torus of n_a cells along axis a,
//
//   out = T^-1 [ (T w) (T rho) ],      T the real-to-complex discrete Fourier transform.
//
// On a periodic axis n_a is the number of cells N_a. With walls n_a >= 2 N_a - 1 and rho is
// continued by zeros, so that every offset -(N_a - 1) ... N_a - 1 has a place of its own and
// nothing wraps around. w is even, w(-K) = w(K), so T w is real.
//
// FFTW's parallel transforms cut the torus into slabs across the last axis of the box (the first of
// FFTW's row-major order). Spectra stay transposed, which saves two exchanges; in one dimension the
// second axis has one cell.

#include "convolution.h"

#include <fftw3-mpi.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "slab_exchange.h"

namespace otto {

namespace {

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

void start_fftw() {
  static const bool once = (fftw_mpi_init(), true);
  (void)once;
}

template <class T>
struct FftwFree {
  void operator()(T* p) const { fftw_free(p); }
};

class Plan {
 public:
  explicit Plan(fftw_plan plan) : plan_(plan) {}
  Plan(const Plan&) = delete;
  ~Plan() { fftw_destroy_plan(plan_); }
  void operator()() const { fftw_execute(plan_); }

 private:
  fftw_plan plan_;
};

/// The torus and this rank's slab of it.
struct Layout {
  explicit Layout(const Mesh& mesh)
      : d(mesh.dimension), slab_axis(std::size_t(mesh.dimension - 1)), box(*mesh.box) {
    start_fftw();
    for (std::size_t a = 0; a < std::size_t(d); ++a) {
      const std::int64_t N = box.cells(int(a));
      n[a] = box.box.periodic[a] ? N : smooth_size(2 * N - 1);
    }
    rank = std::max(d, 2);
    if (d == 1) {
      size = {n[0], 1, 1};
    } else {
      for (int a = 0; a < d; ++a) size[std::size_t(a)] = n[std::size_t(d - 1 - a)];
    }
    auto complex_size = size;
    std::int64_t& last = complex_size[std::size_t(rank - 1)];
    last = last / 2 + 1;
    row = 2 * last;
    plane = d == 3 ? row * n[1] : row;
    ptrdiff_t columns = 0, first_column = 0;
    const std::array<ptrdiff_t, 3> counts{complex_size[0], complex_size[1], complex_size[2]};
    room = fftw_mpi_local_size_many_transposed(rank, counts.data(), 1, FFTW_MPI_DEFAULT_BLOCK,
                                               FFTW_MPI_DEFAULT_BLOCK, mesh.comm.handle(), &slabs,
                                               &first_slab, &columns, &first_column);
    const ptrdiff_t rest = d == 3 ? counts[2] : 1;
    spectrum = std::size_t(d == 1 ? slabs : columns * counts[0] * rest);
    flags_forward = FFTW_ESTIMATE | (d == 1 ? 0U : unsigned(FFTW_MPI_TRANSPOSED_OUT));
    flags_backward = FFTW_ESTIMATE | (d == 1 ? 0U : unsigned(FFTW_MPI_TRANSPOSED_IN));
  }

  /// Place of a cell of the torus inside its slab.
  [[nodiscard]] std::int64_t place(const std::array<std::int64_t, 3>& i, std::int64_t slab) const {
    return slab * plane + (d == 1 ? 0 : i[0]) + (d == 3 ? i[1] * row : 0);
  }
  [[nodiscard]] double cells() const { return double(n[0]) * double(n[1]) * double(n[2]); }

  int d, rank = 2;
  std::size_t slab_axis;
  const BoxBlock& box;
  std::array<std::int64_t, 3> n{1, 1, 1};     ///< the torus, by axis of the box
  std::array<std::int64_t, 3> size{1, 1, 1};  ///< the same in FFTW's order
  std::int64_t row = 0, plane = 0;            ///< strides of the slab, with FFTW's padding
  ptrdiff_t slabs = 0, first_slab = 0, room = 0;
  std::size_t spectrum = 0;  ///< complex numbers of this rank
  unsigned flags_forward = 0, flags_backward = 0;
};

SlabExchange make_exchange(const Mesh& mesh, const Layout& layout) {
  const int ranks = mesh.comm.size();
  std::vector<std::int64_t> first(std::size_t(ranks) + 1);
  const std::int64_t mine = layout.slabs;
  MPI_Allgather(&mine, 1, MPI_INT64_T, first.data() + 1, 1, MPI_INT64_T, mesh.comm.handle());
  for (std::size_t r = 1; r < first.size(); ++r) first[r] += first[r - 1];
  std::vector<int> rank;
  std::vector<std::int64_t> place;
  const std::int64_t nx = layout.box.cells(0), ny = layout.box.cells(1);
  for (std::size_t c = 0; c < std::size_t(mesh.owned); ++c) {
    const std::int64_t g = mesh.global[c];
    const std::array<std::int64_t, 3> at{g % nx, g / nx % ny, g / nx / ny};
    const std::int64_t slab = at[layout.slab_axis];
    const auto owner = std::upper_bound(first.begin(), first.end(), slab) - 1;
    rank.push_back(int(owner - first.begin()));
    place.push_back(layout.place(at, slab - *owner));
  }
  return SlabExchange(mesh.comm, rank, place);
}

}  // namespace

struct Convolution::Impl {
  Impl(const Mesh& mesh, const Weights& w)
      : layout(mesh),
        buffer(fftw_alloc_real(std::size_t(2 * std::max<ptrdiff_t>(layout.room, 1)))),
        forward(plan_forward(mesh)),
        backward(plan_backward(mesh)),
        exchange(make_exchange(mesh, layout)) {
    clear();
    mesh.comm.together([&] { fill(w); });
    forward();
    factor.resize(layout.spectrum);
    for (std::size_t i = 0; i < factor.size(); ++i) factor[i] = buffer[2 * i] / layout.cells();
  }

  [[nodiscard]] std::size_t reals() const { return std::size_t(2 * layout.room); }
  void clear() { std::fill_n(buffer.get(), reals(), 0.0); }
  fftw_complex* complex() { return reinterpret_cast<fftw_complex*>(buffer.get()); }

  fftw_plan plan_forward(const Mesh& mesh) {
    const std::array<ptrdiff_t, 3> n{layout.size[0], layout.size[1], layout.size[2]};
    return fftw_mpi_plan_many_dft_r2c(layout.rank, n.data(), 1, FFTW_MPI_DEFAULT_BLOCK,
                                      FFTW_MPI_DEFAULT_BLOCK, buffer.get(), complex(),
                                      mesh.comm.handle(), layout.flags_forward);
  }
  fftw_plan plan_backward(const Mesh& mesh) {
    const std::array<ptrdiff_t, 3> n{layout.size[0], layout.size[1], layout.size[2]};
    return fftw_mpi_plan_many_dft_c2r(layout.rank, n.data(), 1, FFTW_MPI_DEFAULT_BLOCK,
                                      FFTW_MPI_DEFAULT_BLOCK, complex(), buffer.get(),
                                      mesh.comm.handle(), layout.flags_backward);
  }

  /// The offsets a place of the torus stands for along one axis: none in the padding, two where a
  /// periodic axis has two nearest images.
  struct Offsets {
    std::array<std::int64_t, 2> at{};
    std::size_t count = 0;
  };
  [[nodiscard]] Offsets offsets(std::size_t a, std::int64_t i) const {
    const std::int64_t n = layout.n[a], back = i - n, N = layout.box.cells(int(a));
    if (layout.box.box.periodic[a] && 2 * i == n) return {{i, back}, 2};
    const std::int64_t nearest = 2 * i < n ? i : back;
    return {{nearest}, std::size_t(std::abs(nearest) < N ? 1 : 0)};
  }

  /// Places of the slab with the offsets they stand for, filled a batch at a time.
  struct Batch {
    static constexpr std::size_t size = 1 << 16;
    struct Place {
      std::size_t at, first, count;
    };
    std::vector<Offset> offsets = {};
    std::vector<Place> places = {};

    void add(std::size_t place, const Offsets& x, const Offsets& y, const Offsets& z) {
      const std::size_t first = offsets.size();
      for (std::size_t k = 0; k < z.count; ++k) {
        for (std::size_t j = 0; j < y.count; ++j) {
          for (std::size_t i = 0; i < x.count; ++i) offsets.push_back({x.at[i], y.at[j], z.at[k]});
        }
      }
      if (offsets.size() > first) places.push_back({place, first, offsets.size() - first});
    }
    void flush(const Weights& w, double* buffer) {
      std::vector<double> values(offsets.size());
      w(offsets, values);
      for (const Place& p : places) {
        const auto part = std::span(values).subspan(p.first, p.count);
        buffer[p.at] = std::accumulate(part.begin(), part.end(), 0.0) / double(p.count);
      }
      offsets.clear();
      places.clear();
    }
  };

  void fill(const Weights& w) {
    const std::size_t s = layout.slab_axis;
    std::array<std::int64_t, 3> count = layout.n, i{};
    count[s] = 1;  // the loops below run over the other axes
    Batch batch;
    for (std::int64_t slab = 0; slab < layout.slabs; ++slab) {
      for (i[1] = 0; i[1] < count[1]; ++i[1]) {
        for (i[0] = 0; i[0] < count[0]; ++i[0]) {
          auto at = i;
          at[s] = layout.first_slab + slab;
          batch.add(std::size_t(layout.place(at, slab)), offsets(0, at[0]), offsets(1, at[1]),
                    offsets(2, at[2]));
          if (batch.offsets.size() >= Batch::size) batch.flush(w, buffer.get());
        }
      }
    }
    batch.flush(w, buffer.get());
  }

  void apply(std::span<const double> rho, std::span<double> out) {
    clear();
    exchange.to_slab(rho, {buffer.get(), reals()});
    forward();
    for (std::size_t i = 0; i < factor.size(); ++i) {
      buffer[2 * i] *= factor[i];
      buffer[2 * i + 1] *= factor[i];
    }
    backward();
    exchange.from_slab({buffer.get(), reals()}, out);
  }

  Layout layout;
  std::unique_ptr<double[], FftwFree<double>> buffer;
  Plan forward, backward;
  SlabExchange exchange;
  std::vector<double> factor;  ///< T w / number of cells
};

Convolution::Convolution(const Mesh& mesh, const Weights& w)
    : impl_(std::make_unique<Impl>(mesh, w)) {}
Convolution::~Convolution() = default;

void Convolution::apply(std::span<const double> rho, std::span<double> out) const {
  impl_->apply(rho, out);
}

}  // namespace otto
