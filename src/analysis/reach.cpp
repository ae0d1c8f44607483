// Within a rank from neighbour to neighbour, between ranks through the halo, until nothing changes on any.

#include "reach.h"

#include <fmt/format.h>

#include <algorithm>

#include "deep_modes.h"
#include "otto/core/error.h"

namespace otto {

namespace {

/// By cell: its neighbours L and whether a process gets from L to it.
class Ways {
 public:
  explicit Ways(const Generator& g) : begin_(std::size_t(g.mesh().local()) + 1, 0) {
    const Faces& faces = g.mesh().faces;
    for (const auto& side : {faces.left, faces.right}) {
      for (const std::int32_t k : side) ++begin_[std::size_t(k) + 1];
    }
    for (std::size_t k = 1; k < begin_.size(); ++k) begin_[k] += begin_[k - 1];
    way_.resize(begin_.back());
    const bool balanced = g.symmetric() && g.range() <= DeepOptions{}.max_range;
    std::vector<std::size_t> next(begin_.begin(), begin_.end() - 1);
    for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
      const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
      const bool there = g.forward()[f] != 0, back = g.backward()[f] != 0;
      const bool either = there || back;
      way_[next[K]++] = {L, balanced ? either : back, either};
      way_[next[L]++] = {K, balanced ? either : there, either};
    }
  }

  struct Way {
    std::size_t from;
    bool leads_here, conducts;
  };

  template <class Visit>
  void of(std::size_t k, Visit&& visit) const {
    for (std::size_t i = begin_[k]; i < begin_[k + 1]; ++i) visit(way_[i]);
  }

 private:
  std::vector<std::size_t> begin_;
  std::vector<Way> way_;
};

/// Carries the smallest value of `v` along the ways, until it stands still.
template <class Open>
void carry_min(const Generator& generator, std::vector<double>& v, Open&& open) {
  const Mesh& mesh = generator.mesh();
  const Ways ways(generator);
  std::vector<std::size_t> next(v.size());
  for (std::size_t k = 0; k < next.size(); ++k) next[k] = k;
  for (bool changed = true; changed;) {
    while (!next.empty()) {
      const std::size_t k = next.back();
      next.pop_back();
      ways.of(k, [&](const Ways::Way& way) {
        if (!open(way) || !(v[k] < v[way.from])) return;
        v[way.from] = v[k];
        next.push_back(way.from);
      });
    }
    std::vector<double> known = v;
    mesh.halo.update(mesh.comm, v);
    for (std::size_t k = std::size_t(mesh.owned); k < v.size(); ++k) {
      v[k] = std::min(v[k], known[k]);
    }
    // what a ghost has learned here its owner finds by itself: it has the same face
    for (std::size_t k = std::size_t(mesh.owned); k < v.size(); ++k) {
      if (v[k] < known[k]) next.push_back(k);
    }
    changed = mesh.comm.any(!next.empty());
  }
}

}  // namespace

std::vector<double> reaching(const Generator& generator, std::vector<double> seeds) {
  for (double& v : seeds) v = -v;
  carry_min(generator, seeds, [](const Ways::Way& way) { return way.leads_here; });
  for (double& v : seeds) v = -v;
  generator.mesh().halo.update(generator.mesh().comm, seeds);
  return seeds;
}

std::int64_t count_pieces(const Generator& generator) {
  const Mesh& mesh = generator.mesh();
  std::vector<double> lowest(mesh.global.begin(), mesh.global.end());
  lowest.resize(std::size_t(mesh.local()));
  mesh.halo.update(mesh.comm, lowest);
  carry_min(generator, lowest, [](const Ways::Way& way) { return way.conducts; });
  double first = 0;  // cells that no other of their piece comes before
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    first += lowest[k] == double(mesh.global[k]) ? 1 : 0;
  }
  return std::int64_t(mesh.comm.sum(first));
}

void require_one_piece(const Generator& generator, const char* what) {
  const std::int64_t pieces = count_pieces(generator);
  if (pieces == 1) return;
  throw NumericalError(
      fmt::format("the domain falls into {} pieces that nothing moves between, so that {} is not "
                  "determined; run each piece as a mesh of its own",
                  pieces, what));
}

}  // namespace otto
