#include "otto/multigrid/box_operator.h"

namespace otto::multigrid {

void BoxOperator::set(double c, std::span<const double> sigma) {
  c_ = c;
  mass_.resize(std::size_t(op_.grid.cells()));
  std::size_t at = 0;
  for_each(op_.grid.n, [&](int i, int j, int k) {
    mass_[at] = op_.omega[std::size_t(op_.grid.index(i, j, k))] * (sigma.empty() ? 1 : sigma[at]);
    ++at;
  });
}

template <int Dim>
void BoxOperator::rows(const double* u, double* y) {
  const BlockGrid& grid = op_.grid;
  const std::ptrdiff_t nx = grid.n[0], ny = grid.n[1], nz = grid.n[2];
  const double* const left = halo_.ghosts<double>(0, 0);
  const double* const right = halo_.ghosts<double>(0, 1);
  // The row beyond side s of axis a, at position q of its layer.
  const auto beyond = [&](int a, int s, std::ptrdiff_t q) {
    const double* layer = halo_.ghosts<double>(a, s);
    return layer ? layer + nx * q : wall_.data();
  };
  for (std::ptrdiff_t k = 0; k < nz; ++k) {
    for (std::ptrdiff_t j = 0; j < ny; ++j) {
      const std::ptrdiff_t row = j + ny * k, q = grid.index(0, std::ptrdiff_t(j), k);
      const double *x = u + nx * row, *m = mass_.data() + nx * row;
      const double* gx = op_.g[0].data() + q;
      const double *gy = nullptr, *gz = nullptr, *south = x, *north = x, *down = x, *up = x;
      if constexpr (Dim > 1) {
        gy = op_.g[1].data() + q;
        south = j > 0 ? x - nx : beyond(1, 0, k);
        north = j + 1 < ny ? x + nx : beyond(1, 1, k);
      }
      if constexpr (Dim > 2) {
        gz = op_.g[2].data() + q;
        down = k > 0 ? x - nx * ny : beyond(2, 0, j);
        up = k + 1 < nz ? x + nx * ny : beyond(2, 1, j);
      }
      const auto cell = [&](std::ptrdiff_t i, double west, double east) {
        double sum = gx[i] * (x[i] - west) + gx[i + 1] * (x[i] - east);
        if constexpr (Dim > 1) {
          sum += gy[i] * (x[i] - south[i]) + gy[i + grid.stride[1]] * (x[i] - north[i]);
        }
        if constexpr (Dim > 2) {
          sum += gz[i] * (x[i] - down[i]) + gz[i + grid.stride[2]] * (x[i] - up[i]);
        }
        return m[i] * x[i] + c_ * sum;
      };
      double* out = y + nx * row;
      const double west = left ? left[row] : 0, east = right ? right[row] : 0;
      out[0] = cell(0, west, nx > 1 ? x[1] : east);
      if (nx > 1) out[nx - 1] = cell(nx - 1, x[nx - 2], east);
#pragma omp simd
      for (std::ptrdiff_t i = 1; i < nx - 1; ++i) out[i] = cell(i, x[i - 1], x[i + 1]);
    }
  }
}

void BoxOperator::apply(const double* u, double* y) {
  halo_.gather(u);
  if (op_.grid.dim == 1) rows<1>(u, y);
  if (op_.grid.dim == 2) rows<2>(u, y);
  if (op_.grid.dim == 3) rows<3>(u, y);
}

}  // namespace otto::multigrid
