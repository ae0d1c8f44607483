#include "driven.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "flow_solver.h"

namespace otto {

namespace {

struct DrivenOptions {
  double rtol = 1e-10;        ///< of a solve, for q- and q+ in all cells
  int solves = 4;             ///< of what the one before has left, at most
  double done = 1e-15;        ///< largest correction of q- and q+ after which no more is gained
  double min_scale = 1e-200;  ///< of the largest pi: products with it are still numbers
};

constexpr int in_a = 0, in_b = 1;

class Flow {
 public:
  Flow(const Generator& g, const Outlets& outlets, const std::vector<double>& pi)
      : g_(g), mesh_(g.mesh()), outlets_(outlets), pi_(pi), scale_(pi) {
    const auto owned = std::size_t(mesh_.owned);
    for (auto* field : {&stays_, &ends_, &gain_, &into_b_}) field->assign(owned, 0.0);
    const double floor = options_.min_scale * mesh_.comm.max(*std::ranges::max_element(pi));
    for (double& s : scale_) s = std::max(s, floor);
    for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
      const Way there = way(f), back = there.back();
      add(there);
      add(back);
    }
    for (int set = 0; set < 2; ++set) {
      const auto& k = outlets.rate[std::size_t(set)];
      for (std::size_t i = 0; i < k.size(); ++i) {
        ends_[i] += k[i];
        if (set == in_a) gain_[i] += k[i] * pi[i];
        if (set == in_b) into_b_[i] += k[i];
      }
    }
  }

  Driven solve() {
    Driven found;
    found.u = solve(false);
    for (std::size_t k = 0; k < found.u.size(); ++k) {
      if (outlets_.holds[k] == in_a) found.u[k] = pi_[k];
    }
    found.q = solve(true);
    for (std::size_t k = 0; k < found.q.size(); ++k) {
      if (outlets_.holds[k] == in_b) found.q[k] = 1;
    }
    std::array<double, 2> sums{};
    for (std::size_t k = 0; k < gain_.size(); ++k) {
      sums[0] += gain_[k] * found.q[k];
      sums[1] += into_b_[k] * found.u[k];
      const double direct = through_side(k);
      if (outlets_.holds[k] == in_a) sums[0] += direct;
      if (outlets_.holds[k] == in_b) sums[1] += direct;
    }
    mesh_.comm.sum_in_place(sums);
    found.leaves = sums[0];
    found.arrives = sums[1];
    for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
      const Way there = way(f), back = there.back();
      found.face_flux.push_back(passing(there, found) - passing(back, found));
    }
    return found;
  }

 private:
  /// From K to its neighbour L: rates out of K and into it, and 1/s - 1.
  struct Way {
    std::size_t K, L;
    double out, in, more;
    [[nodiscard]] Way back() const { return {L, K, in, out, more}; }
  };

  [[nodiscard]] Way way(std::size_t f) const {
    return {std::size_t(mesh_.faces.left[f]), std::size_t(mesh_.faces.right[f]), g_.forward()[f],
            g_.backward()[f], outlets_.factor(f) - 1};
  }
  [[nodiscard]] bool free(std::size_t k) const { return outlets_.holds[k] == Outlets::free; }

  /// What L, not of A, gains from its neighbour K in A.
  [[nodiscard]] double from_a(const Way& w) const {
    return outlets_.holds[w.L] == in_b ? (1 + w.more) * w.out * pi_[w.K]
                                       : w.more * w.in * pi_[w.L] + w.out * pi_[w.K];
  }

  /// From a cell of either set through a side in the other.
  [[nodiscard]] double through_side(std::size_t k) const {
    const int here = outlets_.holds[k];
    if (here < 0) return 0;
    const auto& rate = outlets_.rate[std::size_t(here == in_a ? in_b : in_a)];
    return rate.empty() ? 0 : rate[k] * pi_[k];
  }

  void add(const Way& w) {
    if (w.K >= stays_.size()) return;
    const int here = outlets_.holds[w.K], there = outlets_.holds[w.L];
    const double out = there >= 0 ? (1 + w.more) * w.out : w.out;
    (there == Outlets::free ? stays_ : ends_)[w.K] += out;
    if (there == in_a && here != in_a) gain_[w.K] += from_a(w.back());
    if (there == in_b && here != in_b) into_b_[w.K] += out;
  }

  [[nodiscard]] double passing(const Way& w, const Driven& found) const {
    const int here = outlets_.holds[w.K], there = outlets_.holds[w.L];
    if (here == there && here >= 0) return 0;
    if (there == in_b) return (1 + w.more) * w.out * found.u[w.K];
    if (here == in_a) return from_a(w) * found.q[w.L];
    return w.out * found.u[w.K] * found.q[w.L];
  }

  /// The matrix of u = diag(s) w, or its transpose: of q+. Cells that are not free stand alone.
  void make_matrix(bool transposed) {
    std::vector<double> diagonal(stays_.size()), left_right, right_left;
    for (std::size_t k = 0; k < diagonal.size(); ++k) {
      const double rate = stays_[k] + ends_[k];
      diagonal[k] = free(k) && rate > 0 ? scale_[k] * rate : scale_[k];
    }
    for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
      const Way w = way(f);
      const bool both = free(w.K) && free(w.L);
      left_right.push_back(both ? -w.in * scale_[w.L] : 0);
      right_left.push_back(both ? -w.out * scale_[w.K] : 0);
    }
    if (transposed) left_right.swap(right_left);
    solver_.set(diagonal, left_right, right_left);
  }

  /// What is left of the equations of the free cells.
  [[nodiscard]] std::vector<double> residual(const std::vector<double>& x, bool transposed) const {
    std::vector<double> r(x.size(), 0.0);
    for (std::size_t k = 0; k < gain_.size(); ++k) {
      r[k] = transposed ? into_b_[k] - ends_[k] * x[k] : gain_[k] - ends_[k] * x[k];
    }
    for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
      const Way w = way(f);
      if (!free(w.K) || !free(w.L)) continue;
      const double flux = transposed ? x[w.K] - x[w.L] : w.out * x[w.K] - w.in * x[w.L];
      r[w.K] -= transposed ? w.out * flux : flux;
      r[w.L] += transposed ? w.in * flux : flux;
    }
    r.resize(gain_.size());
    for (std::size_t k = 0; k < r.size(); ++k) {
      if (!free(k)) r[k] = 0;
      if (transposed) r[k] *= scale_[k];
    }
    return r;
  }

  /// u, or q+, of the free cells; 0 elsewhere.
  std::vector<double> solve(bool transposed) {
    make_matrix(transposed);
    std::vector<double> x(pi_.size(), 0.0), e(gain_.size());
    for (int pass = 0; pass < options_.solves; ++pass) {
      solver_.solve(residual(x, transposed), e, options_.rtol,
                    transposed ? "forward committor" : "backward committor");
      double largest = 0;
      for (std::size_t k = 0; k < e.size(); ++k) {
        x[k] += transposed ? e[k] : scale_[k] * e[k];
        largest = std::max(largest, std::abs(e[k]));
      }
      mesh_.halo.update(mesh_.comm, x);
      if (mesh_.comm.max(largest) <= options_.done) break;
    }
    return x;
  }

  const Generator& g_;
  const Mesh& mesh_;
  const Outlets& outlets_;
  const std::vector<double>& pi_;
  DrivenOptions options_;
  FlowSolver solver_{mesh_};
  std::vector<double> scale_;
  std::vector<double> stays_, ends_;  // rates out of owned cells into free ones, and elsewhere
  std::vector<double> gain_;          // what flows out of A into K
  std::vector<double> into_b_;        // rate from K into B
};

}  // namespace

Driven driven_transitions(const Generator& generator, const Outlets& outlets,
                          const std::vector<double>& pi) {
  return Flow(generator, outlets, pi).solve();
}

}  // namespace otto
