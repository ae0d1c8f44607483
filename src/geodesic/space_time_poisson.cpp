#include "space_time_poisson.h"

#include <fftw3-mpi.h>

#include <cmath>
#include <numbers>

#include "otto/core/error.h"

namespace otto {

namespace {

constexpr double planning_seconds = 1;  ///< in search of the fastest transform

struct Shape {
  std::array<std::ptrdiff_t, 4> size{};  ///< last axis of space, time, then the axes before it
  int rank = 0;
};

Shape shape_of(const Slab& slab) {
  Shape s;
  const auto add = [&](std::int64_t n) { s.size[static_cast<std::size_t>(s.rank++)] = n; };
  add(slab.cells[static_cast<std::size_t>(slab.dimension - 1)]);
  add(slab.intervals);
  for (int a = slab.dimension - 2; a >= 0; --a) add(slab.cells[static_cast<std::size_t>(a)]);
  return s;
}

/// The library is started once and lives as long as the program.
void start_fftw() {
  static const bool started = [] {
    fftw_mpi_init();
    fftw_set_timelimit(planning_seconds);
    return true;
  }();
  (void)started;
}

/// Alone, the fastest transform is searched for. Together, every try would wait for all ranks, for
/// minutes on a busy machine.
unsigned planning(const Comm& comm) { return comm.size() == 1 ? FFTW_MEASURE : FFTW_ESTIMATE; }

/// (2 - 2 cos(pi k / n)) / h^2 for k = 0 ... n - 1.
std::vector<double> eigenvalues(std::int64_t n, double h) {
  std::vector<double> values;
  for (std::int64_t k = 0; k < n; ++k) {
    const double s = 2 / h * std::sin(0.5 * std::numbers::pi * double(k) / double(n));
    values.push_back(s * s);
  }
  return values;
}

}  // namespace

PlaneRange transform_planes(const Slab& slab) {
  start_fftw();
  const Shape shape = shape_of(slab);
  std::ptrdiff_t count = 0, first = 0;
  fftw_mpi_local_size(shape.rank, shape.size.data(), slab.comm.handle(), &count, &first);
  return {count > 0 ? first : shape.size[0], count};
}

struct SpaceTimePoisson::Impl {
  explicit Impl(const Slab& s);
  ~Impl() {
    if (forth) fftw_destroy_plan(forth);
    if (back) fftw_destroy_plan(back);
    fftw_free(data);
  }
  void divide(double gamma);

  const Slab& slab;
  double* data = nullptr;
  fftw_plan forth = nullptr, back = nullptr;
  std::vector<double> time;                  ///< eigenvalues in time
  std::array<std::vector<double>, 3> space;  ///< and along each axis
  std::vector<double> plane;                 ///< their sums over the cells of a plane
  double scale = 1;                          ///< of a transform and its inverse
};

SpaceTimePoisson::Impl::Impl(const Slab& s) : slab(s) {
  const Shape shape = shape_of(slab);
  std::ptrdiff_t count = 0, first = 0;
  const MPI_Comm comm = slab.comm.handle();
  const auto size = fftw_mpi_local_size(shape.rank, shape.size.data(), comm, &count, &first);
  data = fftw_alloc_real(static_cast<std::size_t>(std::max<std::ptrdiff_t>(size, 1)));
  std::array<fftw_r2r_kind, 4> even{}, inverse{};
  even.fill(FFTW_REDFT10);
  inverse.fill(FFTW_REDFT01);
  forth = fftw_mpi_plan_r2r(shape.rank, shape.size.data(), data, data, comm, even.data(),
                            planning(slab.comm));
  back = fftw_mpi_plan_r2r(shape.rank, shape.size.data(), data, data, comm, inverse.data(),
                           planning(slab.comm));
  if (!data || !forth || !back) throw InternalError("FFTW makes no plan for the cosine transform");
  time = eigenvalues(slab.intervals, slab.dt());
  for (std::size_t a = 0; a < 3; ++a) space[a] = eigenvalues(slab.cells[a], slab.width[a]);
  for (int i = 0; i < shape.rank; ++i) scale /= 2.0 * double(shape.size[std::size_t(i)]);
  plane.assign(std::size_t(slab.rest), 0.0);
  const auto nx = std::size_t(slab.dimension > 1 ? slab.cells[0] : 1);
  for (std::size_t r = 0; r < plane.size(); ++r) {
    if (slab.dimension > 1) plane[r] += space[0][r % nx];
    if (slab.dimension > 2) plane[r] += space[1][r / nx];
  }
}

void SpaceTimePoisson::Impl::divide(double gamma) {
  const auto& last = space[std::size_t(slab.dimension - 1)];
  for (std::int64_t s = 0; s < slab.planes; ++s) {
    const double across = last[std::size_t(slab.first + s)];
    for (std::int64_t k = 0; k < slab.intervals; ++k) {
      double* row = data + slab.at(s, k);
      const double base = time[std::size_t(k)] + gamma * across;
      for (std::int64_t r = 0; r < slab.rest; ++r) {
        const double eigenvalue = base + gamma * plane[std::size_t(r)];
        row[r] *= eigenvalue > 0 ? scale / eigenvalue : 0;
      }
    }
  }
}

SpaceTimePoisson::SpaceTimePoisson(const Slab& slab) : impl_(std::make_unique<Impl>(slab)) {}
SpaceTimePoisson::~SpaceTimePoisson() = default;

std::span<double> SpaceTimePoisson::values() { return {impl_->data, impl_->slab.size()}; }

void SpaceTimePoisson::solve(double gamma) {
  fftw_execute(impl_->forth);
  impl_->divide(gamma);
  fftw_execute(impl_->back);
}

}  // namespace otto
