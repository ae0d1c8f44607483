// W_KL is W(|x_K - x_L|); of kernels that are not smooth at r = 0 nearby cells take the average
// over a cube of their mean volume at that distance, so that W_KL = W_LK and the energy 1/2 sum
// vol_K vol_L rho_K rho_L W_KL has the slope W * rho. x are the cells' centres: where these are
// circumcentres, sum_L vol_L g(x_L) is still the integral to second order, since
//
//   int_K (x - x_K) dx = 1/2 int_dK |x - x_K|^2 n ds = -1/12 sum_edges |e|^3 n     (triangles)
//
// cancels between neighbours.

#include "direct_sum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "otto/core/error.h"

namespace otto {

namespace {

constexpr double near = 4;  ///< cell widths within which averages are taken
constexpr std::size_t max_kept = std::size_t{1} << 26;  ///< entries of the matrix on a rank

/// What the sum needs of a cell.
struct Place {
  Point x;
  double volume;
};

/// Blocks of all ranks, one after another: first one's own, then the next rank's, and so on round.
class Ring {
 public:
  Ring(const Comm& comm, std::int32_t owned) : comm_(comm), counts_(std::size_t(comm.size())) {
    MPI_Allgather(&owned, 1, MPI_INT, counts_.data(), 1, MPI_INT, comm.handle());
  }
  /// visit(rank, block) for each rank's `columns` numbers per cell.
  template <class Visit>
  void pass(std::vector<double> block, int columns, Visit&& visit) const {
    const int p = comm_.size(), me = comm_.rank();
    std::vector<double> next;
    for (int s = 0; s < p; ++s) {
      visit((me + s) % p, block);
      if (s + 1 == p) break;
      next.resize(std::size_t(counts_[std::size_t((me + s + 1) % p)]) * std::size_t(columns));
      MPI_Sendrecv(block.data(), int(block.size()), MPI_DOUBLE, (me + p - 1) % p, 0, next.data(),
                   int(next.size()), MPI_DOUBLE, (me + 1) % p, 0, comm_.handle(),
                   MPI_STATUS_IGNORE);
      block.swap(next);
    }
  }
  [[nodiscard]] std::int64_t total() const {
    std::int64_t n = 0;
    for (const int c : counts_) n += c;
    return n;
  }

 private:
  Comm comm_;
  std::vector<int> counts_;
};

class DirectSum final : public Interaction {
 public:
  DirectSum(const std::vector<Kernel>& kernels, const Mesh& mesh)
      : kernels_(kernels), mesh_(mesh), ring_(mesh.comm, mesh.owned) {
    for (std::size_t c = 0; c < std::size_t(mesh.owned); ++c) {
      own_.push_back({mesh.center[c], mesh.volume[c]});
    }
    const auto entries = std::size_t(mesh.owned) * std::size_t(ring_.total());
    keep_ = !mesh.comm.any(entries > max_kept);
    bool finite = true;
    std::exception_ptr trouble;  // of a network
    std::vector<double> W;
    ring_.pass(places(), 4, [&](int, const std::vector<double>& block) {
      if (trouble) return;  // the ring goes on
      try {
        for (const Place& K : own_) {
          row(K, block, 4, W);
          finite = finite && std::ranges::all_of(W, [](double w) { return std::isfinite(w); });
          if (keep_) matrix_.insert(matrix_.end(), W.begin(), W.end());
        }
      } catch (const Error&) {
        trouble = std::current_exception();
      }
    });
    mesh.comm.together([&] {
      if (trouble) std::rethrow_exception(trouble);
    });
    if (mesh.comm.any(!finite)) {
      throw InputError(
          "energy: the kernel of an interaction is not finite at a distance of two "
          "cells of the mesh");
    }
  }

  void potential(std::span<const double> rho, std::span<double> out) const override {
    const std::size_t columns = keep_ ? 1 : 5;
    std::vector<double> block;
    for (std::size_t c = 0; c < own_.size(); ++c) {
      if (!keep_)
        block.insert(block.end(), {own_[c].x[0], own_[c].x[1], own_[c].x[2], own_[c].volume});
      block.push_back(own_[c].volume * rho[c]);
    }
    std::fill_n(out.begin(), own_.size(), 0.0);
    const double* W = matrix_.data();
    std::vector<double> afresh;
    ring_.pass(std::move(block), int(columns), [&](int, const std::vector<double>& there) {
      for (std::size_t K = 0; K < own_.size(); ++K) {
        double sum = 0;
        const std::size_t n = there.size() / columns;
        if (!keep_) row(own_[K], there, columns, afresh);
        const double* weight = keep_ ? W : afresh.data();
        const double* mass = there.data() + (columns - 1);
#pragma omp simd reduction(+ : sum)
        for (std::size_t L = 0; L < n; ++L) sum += weight[L] * mass[L * columns];
        if (keep_) W += n;
        out[K] += sum;
      }
    });
  }

 private:
  [[nodiscard]] std::vector<double> places() const {
    std::vector<double> block;
    for (const Place& K : own_) block.insert(block.end(), {K.x[0], K.x[1], K.x[2], K.volume});
    return block;
  }

  /// W_KL for the cells L of a block, each with its centre and volume in front of its `columns`.
  void row(const Place& K, const std::vector<double>& block, std::size_t columns,
           std::vector<double>& W) const {
    const int d = mesh_.dimension;
    std::vector<Point> apart;
    W.clear();
    for (std::size_t L = 0; L < block.size(); L += columns) {
      const Point x{K.x[0] - block[L], K.x[1] - block[L + 1], K.x[2] - block[L + 2]};
      const double square = x[0] * x[0] + x[1] * x[1] + x[2] * x[2];
      const double mean = 0.5 * (K.volume + block[L + 3]);
      const double h = d == 1 ? mean : d == 2 ? std::sqrt(mean) : std::cbrt(mean);
      double w = 0;
      for (const Kernel& kernel : kernels_) {
        w += square < near * near * h * h ? kernel.between_cells(x, {h, h, h}, d)
                                          : kernel.at(std::sqrt(square));
      }
      W.push_back(w);
      apart.push_back(x);
    }
    for (const Kernel& kernel : kernels_) kernel.add_network(apart, W);
  }

  std::vector<Kernel> kernels_;
  const Mesh& mesh_;
  Ring ring_;
  std::vector<Place> own_;
  bool keep_ = false;
  std::vector<double> matrix_;  ///< block by block in the order of the ring, row by row
};

}  // namespace

std::unique_ptr<Interaction> make_direct_sum(const std::vector<Kernel>& kernels, const Mesh& mesh) {
  return std::make_unique<DirectSum>(kernels, mesh);
}

}  // namespace otto
