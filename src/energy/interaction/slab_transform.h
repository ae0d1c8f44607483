#pragma once
// Real discrete Fourier transforms in one to three dimensions of fields cut into slabs across one axis,
//
//   X(k) = sum_i x(i) exp(-2 pi sqrt(-1) sum_a k_a i_a / n_a),      0 <= k_0 <= n_0 / 2:
//
// along x, along y where that is not cut, and then, every line having been brought together on one rank,
// along the axis that is cut. Each line is transformed as a whole and by the same plan in the same place, so
// that its bits depend neither on the number of ranks nor on the lines beside it, as they do with plans for many lines.
//
// A field: [slab][y, unless it is cut][x], rows of x padded to 2 (n_0 / 2 + 1) numbers. A spectrum: [column][k along
// the cut axis], columns being all (k_x, k_y) that are left, shared among the ranks. In one dimension the field is
// that of rank 0.

#include <fftw3.h>

#include <array>
#include <complex>
#include <cstdint>
#include <memory>
#include <vector>

#include "otto/core/comm.h"

namespace otto {

class SlabTransform {
 public:
  /// `cut`: the last axis. Collective.
  SlabTransform(const Comm& comm, const std::array<std::int64_t, 3>& n, std::size_t cut);

  [[nodiscard]] std::int64_t slabs() const { return slabs_.count(); }       ///< of this rank
  [[nodiscard]] std::int64_t first_slab() const { return slabs_.begin(); }  ///< number of the first
  [[nodiscard]] std::int64_t row() const { return row_; }      ///< numbers between rows
  [[nodiscard]] std::int64_t plane() const { return plane_; }  ///< and between slabs
  /// Complex numbers of this rank's part of a spectrum.
  [[nodiscard]] std::size_t spectrum() const { return spectrum_; }
  /// Numbers that hold a field as well as a spectrum.
  [[nodiscard]] std::size_t room() const { return room_; }

  void forward(double* data);   ///< the field becomes its spectrum. Collective.
  void backward(double* data);  ///< and back, times n_0 n_1 n_2. Collective.

 private:
  using Complex = std::complex<double>;
  struct Free {
    void operator()(void* p) const { fftw_free(p); }
  };
  struct Destroy {
    void operator()(fftw_plan_s* plan) const { fftw_destroy_plan(plan); }
  };
  using Plan = std::unique_ptr<fftw_plan_s, Destroy>;
  /// Things shared out evenly: rank r has those from first[r] on.
  struct Shares {
    Shares(const Comm& comm, std::int64_t n, bool all_on_first);
    [[nodiscard]] std::int64_t begin() const { return first[me]; }
    [[nodiscard]] std::int64_t count() const { return count(me); }
    [[nodiscard]] std::int64_t count(std::size_t r) const { return first[r + 1] - first[r]; }
    std::size_t me;
    std::vector<std::int64_t> first;
  };
  struct Lines {
    Plan forth, back;
  };

  Lines make_lines(std::int64_t n, bool real);
  void run(const Plan& plan, std::int64_t lines);
  void along_rows(double* data, bool forth);
  void along_columns(Complex* values, std::int64_t count, std::int64_t stride, const Plan& plan);
  void exchange(const Complex* from, Complex* to, bool forth);
  void pack(Complex* field, Complex* packed, bool forth);

  static constexpr std::int64_t together = 8;  ///< lines brought into one place at a time

  Comm comm_;
  std::array<std::int64_t, 3> n_;
  std::size_t cut_;
  std::int64_t half_ = 0;   ///< n_0 / 2 + 1
  std::int64_t layer_ = 0;  ///< columns of all ranks
  Shares slabs_, columns_;
  std::int64_t row_ = 0, plane_ = 0;
  std::size_t spectrum_ = 0, room_ = 0;
  std::int64_t pitch_ = 0;  ///< between lines in their place, complex numbers
  std::unique_ptr<Complex[], Free> place_;
  Lines x_, y_, cut_lines_;
  std::vector<Complex> packed_, turned_;
};

}  // namespace otto
