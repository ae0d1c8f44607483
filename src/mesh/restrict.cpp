// Fine cells know the global number of the coarse cell they lie in; masses travel to the slab of
// numbers that holds it (GlobalOrder), and from there to its owner.

#include "otto/mesh/restrict.h"

#include <algorithm>
#include <cmath>
#include <map>
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
  std::map<std::int64_t, double> content;  // of coarse cells, by global number
  for (std::size_t k = 0; k < std::size_t(fine.owned); ++k) {
    std::int64_t number = fine.global[k], coarse_number = 0, stride = 1;
    for (int a = 0; a < small.dimension; ++a) {
      const std::int64_t i = number % small.cells(a);
      number /= small.cells(a);
      coarse_number += stride * parent(small.nodes[std::size_t(a)], big.nodes[std::size_t(a)], i);
      stride *= big.cells(a);
    }
    content[coarse_number] += fine.volume[k] * density[k];
  }
  const GlobalOrder order(coarse);
  const std::int64_t n = coarse.global_cells, p = comm.size();
  std::vector<int> counts(std::size_t(p), 0);
  std::vector<double> numbers, masses;
  int rank = 0;
  for (const auto& [number, mass] : content) {
    while (number >= (rank + 1) * n / p) ++rank;
    ++counts[std::size_t(rank)];
    numbers.push_back(double(number));
    masses.push_back(mass);
  }
  const std::vector<int> incoming = incoming_counts(comm, counts);
  numbers = all_to_all(comm, numbers, counts, incoming);
  masses = all_to_all(comm, masses, counts, incoming);
  std::vector<double> slab(std::size_t(order.rows()), 0.0);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    slab[std::size_t(std::int64_t(numbers[i]) - order.first())] += masses[i];
  }
  std::vector<double> averages = order.from_slab(slab);
  for (std::size_t k = 0; k < averages.size(); ++k) averages[k] /= coarse.volume[k];
  return averages;
}

}  // namespace otto
