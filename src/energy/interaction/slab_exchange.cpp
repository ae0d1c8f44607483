#include "slab_exchange.h"

#include "otto/core/all_to_all.h"

namespace otto {

SlabExchange::SlabExchange(const Comm& comm, std::span<const int> rank,
                           std::span<const std::int64_t> place)
    : comm_(comm), cell_counts_(static_cast<std::size_t>(comm.size()), 0), cells_(rank.size()) {
  for (const int r : rank) ++cell_counts_[static_cast<std::size_t>(r)];
  slab_counts_ = incoming_counts(comm_, cell_counts_);
  cell_starts_ = starts_of(cell_counts_);
  slab_starts_ = starts_of(slab_counts_);
  std::vector<int> next = cell_starts_;
  std::vector<std::int64_t> sorted(rank.size());
  for (std::size_t c = 0; c < rank.size(); ++c) {
    const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(rank[c])]++);
    cells_[at] = c;
    sorted[at] = place[c];
  }
  places_ = all_to_all(comm_, sorted, cell_counts_, slab_counts_);
  cell_buffer_.resize(cells_.size());
  slab_buffer_.resize(places_.size());
}

void SlabExchange::to_slab(std::span<const double> owned, std::span<double> slab) const {
  for (std::size_t i = 0; i < cells_.size(); ++i) cell_buffer_[i] = owned[cells_[i]];
  MPI_Alltoallv(cell_buffer_.data(), cell_counts_.data(), cell_starts_.data(), MPI_DOUBLE,
                slab_buffer_.data(), slab_counts_.data(), slab_starts_.data(), MPI_DOUBLE,
                comm_.handle());
  for (std::size_t i = 0; i < places_.size(); ++i) slab[std::size_t(places_[i])] = slab_buffer_[i];
}

void SlabExchange::from_slab(std::span<const double> slab, std::span<double> owned) const {
  for (std::size_t i = 0; i < places_.size(); ++i) slab_buffer_[i] = slab[std::size_t(places_[i])];
  MPI_Alltoallv(slab_buffer_.data(), slab_counts_.data(), slab_starts_.data(), MPI_DOUBLE,
                cell_buffer_.data(), cell_counts_.data(), cell_starts_.data(), MPI_DOUBLE,
                comm_.handle());
  for (std::size_t i = 0; i < cells_.size(); ++i) owned[cells_[i]] = cell_buffer_[i];
}

}  // namespace otto
