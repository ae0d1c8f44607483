#pragma once
// Names of cells and sides. A cell may lie in several regions at once, a side have several names:
// a label is the index of a name or, from the number of names on, of a set of names; -1: none.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace otto {

/// The sets of names that labels beyond the names stand for.
using LabelSets = std::vector<std::vector<std::int32_t>>;

/// visit(name) for the names of a label; `names` is how many there are.
template <class Visit>
void for_each_name(std::int32_t label, std::size_t names, const LabelSets& sets, Visit&& visit) {
  if (label < 0) return;
  if (std::size_t(label) < names) return visit(label);
  for (const std::int32_t name : sets[std::size_t(label) - names]) visit(name);
}

/// A label is a name, or one of a set that holds it.
inline bool has_name(std::int32_t label, std::int32_t name, std::size_t names,
                     const LabelSets& sets) {
  bool found = false;
  for_each_name(label, names, sets, [&](std::int32_t n) { found = found || n == name; });
  return found;
}

/// Fractions (label, 0 ... 1) of the volume of each cell: those of cell i from begin[i] to begin[i+1].
struct RegionFractions {
  std::vector<std::int32_t> begin{0};  ///< where those of a cell begin, and the end of the last
  std::vector<std::pair<std::int32_t, double>> volume_fraction;  ///< labels with their fractions
};

}  // namespace otto
