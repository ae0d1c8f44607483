#include "gathering.h"

namespace otto::multigrid {

Gathering::Gathering(const Operator& divided)
    : comm_(divided.comm), begin_(std::size_t(comm_.size())), size_(begin_.size()) {
  MPI_Allgather(divided.begin.data(), 3, MPI_INT64_T, begin_.data(), 3, MPI_INT64_T,
                comm_.handle());
  MPI_Allgather(divided.grid.n.data(), 3, MPI_INT32_T, size_.data(), 3, MPI_INT32_T,
                comm_.handle());
  int total = 0;
  for (const auto& n : size_) {
    count_.push_back(n[0] * n[1] * n[2]);
    offset_.push_back(total);
    total += count_.back();
  }
}

}  // namespace otto::multigrid
