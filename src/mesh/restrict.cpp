// Fine cells know the global number of the coarse cell they lie in; masses travel to the slab of
// numbers that holds it (GlobalOrder), and from there to its owner.

#include "otto/mesh/restrict.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "otto/core/all_to_all.h"
#include "otto/core/error.h"
#include "otto/mesh/global_order.h"

namespace otto {

namespace {

/// Position in `coarse` of the cell that holds fine cell i, by its centre.
std::int64_t parent(const std::vector<double>& fine, const std::vector<double>& coarse,
                    std::int64_t i) {
  const double x = 0.5 * (fine[std::size_t(i)] + fine[std::size_t(i) + 1]);
  return std::upper_bound(coarse.begin(), coarse.end(), x) - coarse.begin() - 1;
}

/// From one partition of a general mesh to another one.
std::vector<double> same_cells(const Mesh& mesh, std::span<const double> density,
                               const Mesh& other) {
  if (mesh.box || other.box || mesh.global_cells != other.global_cells) {
    throw InternalError("densities on general meshes are compared on the same cells only");
  }
  return GlobalOrder(other).from_slab(GlobalOrder(mesh).to_slab(density));
}

}  // namespace

bool nested(const Box& coarse, const Box& fine) {
  if (coarse.dimension != fine.dimension) return false;
  for (std::size_t a = 0; a < std::size_t(coarse.dimension); ++a) {
    const auto &big = coarse.nodes[a], &small = fine.nodes[a];
    const double slack = 1e-9 * (big.back() - big.front()) / double(small.size());
    for (const double x : big) {
      const auto at = std::lower_bound(small.begin(), small.end(), x - slack);
      if (at == small.end() || std::abs(*at - x) > slack) return false;
    }
  }
  return true;
}

std::vector<double> restrict_density(const Mesh& fine, std::span<const double> density,
                                     const Mesh& coarse) {
  if (!fine.box || !coarse.box) return same_cells(fine, density, coarse);
  const Comm& comm = fine.comm;
  const Box &small = fine.box->box, &big = coarse.box->box;
  struct Part {
    std::int64_t coarse, fine;
    double mass;
  };
  std::vector<Part> parts;
  for (std::size_t k = 0; k < std::size_t(fine.owned); ++k) {
    std::int64_t number = fine.global[k], coarse_number = 0, stride = 1;
    for (int a = 0; a < small.dimension; ++a) {
      const std::int64_t i = number % small.cells(a);
      number /= small.cells(a);
      coarse_number += stride * parent(small.nodes[std::size_t(a)], big.nodes[std::size_t(a)], i);
      stride *= big.cells(a);
    }
    parts.push_back({coarse_number, fine.global[k], fine.volume[k] * density[k]});
  }
  std::ranges::sort(parts, {}, &Part::coarse);
  const GlobalOrder order(coarse);
  const std::int64_t n = coarse.global_cells, p = comm.size();
  std::vector<int> counts(std::size_t(p), 0);
  std::vector<std::int64_t> numbers;
  std::vector<double> masses;
  int rank = 0;
  for (const Part& part : parts) {
    while (part.coarse >= (rank + 1) * n / p) ++rank;
    ++counts[std::size_t(rank)];
    numbers.insert(numbers.end(), {part.coarse, part.fine});
    masses.push_back(part.mass);
  }
  const std::vector<int> incoming = incoming_counts(comm, counts);
  numbers = all_to_all(comm, numbers, counts, incoming, 2);
  masses = all_to_all(comm, masses, counts, incoming);
  parts.clear();
  for (std::size_t i = 0; i < masses.size(); ++i) {
    parts.push_back({numbers[2 * i], numbers[2 * i + 1], masses[i]});
  }
  std::ranges::sort(parts, {}, &Part::fine);  // whoever sent them
  std::vector<double> slab(std::size_t(order.rows()), 0.0);
  for (const Part& part : parts) slab[std::size_t(part.coarse - order.first())] += part.mass;
  std::vector<double> averages = order.from_slab(slab);
  for (std::size_t k = 0; k < averages.size(); ++k) averages[k] /= coarse.volume[k];
  return averages;
}

}  // namespace otto
