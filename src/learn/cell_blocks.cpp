#include "otto/learn/cell_blocks.h"

namespace otto {

CellBlocks::CellBlocks(const Mesh& mesh)
    : comm_(mesh.comm), blocks_(mesh.comm, mesh.global_cells, size), order_(mesh, size) {
  std::vector<double> coordinates;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    coordinates.insert(coordinates.end(), mesh.center[k].begin(), mesh.center[k].end());
  }
  coordinates = order_.to_slab(coordinates, 3);
  for (std::size_t i = 0; i < coordinates.size(); i += 3) {
    points_.push_back({coordinates[i], coordinates[i + 1], coordinates[i + 2]});
  }
}

std::vector<double> CellBlocks::evaluate(const Network& network) const {
  std::vector<double> U(points_.size());
  comm_.together([&] {
    for (std::size_t begin = 0; begin < U.size(); begin += size) {
      const std::size_t count = std::min(std::size_t(size), U.size() - begin);
      network.evaluate(points().subspan(begin, count), std::span(U).subspan(begin, count));
    }
  });
  return to_cells(U);
}

CellJacobian::CellJacobian(const CellBlocks& cells, const Network& network,
                           const std::vector<char>& chosen)
    : cells_(cells), parameters_(std::size_t(network.parameters())) {
  cells.comm().together([&] {
    layers_ = network.linearise({})->layers();
    std::vector<Point> points;
    first_.push_back(0);
    for (std::size_t begin = 0; begin < chosen.size(); begin += CellBlocks::size) {
      points.clear();
      const std::size_t end = std::min(begin + CellBlocks::size, chosen.size());
      for (std::size_t i = begin; i < end; ++i) {
        if (chosen[i] == 0) continue;
        places_.push_back(i);
        points.push_back(cells.points()[i]);
      }
      first_.push_back(places_.size());
      parts_.push_back(points.empty() ? nullptr : network.linearise(points));
    }
  });
}

std::vector<double> CellJacobian::picked(std::span<const double> in_blocks) const {
  std::vector<double> some;
  some.reserve(places_.size());
  for (const std::size_t i : places_) some.push_back(in_blocks[i]);
  return some;
}

std::vector<double> CellJacobian::spread(std::span<const double> chosen) const {
  std::vector<double> all(cells_.points().size(), 0.0);
  for (std::size_t i = 0; i < places_.size(); ++i) all[places_[i]] = chosen[i];
  return all;
}

void CellJacobian::apply(std::span<const double> s, std::span<double> dU) const {
  cells_.comm().together([&] {
    for (std::size_t b = 0; b < parts_.size(); ++b) {
      if (parts_[b]) parts_[b]->apply(s, dU.subspan(first_[b], first_[b + 1] - first_[b]));
    }
  });
}

std::vector<double> CellJacobian::adjoint(std::span<const double> c) const {
  const Blocks& blocks = cells_.blocks();
  return tree_sum(cells_.comm(), blocks, parameters_, [&](std::int64_t block, std::span<double> g) {
    const auto b = std::size_t(block - blocks.first_block);
    if (parts_[b]) parts_[b]->add_adjoint(c.subspan(first_[b], first_[b + 1] - first_[b]), g);
  });
}

std::vector<double> CellJacobian::moments(std::size_t layer, std::span<const double> c) const {
  const Blocks& blocks = cells_.blocks();
  const std::size_t n = layers_[layer].columns(), m = layers_[layer].outputs;
  return tree_sum(cells_.comm(), blocks, n * n + m * m,
                  [&](std::int64_t block, std::span<double> sums) {
                    const auto b = std::size_t(block - blocks.first_block);
                    if (!parts_[b]) return;
                    parts_[b]->add_moments(layer, c.subspan(first_[b], first_[b + 1] - first_[b]),
                                           sums.first(n * n), sums.subspan(n * n));
                  });
}

}  // namespace otto
