// Recursive coordinate bisection (Berger & Bokhari 1987): cut across the longest extent so that the
// weights are as the numbers of ranks on either side.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "part.h"

namespace otto::gmsh {

namespace {

struct Bisection {
  const std::vector<Point>& places;
  const std::vector<std::int32_t>& weights;
  std::vector<std::int32_t> order, rank;

  void cut(std::size_t begin, std::size_t end, int first, int parts) {
    if (parts == 1 || begin == end) {
      for (std::size_t i = begin; i < end; ++i) rank[std::size_t(order[i])] = first;
      return;
    }
    const std::size_t a = longest(begin, end);
    const auto from = order.begin() + std::ptrdiff_t(begin),
               to = order.begin() + std::ptrdiff_t(end);
    std::sort(from, to, [&](std::int32_t i, std::int32_t j) {
      const double x = places[std::size_t(i)][a], y = places[std::size_t(j)][a];
      return x != y ? x < y : i < j;
    });
    double total = 0;
    for (std::size_t i = begin; i < end; ++i) total += weights[std::size_t(order[i])];
    const int left = parts / 2;
    const double wanted = total * left / parts;
    double sum = 0;
    std::size_t middle = begin;
    while (middle < end && sum + 0.5 * weights[std::size_t(order[middle])] < wanted) {
      sum += weights[std::size_t(order[middle++])];
    }
    // Every rank gets something where there is enough.
    middle = std::clamp(middle, std::min(begin + std::size_t(left), end),
                        std::max(begin, end - std::min(end - begin, std::size_t(parts - left))));
    cut(begin, middle, first, left);
    cut(middle, end, first + left, parts - left);
  }

  [[nodiscard]] std::size_t longest(std::size_t begin, std::size_t end) const {
    Point lower{INFINITY, INFINITY, INFINITY}, upper{-INFINITY, -INFINITY, -INFINITY};
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t a = 0; a < 3; ++a) {
        lower[a] = std::min(lower[a], places[std::size_t(order[i])][a]);
        upper[a] = std::max(upper[a], places[std::size_t(order[i])][a]);
      }
    }
    std::size_t best = 0;
    for (std::size_t a = 1; a < 3; ++a) {
      if (upper[a] - lower[a] > upper[best] - lower[best]) best = a;
    }
    return best;
  }
};

}  // namespace

std::vector<std::int32_t> bisect(const std::vector<Point>& places,
                                 const std::vector<std::int32_t>& weights, int parts) {
  Bisection b{places, weights, std::vector<std::int32_t>(places.size()),
              std::vector<std::int32_t>(places.size(), 0)};
  std::iota(b.order.begin(), b.order.end(), 0);
  b.cut(0, places.size(), 0, parts);
  return std::move(b.rank);
}

}  // namespace otto::gmsh
