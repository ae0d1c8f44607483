// Faces in the order of their heights join cells to lakes (Kruskal). Where two lakes meet, both
// deeper than asked, both are wells, and the face's height is the lowest way out of either. A second
// pass over the faces stops at each well's own level, where its lake is its core.

#include "deep_wells.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

namespace otto {

namespace {

constexpr std::int64_t max_cells = 10'000'000;

/// A face between two cells, or a way out (right = the number of cells).
struct Way {
  std::int64_t left, right;
  double height;
};
static_assert(sizeof(Way) == 3 * sizeof(double));

std::vector<Way> ways_of(const Generator& generator, const Outlets& outlets) {
  const Mesh& mesh = generator.mesh();
  const auto V = generator.external();
  const auto forward = generator.forward(), backward = generator.backward();
  const double kT = generator.temperature();
  std::vector<Way> ways;
  std::vector<double> largest(std::size_t(mesh.owned), 0.0);  // a of the cell's faces
  const auto node = [&](std::size_t k) {
    return outlets.holds[k] >= 0 ? mesh.global_cells : mesh.global[k];
  };
  for (std::size_t f = 0; f < forward.size(); ++f) {
    const auto l = std::size_t(mesh.faces.left[f]), r = std::size_t(mesh.faces.right[f]);
    if (outlets.holds[l] == Outlets::cut_off || outlets.holds[r] == Outlets::cut_off) continue;
    if (outlets.holds[l] >= 0 && outlets.holds[r] >= 0) continue;
    const double a = generator.transmissibility()[f] * kT;
    const bool from_left = forward[f] > backward[f];  // the larger rate has not underflowed
    const double rate = from_left ? forward[f] : backward[f];
    if (!(rate > 0 && a > 0)) continue;
    ways.push_back({node(l), node(r),
                    V[from_left ? l : r] / kT - std::log(rate / a) - std::log(outlets.factor(f))});
    for (const std::size_t K : {l, r}) {
      if (K < largest.size()) largest[K] = std::max(largest[K], a);
    }
  }
  for (const std::vector<double>& out : outlets.rate) {
    for (std::size_t k = 0; k < out.size(); ++k) {
      if (!(out[k] > 0) || outlets.holds[k] >= 0) continue;
      ways.push_back({mesh.global[k], mesh.global_cells,
                      V[k] / kT - std::log(std::min(1.0, out[k] / largest[k]))});
    }
  }
  return ways;
}

/// Values of all ranks, one after the other, on the root.
template <class T>
std::vector<T> gather(const Comm& comm, const std::vector<T>& mine) {
  const int bytes = int(sizeof(T)), count = int(mine.size());
  std::vector<int> counts(std::size_t(comm.size())), starts(counts.size());
  MPI_Gather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, comm.handle());
  std::exclusive_scan(counts.begin(), counts.end(), starts.begin(), 0);
  std::vector<T> all(comm.is_root() ? std::size_t(starts.back() + counts.back()) : 0);
  MPI_Datatype type = MPI_DATATYPE_NULL;
  MPI_Type_contiguous(bytes, MPI_BYTE, &type);
  MPI_Type_commit(&type);
  MPI_Gatherv(mine.data(), count, type, all.data(), counts.data(), starts.data(), type, 0,
              comm.handle());
  MPI_Type_free(&type);
  return all;
}

/// Lakes over the cells and, last, what lies outside the absorbing sides.
class Lakes {
 public:
  explicit Lakes(std::size_t nodes) : up_(nodes) {
    std::iota(up_.begin(), up_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t node) {
    while (up_[node] != node) {
      up_[node] = up_[up_[node]];
      node = up_[node];
    }
    return node;
  }
  void join(std::size_t child, std::size_t parent) { up_[child] = parent; }

 private:
  std::vector<std::size_t> up_;
};

struct Well {
  std::size_t bottom;
  double way_out;  ///< height of the lowest way to another well, or out
};

/// `V`: of all cells, in kT, and minus infinity for what lies outside.
std::vector<Well> flood(const std::vector<Way>& ways, const std::vector<double>& V, double depth) {
  Lakes lakes(V.size());
  std::vector<bool> holds_well(V.size(), false);  // by the lake's bottom, which stands for it
  std::vector<Well> wells;
  for (const Way& way : ways) {
    std::size_t low = lakes.find(std::size_t(way.left)), high = lakes.find(std::size_t(way.right));
    if (low == high) continue;
    if (V[low] > V[high]) std::swap(low, high);
    if (way.height - V[high] > depth) {
      for (const std::size_t bottom : {low, high}) {
        if (!holds_well[bottom] && bottom + 1 < V.size()) wells.push_back({bottom, way.height});
        holds_well[bottom] = true;
      }
    }
    lakes.join(high, low);
    holds_well[low] = holds_well[low] || holds_well[high];
  }
  return wells;
}

std::vector<int> cores(const std::vector<Way>& ways, const std::vector<Well>& wells,
                       std::size_t cells, double core_depth) {
  std::vector<std::size_t> order(wells.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t w) { return wells[w].way_out; });
  std::vector<int> core(cells, -1);
  Lakes lakes(cells + 1);
  auto way = ways.begin();
  for (const std::size_t w : order) {
    for (; way != ways.end() && way->height <= wells[w].way_out - core_depth; ++way) {
      const std::size_t a = lakes.find(std::size_t(way->left)),
                        b = lakes.find(std::size_t(way->right));
      if (a != b) lakes.join(a, b);
    }
    const std::size_t lake = lakes.find(wells[w].bottom);
    for (std::size_t k = 0; k < cells; ++k) {
      if (lakes.find(k) == lake) core[k] = int(w);
    }
  }
  return core;
}

/// The core of every cell, on the root.
std::vector<int> on_root(std::vector<Way> ways, const std::vector<double>& V,
                         const std::vector<std::int64_t>& number, double depth, double core_depth,
                         int& count) {
  std::ranges::sort(ways, [](const Way& a, const Way& b) {
    return std::tie(a.height, a.left, a.right) < std::tie(b.height, b.left, b.right);
  });
  std::vector<double> sorted(V.size() + 1, -std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < V.size(); ++i) sorted[std::size_t(number[i])] = V[i];
  const std::vector<Well> wells = flood(ways, sorted, depth);
  count = int(wells.size());
  return cores(ways, wells, V.size(), core_depth);
}

}  // namespace

DeepWells find_deep_wells(const Generator& generator, const Outlets& outlets, double depth,
                          double core_depth) {
  const Mesh& mesh = generator.mesh();
  const Comm& comm = mesh.comm;
  DeepWells found{0, std::vector<int>(std::size_t(mesh.local()), -1)};
  // no face is higher than the highest cell; a way out may be
  const bool flat = generator.range() <= depth && outlets.count() == 0;
  if (flat || mesh.global_cells > max_cells) return found;
  const auto owned = std::size_t(mesh.owned);
  std::vector<double> V(owned);
  for (std::size_t k = 0; k < owned; ++k) V[k] = generator.external()[k] / generator.temperature();
  const std::vector<Way> ways = gather(comm, ways_of(generator, outlets));
  const std::vector<double> all = gather(comm, V);
  const std::vector<std::int64_t> number = gather(
      comm, std::vector<std::int64_t>(mesh.global.begin(), mesh.global.begin() + mesh.owned));
  std::vector<int> core;
  comm.together([&] {
    if (comm.is_root()) core = on_root(ways, all, number, depth, core_depth, found.count);
  });
  MPI_Bcast(&found.count, 1, MPI_INT, 0, comm.handle());
  if (found.count == 0) return found;
  core.resize(std::size_t(mesh.global_cells));
  MPI_Bcast(core.data(), int(core.size()), MPI_INT, 0, comm.handle());
  std::vector<std::int64_t> sizes(std::size_t(found.count), 0);
  for (const int w : core) {
    if (w >= 0) ++sizes[std::size_t(w)];
  }
  found.largest = *std::ranges::max_element(sizes);
  for (std::size_t k = 0; k < found.core.size(); ++k) {
    found.core[k] = core[std::size_t(mesh.global[k])];
  }
  return found;
}

}  // namespace otto
