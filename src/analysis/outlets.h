#pragma once
// Where a process ends: cells of sets, sides, and pieces of the domain from which it never gets there.

#include <vector>

#include "otto/analysis/observables.h"

namespace otto {

struct Outlets {
  static constexpr int free = -1, cut_off = -2;

  /// Of owned + ghost cells: the outlet the cell is part of; `free`; `cut_off`: no outlet can be reached from it.
  std::vector<int> holds;
  /// By outlet: rates of the owned cells through sides; empty where there are none.
  std::vector<std::vector<double>> rate;
  /// By face: 1/s where the edge of an outlet cuts the way between two centres at the share s; empty: 1.
  std::vector<double> stretch;

  [[nodiscard]] int count() const { return int(rate.size()); }
  [[nodiscard]] double factor(std::size_t f) const { return stretch.empty() ? 1 : stretch[f]; }
};

/// What a generator absorbs through is the one outlet; none where it absorbs nothing. Collective.
Outlets outlets_of(const Generator& generator);

/// Sets as outlets 0, 1, ...; `generator` absorbs through the sides of all of them. `parts`: what it was made
/// from. Collective.
Outlets outlets_of(const Generator& generator, const GeneratorParts& parts,
                   const std::vector<Target>& sets);

/// Of a mass per cell (owned), the part that lies in cells cut off. Collective.
double part_cut_off(const Mesh& mesh, const Outlets& outlets, std::span<const double> mass);

}  // namespace otto
