#include "otto/particles/rows.h"

namespace otto {

std::vector<double> gather(const Comm& comm, std::span<const double> mine) {
  const int n = int(mine.size());
  std::vector<int> counts(std::size_t(comm.size())), offsets(counts.size(), 0);
  MPI_Allgather(&n, 1, MPI_INT, counts.data(), 1, MPI_INT, comm.handle());
  for (std::size_t r = 1; r < counts.size(); ++r) offsets[r] = offsets[r - 1] + counts[r - 1];
  std::vector<double> all(std::size_t(offsets.back() + counts.back()));
  MPI_Allgatherv(mine.data(), n, MPI_DOUBLE, all.data(), counts.data(), offsets.data(), MPI_DOUBLE,
                 comm.handle());
  return all;
}

Rows gather(const Comm& comm, const Rows& mine) {
  const std::vector<double> all = gather(comm, as_span(mine));
  const Eigen::Index d = mine.cols();
  return Eigen::Map<const Rows>(all.data(), Eigen::Index(all.size()) / std::max<Eigen::Index>(d, 1),
                                d);
}

}  // namespace otto
