#pragma once
// Every rank's pieces for every other, exchanged.

#include <cstdint>
#include <numeric>
#include <type_traits>
#include <vector>

#include "otto/core/comm.h"

namespace otto {

/// Where each rank's piece begins.
inline std::vector<int> starts_of(const std::vector<int>& counts) {
  std::vector<int> starts(counts.size());
  std::exclusive_scan(counts.begin(), counts.end(), starts.begin(), 0);
  return starts;
}

/// How much comes from each rank, `counts` telling what goes to each. Collective.
inline std::vector<int> incoming_counts(const Comm& comm, const std::vector<int>& counts) {
  std::vector<int> incoming(counts.size());
  MPI_Alltoall(counts.data(), 1, MPI_INT, incoming.data(), 1, MPI_INT, comm.handle());
  return incoming;
}

/// The elements for this rank, by sender; `out`: grouped by receiver. An element is `columns`
/// values, `counts` and `incoming` count elements. Collective.
template <class T>
std::vector<T> all_to_all(const Comm& comm, const std::vector<T>& out,
                          const std::vector<int>& counts, const std::vector<int>& incoming,
                          int columns = 1) {
  static_assert(std::is_same_v<T, double> || std::is_same_v<T, std::int64_t>);
  const MPI_Datatype type = std::is_same_v<T, double> ? MPI_DOUBLE : MPI_INT64_T;
  MPI_Datatype element;
  MPI_Type_contiguous(columns, type, &element);
  MPI_Type_commit(&element);
  const std::int64_t n = std::accumulate(incoming.begin(), incoming.end(), std::int64_t{0});
  std::vector<T> in(static_cast<std::size_t>(n * columns));
  MPI_Alltoallv(out.data(), counts.data(), starts_of(counts).data(), element, in.data(),
                incoming.data(), starts_of(incoming).data(), element, comm.handle());
  MPI_Type_free(&element);
  return in;
}

}  // namespace otto
