#include "otto/multigrid/splitting.h"

#include <algorithm>
#include <limits>

namespace otto::multigrid {

namespace {

enum class State : char { open, coarse, fine };

/// visit(column, a_ij) for the entries of row i beside the diagonal.
template <class Visit>
void beside(const Rows<double>& rows, std::int32_t i, Visit&& visit) {
  for (auto e = std::size_t(rows.start[std::size_t(i)]) + 1;
       e < std::size_t(rows.start[std::size_t(i) + 1]); ++e) {
    visit(rows.column[e], rows.value[e]);
  }
}

std::vector<double> bounds(SparseMatrix& A, const SplittingOptions& options) {
  std::vector<double> bound(A.local());
  for (std::int32_t i = 0; i < A.rows.size(); ++i) {
    double max = 0, sum = 0;
    beside(A.rows, i, [&](std::int32_t, double a) {
      max = std::max(max, -a);
      sum += std::max(0.0, -a);
    });
    const double own = A.rows.value[std::size_t(A.rows.start[std::size_t(i)])];
    const bool alone = !(max > 0) || sum < options.dominance * own;
    bound[std::size_t(i)] = alone ? std::numeric_limits<double>::infinity() : options.theta * max;
  }
  A.exchange(bound.data());
  return bound;
}

}  // namespace

double hash(std::int64_t key) {  // Steele, Lea & Flood 2014, "splitmix64"
  auto x = std::uint64_t(key) + 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return double((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

Splitting split(SparseMatrix& A, const SplittingOptions& options) {
  Splitting s;
  s.bound = bounds(A, options);
  const std::int32_t n = A.rows.size();
  std::vector<double> weight(A.local());  // dependants, and a hash below 1
  for (std::int32_t i = 0; i < n; ++i) {
    double& w = weight[std::size_t(i)] = hash(A.key[std::size_t(i)]);
    beside(A.rows, i, [&](std::int32_t j, double a) { w += s.depends(j, a) ? 1 : 0; });
  }
  A.exchange(weight.data());

  std::vector<State> state(A.local(), State::open), next;
  std::vector<std::int32_t> open;
  for (std::int32_t i = 0; i < n; ++i) {
    if (weight[std::size_t(i)] < 1)
      state[std::size_t(i)] = State::fine;
    else
      open.push_back(i);
  }
  while (A.comm.any(!open.empty())) {
    A.exchange(state.data());
    next = state;
    for (const std::int32_t i : open) {
      bool heaviest = true;
      beside(A.rows, i, [&](std::int32_t j, double a) {
        if (state[std::size_t(j)] != State::open || !(s.depends(i, a) || s.depends(j, a))) return;
        heaviest = heaviest && weight[std::size_t(i)] > weight[std::size_t(j)];
      });
      if (heaviest) next[std::size_t(i)] = State::coarse;
    }
    A.exchange(next.data());
    for (const std::int32_t i : open) {
      if (next[std::size_t(i)] == State::coarse) continue;
      beside(A.rows, i, [&](std::int32_t j, double a) {
        const bool chosen = next[std::size_t(j)] == State::coarse;
        if (chosen && s.depends(i, a)) next[std::size_t(i)] = State::fine;
      });
    }
    state = next;
    std::erase_if(open, [&](std::int32_t i) { return state[std::size_t(i)] != State::open; });
  }
  A.exchange(state.data());
  for (const State c : state) s.is_coarse.push_back(c == State::coarse);
  return s;
}

}  // namespace otto::multigrid
