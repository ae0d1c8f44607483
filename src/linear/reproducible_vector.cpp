#include "otto/linear/reproducible_vector.h"

#include <petsc/private/vecimpl.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "otto/core/comm.h"
#include "otto/core/petsc_check.h"
#include "otto/core/reproducible_sum.h"

namespace otto {

namespace {

/// The values of a vector this rank owns, for as long as this lives.
class Values {
 public:
  explicit Values(Vec v) : v_(v) {
    check(VecGetLocalSize(v, &n_));
    check(VecGetArrayRead(v, &values_));
  }
  ~Values() { VecRestoreArrayRead(v_, &values_); }
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;
  [[nodiscard]] std::size_t size() const { return std::size_t(n_); }
  [[nodiscard]] const double* data() const { return values_; }

 private:
  Vec v_;
  PetscInt n_ = 0;
  const double* values_ = nullptr;
};

constexpr char rows_name[] = "otto_rows";

/// The rows given to make_reproducible(), which duplicates share.
const RowBlock& rows_of(Vec v) {
  PetscObject container = nullptr;
  void* rows = nullptr;
  check(PetscObjectQuery(reinterpret_cast<PetscObject>(v), rows_name, &container));
  check(PetscContainerGetPointer(reinterpret_cast<PetscContainer>(container), &rows));
  return *static_cast<const RowBlock*>(rows);
}

Comm comm_of(Vec v) { return Comm(PetscObjectComm(reinterpret_cast<PetscObject>(v))); }

ReproducibleSum product(Vec x, Vec y) {
  const Values left(x), right(y);
  const double *a = left.data(), *b = right.data();
  ReproducibleSum sum;
  sum.add(rows_of(x), [=](std::size_t i) { return a[i] * b[i]; });
  return sum;
}

PetscErrorCode dot(Vec x, Vec y, PetscScalar* result) {
  *result = sum_of_all(comm_of(x), product(x, y));
  return 0;
}

PetscErrorCode products(Vec x, PetscInt count, const Vec y[], PetscScalar* result) {
  std::vector<ReproducibleSum> sums;
  for (PetscInt k = 0; k < count; ++k) sums.push_back(product(x, y[k]));
  std::ranges::copy(sums_of_all(comm_of(x), sums), result);
  return 0;
}

PetscErrorCode norm(Vec x, NormType type, PetscReal* result) {
  const Values values(x);
  const double* v = values.data();
  const Comm comm = comm_of(x);
  if (type == NORM_INFINITY) {
    double max = 0;
#pragma omp simd reduction(max : max)
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double size = std::abs(v[i]);
      max = size > max ? size : max;
    }
    *result = comm.max(max);
    return 0;
  }
  std::array<ReproducibleSum, 2> sums;
  const bool both = type == NORM_1_AND_2;
  if (type == NORM_1 || both) {
    sums[0].add(rows_of(x), [=](std::size_t i) { return std::abs(v[i]); });
  }
  if (type != NORM_1) sums[1].add(rows_of(x), [=](std::size_t i) { return v[i] * v[i]; });
  const std::vector<double> all = sums_of_all(comm, sums);
  result[0] = type == NORM_1 || both ? all[0] : std::sqrt(all[1]);
  if (both) result[1] = std::sqrt(all[1]);
  return 0;
}

/// work(x[i], y[i]) becomes y[i].
template <class Work>
PetscErrorCode combine(Vec y, Vec x, Work&& work) {
  const Values values(x);
  const double* from = values.data();
  double* to = nullptr;
  check(VecGetArray(y, &to));
#pragma omp simd
  for (std::size_t i = 0; i < values.size(); ++i) to[i] = work(from[i], to[i]);
  check(VecRestoreArray(y, &to));
  return 0;
}

PetscErrorCode axpy(Vec y, PetscScalar a, Vec x) {
  return combine(y, x, [a](double from, double to) { return to + a * from; });
}

/// One vector after the other, each cell by itself.
PetscErrorCode maxpy(Vec y, PetscInt count, const PetscScalar* a, Vec* x) {
  for (PetscInt k = 0; k < count; ++k) axpy(y, a[k], x[k]);
  return 0;
}

PetscErrorCode aypx(Vec y, PetscScalar a, Vec x) {
  return combine(y, x, [a](double from, double to) { return from + a * to; });
}

PetscErrorCode axpby(Vec y, PetscScalar a, PetscScalar b, Vec x) {
  return combine(y, x, [a, b](double from, double to) { return b * to + a * from; });
}

}  // namespace

void make_reproducible(Vec v, const RowBlock& rows) {
  PetscOwner<PetscContainer, PetscContainerDestroy> container;
  check(PetscContainerCreate(PETSC_COMM_SELF, container.out()));
  check(PetscContainerSetPointer(container, new RowBlock(rows)));
  check(PetscContainerSetUserDestroy(container, [](void* r) {
    delete static_cast<RowBlock*>(r);
    return PetscErrorCode(0);
  }));
  check(PetscObjectCompose(reinterpret_cast<PetscObject>(v), rows_name,
                           reinterpret_cast<PetscObject>(PetscContainer(container))));
  v->ops->dot = v->ops->tdot = dot;
  v->ops->mdot = v->ops->mtdot = products;
  v->ops->norm = norm;
  v->ops->axpy = axpy;
  v->ops->maxpy = maxpy;
  v->ops->aypx = aypx;
  v->ops->axpby = axpby;
}

}  // namespace otto
