#include "otto/mesh/halo.h"

#include <algorithm>

#include "otto/core/fault.h"

namespace otto {

void Halo::update(const Comm& comm, std::span<double> field) const {
  fault_point("halo");
  std::vector<std::vector<double>> out(sends_.size()), in(receives_.size());
  std::vector<MPI_Request> requests;
  requests.reserve(sends_.size() + receives_.size());
  for (std::size_t i = 0; i < receives_.size(); ++i) {
    const Link& link = receives_[i];
    if (link.rank == comm.rank()) continue;
    in[i].resize(link.cells.size());
    MPI_Irecv(in[i].data(), static_cast<int>(in[i].size()), MPI_DOUBLE, link.rank, link.tag,
              comm.handle(), &requests.emplace_back());
  }
  for (std::size_t i = 0; i < sends_.size(); ++i) {
    const Link& link = sends_[i];
    out[i].resize(link.cells.size());
    std::ranges::transform(link.cells, out[i].begin(), [&](std::int32_t c) { return field[c]; });
    if (link.rank == comm.rank()) continue;
    MPI_Isend(out[i].data(), static_cast<int>(out[i].size()), MPI_DOUBLE, link.rank, link.tag,
              comm.handle(), &requests.emplace_back());
  }
  MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
  for (std::size_t i = 0; i < receives_.size(); ++i) {
    const Link& link = receives_[i];
    const double* values = in[i].data();
    if (link.rank == comm.rank()) {  // a periodic axis cut once: the neighbour is this rank
      const auto own = std::ranges::find_if(
          sends_, [&](const Link& s) { return s.rank == link.rank && s.tag == link.tag; });
      values = out[static_cast<std::size_t>(own - sends_.begin())].data();
    }
    for (std::size_t c = 0; c < link.cells.size(); ++c) field[link.cells[c]] = values[c];
  }
}

}  // namespace otto
