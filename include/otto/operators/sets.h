#pragma once
// [[set]]: sets of cells and sides with a name.

#include <span>
#include <string>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

class Section;

/// A side of the mesh, or the cells whose `level` is positive. The edge of such a set lies where the level,
/// linear between two centres, is 0.
struct CellSet {
  std::string name;
  std::string side = {};           ///< "" for cells
  std::vector<double> level = {};  ///< owned + ghosts; empty for a side
};

/// The sets of a case. Throws InputError at the key where one is empty or unknown. Collective.
std::vector<CellSet> read_sets(std::span<const Section> tables, const Mesh& mesh);
/// The cells where an expression is positive. One that is 0 or 1 everywhere has its edge half-way between
/// the centres. Local.
std::vector<double> level_of(const class Expression& expression, const Mesh& mesh);

/// Of the distance between two centres: an edge that passes through a centre stays this far off.
inline constexpr double min_part_outside = 1e-6;
/// The part of the way from the centre of K, outside of a set, to that of L, inside, that lies outside.
double part_outside(double level_K, double level_L);

}  // namespace otto
