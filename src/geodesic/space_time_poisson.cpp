#include "space_time_poisson.h"

#include <fftw3.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include "otto/core/error.h"

namespace otto {

namespace {

struct Free {
  void operator()(void* p) const { fftw_free(p); }
};
struct Destroy {
  void operator()(fftw_plan_s* plan) const { fftw_destroy_plan(plan); }
};
using Numbers = std::unique_ptr<double[], Free>;
using Plan = std::unique_ptr<fftw_plan_s, Destroy>;

constexpr std::int64_t together = 8;  ///< lines across the planes transformed at once

Numbers make_numbers(std::int64_t count) {
  return Numbers(fftw_alloc_real(std::size_t(std::max<std::int64_t>(count, 1))));
}

/// The planes of each rank, and its columns across them in groups of `together`.
struct Shares {
  explicit Shares(const Slab& slab) {
    const int ranks = slab.comm.size();
    const std::int64_t n = slab.cells[std::size_t(slab.dimension - 1)];
    const std::int64_t block = (n + ranks - 1) / ranks;
    const std::int64_t columns = slab.intervals * slab.rest;
    const std::int64_t groups = (columns + together - 1) / together;
    for (std::int64_t r = 0; r <= ranks; ++r) {
      plane.push_back(std::min(n, r * block));
      column.push_back(std::min(columns, together * (r * groups / ranks)));
    }
  }
  std::vector<std::int64_t> plane, column;  ///< where those of each rank begin
};

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
  const Shares shares(slab);
  const auto r = std::size_t(slab.comm.rank());
  return {shares.plane[r], shares.plane[r + 1] - shares.plane[r]};
}

struct SpaceTimePoisson::Impl {
  explicit Impl(const Slab& s);
  void make_plans();
  void along_planes(const Plan& plan);
  void across(double gamma);
  void transform_columns(double* rows, std::int64_t stride, double gamma);
  void turn(bool forth);

  const Slab& slab;
  Shares shares;
  std::int64_t columns, planes;  ///< numbers of a plane, planes of all ranks
  std::int64_t first, mine;      ///< columns of this rank
  Numbers data, place, lines;    ///< the field; room for a plane, and for `together` columns
  std::vector<double> packed, turned;
  Plan plane_forth, plane_back, line_forth, line_back;
  std::vector<double> time;                  ///< eigenvalues in time
  std::array<std::vector<double>, 3> space;  ///< and along each axis
  std::vector<double> plane;                 ///< their sums over the cells of a plane
  double scale = 1;                          ///< of a transform and its inverse
};

SpaceTimePoisson::Impl::Impl(const Slab& s)
    : slab(s),
      shares(s),
      columns(s.intervals * s.rest),
      planes(shares.plane.back()),
      first(shares.column[std::size_t(s.comm.rank())]),
      mine(shares.column[std::size_t(s.comm.rank()) + 1] - first),
      data(make_numbers(std::int64_t(s.size()))),
      place(make_numbers(columns)),
      lines(make_numbers(planes * together)) {
  make_plans();
  if (slab.comm.size() > 1) {
    packed.resize(slab.size());
    turned.resize(std::size_t(planes * mine));
  }
  time = eigenvalues(slab.intervals, slab.dt());
  for (std::size_t a = 0; a < 3; ++a) space[a] = eigenvalues(slab.cells[a], slab.width[a]);
  plane.assign(std::size_t(slab.rest), 0.0);
  const auto nx = std::size_t(slab.dimension > 1 ? slab.cells[0] : 1);
  for (std::size_t r = 0; r < plane.size(); ++r) {
    if (slab.dimension > 1) plane[r] += space[0][r % nx];
    if (slab.dimension > 2) plane[r] += space[1][r / nx];
  }
}

/// Estimated, not measured: a search would find another plan, whose last digits differ, in every run.
void SpaceTimePoisson::Impl::make_plans() {
  std::vector<int> size{int(slab.intervals)};
  for (int a = slab.dimension - 2; a >= 0; --a) size.push_back(int(slab.cells[std::size_t(a)]));
  const auto in_plane = [&](fftw_r2r_kind kind) {
    const std::vector<fftw_r2r_kind> kinds(size.size(), kind);
    return Plan(fftw_plan_r2r(int(size.size()), size.data(), place.get(), place.get(), kinds.data(),
                              FFTW_ESTIMATE));
  };
  const auto on_lines = [&](fftw_r2r_kind kind) {
    const int n = int(planes), count = int(together);
    return Plan(fftw_plan_many_r2r(1, &n, count, lines.get(), nullptr, count, 1, lines.get(),
                                   nullptr, count, 1, &kind, FFTW_ESTIMATE));
  };
  plane_forth = in_plane(FFTW_REDFT10);
  plane_back = in_plane(FFTW_REDFT01);
  line_forth = on_lines(FFTW_REDFT10);
  line_back = on_lines(FFTW_REDFT01);
  if (!plane_forth || !plane_back || !line_forth || !line_back) {
    throw InternalError("FFTW makes no plan for the cosine transform");
  }
  scale = 1 / (2.0 * double(planes));
  for (const int n : size) scale /= 2.0 * double(n);
}

/// Time and all axes but the last, plane by plane in one place.
void SpaceTimePoisson::Impl::along_planes(const Plan& plan) {
  for (std::int64_t s = 0; s < slab.planes; ++s) {
    double* values = data.get() + s * columns;
    std::copy_n(values, columns, place.get());
    fftw_execute(plan.get());
    std::copy_n(place.get(), columns, values);
  }
}

/// Between this rank's planes and its columns of all planes.
void SpaceTimePoisson::Impl::turn(bool forth) {
  const auto ranks = std::size_t(slab.comm.size());
  std::vector<int> here(ranks), there(ranks), from(ranks, 0), to(ranks, 0);
  for (std::size_t r = 0; r < ranks; ++r) {
    here[r] = int(slab.planes * (shares.column[r + 1] - shares.column[r]));
    there[r] = int((shares.plane[r + 1] - shares.plane[r]) * mine);
    if (r == 0) continue;
    from[r] = from[r - 1] + here[r - 1];
    to[r] = to[r - 1] + there[r - 1];
  }
  const auto for_each_part = [&](auto&& visit) {  // [rank][plane][its columns]
    double* at = packed.data();
    for (std::size_t r = 0; r < ranks; ++r) {
      const std::int64_t count = shares.column[r + 1] - shares.column[r];
      for (std::int64_t s = 0; s < slab.planes; ++s, at += count) {
        visit(data.get() + s * columns + shares.column[r], at, count);
      }
    }
  };
  const MPI_Comm comm = slab.comm.handle();
  if (forth) {
    for_each_part([](double* field, double* part, auto n) { std::copy_n(field, n, part); });
    MPI_Alltoallv(packed.data(), here.data(), from.data(), MPI_DOUBLE, turned.data(), there.data(),
                  to.data(), MPI_DOUBLE, comm);
  } else {
    MPI_Alltoallv(turned.data(), there.data(), to.data(), MPI_DOUBLE, packed.data(), here.data(),
                  from.data(), MPI_DOUBLE, comm);
    for_each_part([](double* field, double* part, auto n) { std::copy_n(part, n, field); });
  }
}

/// The last axis, there and back, between them the division by the eigenvalues. `rows`: the columns of
/// this rank, those of a plane `stride` after those of the one before.
void SpaceTimePoisson::Impl::transform_columns(double* rows, std::int64_t stride, double gamma) {
  const auto& last = space[std::size_t(slab.dimension - 1)];
  std::fill_n(lines.get(), planes * together, 0.0);
  for (std::int64_t begin = 0; begin < mine; begin += together) {
    const std::int64_t count = std::min(together, mine - begin);
    for (std::int64_t k = 0; k < planes; ++k) {
      std::copy_n(rows + k * stride + begin, count, lines.get() + k * together);
    }
    fftw_execute(line_forth.get());
    for (std::int64_t c = 0; c < count; ++c) {
      const std::int64_t column = first + begin + c;
      const double in_plane =
          time[std::size_t(column / slab.rest)] + gamma * plane[std::size_t(column % slab.rest)];
      for (std::int64_t k = 0; k < planes; ++k) {
        const double eigenvalue = in_plane + gamma * last[std::size_t(k)];
        lines[std::size_t(k * together + c)] *= eigenvalue > 0 ? scale / eigenvalue : 0;
      }
    }
    fftw_execute(line_back.get());
    for (std::int64_t k = 0; k < planes; ++k) {
      std::copy_n(lines.get() + k * together, count, rows + k * stride + begin);
    }
  }
}

void SpaceTimePoisson::Impl::across(double gamma) {
  if (slab.comm.size() == 1) return transform_columns(data.get(), columns, gamma);
  turn(true);
  transform_columns(turned.data(), mine, gamma);
  turn(false);
}

SpaceTimePoisson::SpaceTimePoisson(const Slab& slab) : impl_(std::make_unique<Impl>(slab)) {}
SpaceTimePoisson::~SpaceTimePoisson() = default;

std::span<double> SpaceTimePoisson::values() { return {impl_->data.get(), impl_->slab.size()}; }

void SpaceTimePoisson::solve(double gamma) {
  impl_->along_planes(impl_->plane_forth);
  impl_->across(gamma);
  impl_->along_planes(impl_->plane_back);
}

}  // namespace otto
