#include "otto/mesh/halo.h"

#include <algorithm>

#include "otto/core/fault.h"

namespace otto {

namespace {

using Links = std::vector<Halo::Link>;

/// Sends the values of `sends`; put(value, place) takes those of `receives`.
template <class Put>
void exchange(const Comm& comm, const Links& sends, const Links& receives,
              std::span<const double> field, Put&& put) {
  std::vector<std::vector<double>> out(sends.size()), in(receives.size());
  std::vector<MPI_Request> requests;
  requests.reserve(sends.size() + receives.size());
  for (std::size_t i = 0; i < receives.size(); ++i) {
    const Halo::Link& link = receives[i];
    if (link.rank == comm.rank()) continue;
    in[i].resize(link.cells.size());
    MPI_Irecv(in[i].data(), static_cast<int>(in[i].size()), MPI_DOUBLE, link.rank, link.tag,
              comm.handle(), &requests.emplace_back());
  }
  for (std::size_t i = 0; i < sends.size(); ++i) {
    const Halo::Link& link = sends[i];
    out[i].resize(link.cells.size());
    std::ranges::transform(link.cells, out[i].begin(), [&](std::int32_t c) { return field[c]; });
    if (link.rank == comm.rank()) continue;
    MPI_Isend(out[i].data(), static_cast<int>(out[i].size()), MPI_DOUBLE, link.rank, link.tag,
              comm.handle(), &requests.emplace_back());
  }
  MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
  for (std::size_t i = 0; i < receives.size(); ++i) {
    const Halo::Link& link = receives[i];
    const double* values = in[i].data();
    if (link.rank == comm.rank()) {  // a periodic axis cut once: the neighbour is this rank
      const auto own = std::ranges::find_if(
          sends, [&](const Halo::Link& s) { return s.rank == link.rank && s.tag == link.tag; });
      values = out[static_cast<std::size_t>(own - sends.begin())].data();
    }
    for (std::size_t c = 0; c < link.cells.size(); ++c) put(values[c], link.cells[c]);
  }
}

}  // namespace

void Halo::update(const Comm& comm, std::span<double> field) const {
  fault_point("halo");
  exchange(comm, sends_, receives_, field,
           [&](double value, std::int32_t cell) { field[cell] = value; });
}

void Halo::add_ghosts(const Comm& comm, std::span<double> field) const {
  fault_point("halo");
  exchange(comm, receives_, sends_, field,
           [&](double value, std::int32_t cell) { field[cell] += value; });
}

}  // namespace otto
