#pragma once
// Values and rows of ghosts, the columns of a distributed matrix that other ranks own.

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "otto/core/comm.h"

namespace otto::multigrid {

/// Sends out[r] to rank r; returns what came from each rank. Collective.
template <class T>
std::vector<std::vector<T>> swap_parts(const Comm& comm, const std::vector<std::vector<T>>& out) {
  const auto ranks = std::size_t(comm.size());
  if (ranks == 1) return out;
  std::vector<int> to(ranks), from(ranks), to_begin(ranks), from_begin(ranks);
  for (std::size_t r = 0; r < ranks; ++r) to[r] = int(out[r].size() * sizeof(T));
  MPI_Alltoall(to.data(), 1, MPI_INT, from.data(), 1, MPI_INT, comm.handle());
  int sent = 0, received = 0;
  for (std::size_t r = 0; r < ranks; ++r) {
    to_begin[r] = std::exchange(sent, sent + to[r]);
    from_begin[r] = std::exchange(received, received + from[r]);
  }
  std::vector<T> packed, arrived(std::size_t(received) / sizeof(T));
  for (const auto& part : out) packed.insert(packed.end(), part.begin(), part.end());
  MPI_Alltoallv(packed.data(), to.data(), to_begin.data(), MPI_BYTE, arrived.data(), from.data(),
                from_begin.data(), MPI_BYTE, comm.handle());
  std::vector<std::vector<T>> in(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    const T* first = arrived.data() + std::size_t(from_begin[r]) / sizeof(T);
    in[r].assign(first, first + std::size_t(from[r]) / sizeof(T));
  }
  return in;
}

/// What all ranks have, one after the other, on every rank. Collective.
template <class T>
std::vector<T> all_parts(const Comm& comm, const std::vector<T>& mine) {
  std::vector<T> whole;
  const std::vector<std::vector<T>> copies(std::size_t(comm.size()), mine);
  for (const auto& part : swap_parts(comm, copies)) {
    whole.insert(whole.end(), part.begin(), part.end());
  }
  return whole;
}

/// The rank that owns row `row`, given the first row of every rank and the end.
std::size_t owner(std::span<const std::int64_t> first, std::int64_t row);

class GhostExchange {
 public:
  GhostExchange() = default;
  /// Rank r owns rows first[r] .. first[r + 1]; `ghosts`: rows of others, ascending. Collective.
  GhostExchange(const Comm& comm, std::span<const std::int64_t> first,
                std::span<const std::int64_t> ghosts);

  /// x: owned values, then room for those of the ghosts, which is filled. Collective.
  template <class T>
  void operator()(T* x) {
    requests_.clear();
    for (const Peer& p : from_) {
      MPI_Irecv(x + owned_ + p.begin, int(p.count * sizeof(T)), MPI_BYTE, p.rank, 0, comm_.handle(),
                &requests_.emplace_back());
    }
    buffer_.resize(wanted_.size() * sizeof(T));
    T* out = reinterpret_cast<T*>(buffer_.data());
    for (std::size_t k = 0; k < wanted_.size(); ++k) out[k] = x[wanted_[k]];
    for (const Peer& p : to_) {
      MPI_Isend(out + p.begin, int(p.count * sizeof(T)), MPI_BYTE, p.rank, 0, comm_.handle(),
                &requests_.emplace_back());
    }
    MPI_Waitall(int(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
  }

  /// Rows of the ghosts, one after the other, and where each begins.
  template <class T>
  struct GhostRows {
    std::vector<std::int32_t> start{0};
    std::vector<T> entries;
  };
  /// `pack(row, entries)` appends what the owner of a row has to tell about it. Collective.
  template <class T, class Pack>
  GhostRows<T> rows(Pack&& pack) {
    std::vector<std::int32_t> length(owned_ + ghosts_, 0);
    std::vector<std::vector<T>> parts(std::size_t(comm_.size()));
    for (const Peer& p : to_) {
      auto& part = parts[std::size_t(p.rank)];
      for (std::size_t k = p.begin; k < p.begin + p.count; ++k) {
        const std::size_t before = part.size();
        pack(wanted_[k], part);
        length[std::size_t(wanted_[k])] = std::int32_t(part.size() - before);
      }
    }
    (*this)(length.data());
    GhostRows<T> rows;
    for (const auto& part : swap_parts(comm_, parts)) {
      rows.entries.insert(rows.entries.end(), part.begin(), part.end());
    }
    for (std::size_t g = 0; g < ghosts_; ++g) {
      rows.start.push_back(rows.start.back() + length[owned_ + g]);
    }
    return rows;
  }

 private:
  struct Peer {
    int rank = 0;
    std::size_t begin = 0, count = 0;  ///< in the ghosts, or in wanted_
  };
  Comm comm_{MPI_COMM_SELF};
  std::size_t owned_ = 0, ghosts_ = 0;
  std::vector<Peer> from_, to_;
  std::vector<std::int32_t> wanted_;  ///< owned rows others ask for
  std::vector<std::byte> buffer_;
  std::vector<MPI_Request> requests_;
};

}  // namespace otto::multigrid
