#include "slab_transform.h"

#include <algorithm>

namespace otto {

namespace {

fftw_complex* raw(std::complex<double>* x) { return reinterpret_cast<fftw_complex*>(x); }

constexpr std::int64_t line_alignment = 4;  ///< complex numbers: lines begin where registers do

}  // namespace

SlabTransform::Shares::Shares(const Comm& comm, std::int64_t n, bool all_on_first)
    : me(std::size_t(comm.rank())) {
  for (std::int64_t r = 0; r <= comm.size(); ++r) {
    first.push_back(all_on_first ? (r > 0 ? n : 0) : r * n / comm.size());
  }
}

SlabTransform::SlabTransform(const Comm& comm, const std::array<std::int64_t, 3>& n,
                             std::size_t cut)
    : comm_(comm),
      n_(n),
      cut_(cut),
      half_(n[0] / 2 + 1),
      layer_(cut == 2   ? half_ * n[1]
             : cut == 1 ? half_
                        : 1),
      slabs_(comm, n[cut], cut == 0),
      columns_(comm, layer_, cut == 0),
      row_(2 * half_),
      plane_(cut == 0 ? 1 : 2 * layer_) {
  const std::int64_t field = cut == 0 ? (slabs() > 0 ? row_ : 0) : slabs() * plane_;
  spectrum_ = std::size_t(cut == 0 ? (slabs() > 0 ? half_ : 0) : columns_.count() * n[cut]);
  room_ = std::max({std::size_t(field), 2 * spectrum_, std::size_t(1)});
  const std::int64_t longest = std::max({half_, n[1], n[2]});
  pitch_ = (longest + line_alignment - 1) / line_alignment * line_alignment;
  place_.reset(reinterpret_cast<Complex*>(fftw_alloc_complex(std::size_t(pitch_ * together))));
  x_ = make_lines(n[0], true);
  if (cut == 2) y_ = make_lines(n[1], false);
  if (cut > 0) {
    cut_lines_ = make_lines(n[cut], false);
    packed_.resize(std::size_t(slabs() * layer_));
    turned_.resize(spectrum_);
  }
}

/// In the place of the first line.
SlabTransform::Lines SlabTransform::make_lines(std::int64_t n, bool real) {
  fftw_complex* line = raw(place_.get());
  const int length = int(n);
  if (real) {
    auto* numbers = reinterpret_cast<double*>(place_.get());
    return {Plan(fftw_plan_dft_r2c_1d(length, numbers, line, FFTW_ESTIMATE)),
            Plan(fftw_plan_dft_c2r_1d(length, line, numbers, FFTW_ESTIMATE))};
  }
  return {Plan(fftw_plan_dft_1d(length, line, line, FFTW_FORWARD, FFTW_ESTIMATE)),
          Plan(fftw_plan_dft_1d(length, line, line, FFTW_BACKWARD, FFTW_ESTIMATE))};
}

void SlabTransform::along_rows(double* data, bool forth) {
  const std::int64_t rows = cut_ == 0   ? std::min<std::int64_t>(slabs(), 1)
                            : cut_ == 1 ? slabs()
                                        : slabs() * n_[1];
  auto* line = reinterpret_cast<double*>(place_.get());
  for (std::int64_t i = 0; i < rows; ++i) {
    double* row = data + i * row_;
    std::copy_n(row, row_, line);
    fftw_execute(forth ? x_.forth.get() : x_.back.get());
    std::copy_n(line, row_, row);
  }
}

/// Columns of `values`, a matrix with `count` of them and rows `stride` apart.
void SlabTransform::along_columns(Complex* values, std::int64_t count, std::int64_t stride,
                                  const Plan& plan) {
  const std::int64_t n = n_[1];
  for (std::int64_t begin = 0; begin < count; begin += together) {
    const std::int64_t lines = std::min(together, count - begin);
    for (std::int64_t k = 0; k < n; ++k) {
      for (std::int64_t c = 0; c < lines; ++c) {
        place_[std::size_t(c * pitch_ + k)] = values[k * stride + begin + c];
      }
    }
    run(plan, lines);
    for (std::int64_t k = 0; k < n; ++k) {
      for (std::int64_t c = 0; c < lines; ++c) {
        values[k * stride + begin + c] = place_[std::size_t(c * pitch_ + k)];
      }
    }
  }
}

void SlabTransform::run(const Plan& plan, std::int64_t lines) {
  for (std::int64_t c = 0; c < lines; ++c) {
    fftw_complex* line = raw(place_.get() + c * pitch_);
    fftw_execute_dft(plan.get(), line, line);
  }
}

/// Between [rank][slab][its columns] and the slabs.
void SlabTransform::pack(Complex* field, Complex* packed, bool forth) {
  for (std::size_t r = 0; r + 1 < columns_.first.size(); ++r) {
    const std::int64_t count = columns_.count(r);
    for (std::int64_t slab = 0; slab < slabs(); ++slab, packed += count) {
      Complex* part = field + slab * layer_ + columns_.first[r];
      if (forth) {
        std::copy_n(part, count, packed);
      } else {
        std::copy_n(packed, count, part);
      }
    }
  }
}

/// From [rank][slab][its columns] to [slab of all][own columns], or back.
void SlabTransform::exchange(const Complex* from, Complex* to, bool forth) {
  const std::size_t ranks = columns_.first.size() - 1;
  std::vector<int> here(ranks), there(ranks), here_first(ranks), there_first(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    here[r] = int(slabs() * columns_.count(r));
    here_first[r] = int(slabs() * columns_.first[r]);
    there[r] = int(slabs_.count(r) * columns_.count());
    there_first[r] = int(slabs_.first[r] * columns_.count());
  }
  if (!forth) {
    here.swap(there);
    here_first.swap(there_first);
  }
  MPI_Alltoallv(from, here.data(), here_first.data(), MPI_C_DOUBLE_COMPLEX, to, there.data(),
                there_first.data(), MPI_C_DOUBLE_COMPLEX, comm_.handle());
}

void SlabTransform::forward(double* data) {
  along_rows(data, true);
  if (cut_ == 0) return;
  auto* values = reinterpret_cast<Complex*>(data);
  for (std::int64_t slab = 0; slab < slabs() && cut_ == 2; ++slab) {
    along_columns(values + slab * layer_, half_, half_, y_.forth);
  }
  pack(values, packed_.data(), true);
  exchange(packed_.data(), turned_.data(), true);
  const std::int64_t n = n_[cut_], columns = columns_.count();
  for (std::int64_t begin = 0; begin < columns; begin += together) {
    const std::int64_t lines = std::min(together, columns - begin);
    for (std::int64_t k = 0; k < n; ++k) {
      for (std::int64_t c = 0; c < lines; ++c) {
        place_[std::size_t(c * pitch_ + k)] = turned_[std::size_t(k * columns + begin + c)];
      }
    }
    run(cut_lines_.forth, lines);
    for (std::int64_t c = 0; c < lines; ++c) {
      std::copy_n(place_.get() + c * pitch_, n, values + (begin + c) * n);
    }
  }
}

void SlabTransform::backward(double* data) {
  if (cut_ == 0) return along_rows(data, false);
  auto* values = reinterpret_cast<Complex*>(data);
  const std::int64_t n = n_[cut_], columns = columns_.count();
  for (std::int64_t begin = 0; begin < columns; begin += together) {
    const std::int64_t lines = std::min(together, columns - begin);
    for (std::int64_t c = 0; c < lines; ++c) {
      std::copy_n(values + (begin + c) * n, n, place_.get() + c * pitch_);
    }
    run(cut_lines_.back, lines);
    for (std::int64_t k = 0; k < n; ++k) {
      for (std::int64_t c = 0; c < lines; ++c) {
        turned_[std::size_t(k * columns + begin + c)] = place_[std::size_t(c * pitch_ + k)];
      }
    }
  }
  exchange(turned_.data(), packed_.data(), false);
  pack(values, packed_.data(), false);
  for (std::int64_t slab = 0; slab < slabs() && cut_ == 2; ++slab) {
    along_columns(values + slab * layer_, half_, half_, y_.back);
  }
  along_rows(data, false);
}

}  // namespace otto
