#include "slab.h"

#include <algorithm>

#include "space_time_poisson.h"

namespace otto {

namespace {

/// Cells that [first, first + rows) of this rank shares with each rank's range.
std::vector<int> shared(const Comm& comm, std::int64_t first, std::int64_t rows,
                        std::int64_t other_first, std::int64_t other_rows) {
  const std::int64_t mine[2] = {other_first, other_rows};
  std::vector<std::int64_t> all(2 * static_cast<std::size_t>(comm.size()));
  MPI_Allgather(mine, 2, MPI_INT64_T, all.data(), 2, MPI_INT64_T, comm.handle());
  std::vector<int> counts;
  for (std::size_t r = 0; r < all.size(); r += 2) {
    const std::int64_t low = std::max(first, all[r]);
    const std::int64_t high = std::min(first + rows, all[r] + all[r + 1]);
    counts.push_back(static_cast<int>(std::max<std::int64_t>(0, high - low)));
  }
  return counts;
}

std::vector<int> running(const std::vector<int>& counts) {
  std::vector<int> offsets(counts.size(), 0);
  for (std::size_t r = 1; r < counts.size(); ++r) offsets[r] = offsets[r - 1] + counts[r - 1];
  return offsets;
}

}  // namespace

double Slab::cell_volume() const {
  double volume = 1;
  for (int a = 0; a < dimension; ++a) volume *= width[static_cast<std::size_t>(a)];
  return volume;
}

void Slab::exchange(const double* x, std::vector<double>& under, std::vector<double>& over) const {
  const auto plane = static_cast<std::size_t>(intervals * rest);
  const auto count = static_cast<int>(plane);
  under.resize(below >= 0 ? plane : 0);
  over.resize(above >= 0 ? plane : 0);
  MPI_Request requests[4];
  int n = 0;
  if (below >= 0) {
    MPI_Irecv(under.data(), count, MPI_DOUBLE, below, 0, comm.handle(), &requests[n++]);
    MPI_Isend(x, count, MPI_DOUBLE, below, 1, comm.handle(), &requests[n++]);
  }
  if (above >= 0) {
    MPI_Irecv(over.data(), count, MPI_DOUBLE, above, 1, comm.handle(), &requests[n++]);
    MPI_Isend(x + at(planes - 1, 0), count, MPI_DOUBLE, above, 0, comm.handle(), &requests[n++]);
  }
  MPI_Waitall(n, requests, MPI_STATUSES_IGNORE);
}

Slab make_slab(const Mesh& mesh, std::int64_t intervals) {
  const BoxBlock& box = *mesh.box;
  Slab slab{.comm = mesh.comm, .dimension = mesh.dimension, .intervals = intervals};
  for (int a = 0; a < mesh.dimension; ++a) {
    slab.cells[static_cast<std::size_t>(a)] = box.cells(a);
    slab.width[static_cast<std::size_t>(a)] = box.width(a, 0);
    if (a + 1 < mesh.dimension) slab.rest *= box.cells(a);
  }
  const PlaneRange planes = transform_planes(slab);
  slab.first = planes.first;
  slab.planes = planes.count;
  // Ranks without planes come last.
  const std::int64_t last = slab.cells[static_cast<std::size_t>(mesh.dimension - 1)];
  if (slab.planes > 0 && slab.first > 0) slab.below = mesh.comm.rank() - 1;
  if (slab.planes > 0 && slab.first + slab.planes < last) slab.above = mesh.comm.rank() + 1;
  return slab;
}

SlabOrder::SlabOrder(const Mesh& mesh, const Slab& slab)
    : comm_(mesh.comm),
      order_(mesh),
      even_(shared(mesh.comm, order_.first(), order_.rows(), slab.first * slab.rest,
                   slab.planes * slab.rest)),
      mine_(shared(mesh.comm, slab.first * slab.rest, slab.planes * slab.rest, order_.first(),
                   order_.rows())),
      even_rows_(static_cast<std::size_t>(order_.rows())),
      plane_rows_(static_cast<std::size_t>(slab.planes * slab.rest)) {}

std::vector<double> SlabOrder::move(std::span<const double> values, bool forth) const {
  const auto& send = forth ? even_ : mine_;
  const auto& receive = forth ? mine_ : even_;
  std::vector<double> moved(forth ? plane_rows_ : even_rows_);
  const auto from = running(send), to = running(receive);
  MPI_Alltoallv(values.data(), send.data(), from.data(), MPI_DOUBLE, moved.data(), receive.data(),
                to.data(), MPI_DOUBLE, comm_.handle());
  return moved;
}

std::vector<double> SlabOrder::to_planes(std::span<const double> owned) const {
  return move(order_.to_slab(owned), true);
}

std::vector<double> SlabOrder::from_planes(std::span<const double> planes) const {
  return order_.from_slab(move(planes, false));
}

}  // namespace otto
