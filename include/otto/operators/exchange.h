#pragma once
// What lets mass into the domain or out of it, beside walls without flux:
//
//   absorbing  rho = 0 on a side, or in a set of cells
//   value      rho = g on a side
//   robin      what reaches a side leaves with the rate kappa: J.n = kappa rho
//   outflow    the velocity u = -D grad V + b carries mass out where it points outwards, and nothing
//              diffuses through the side: J.n = max(u.n, 0) rho
//   rate       everywhere, d_t rho = ... - k rho
//   source     everywhere, d_t rho = ... + s
//   reinject   what leaves through sides and sets comes back with the law of the initial density
//
// Of a boundary face with the density rho_b on it, cell K loses (generator.h)
//
//   F = f rho_K - g rho_b,    f = a kT B(s), g = a kT B(-s):
//
//   absorbing f rho_K,   value f rho_K - g g(x, t),   robin f kappa A / (g + kappa A) rho_K, A the area.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "otto/energy/function.h"
#include "otto/mesh/mesh.h"
#include "otto/operators/sets.h"

namespace otto {

class Section;

/// One side or set that is open.
struct Opening {
  enum class Kind { absorbing, value, robin, outflow };
  std::string name;  ///< of the side or set
  Kind kind = Kind::absorbing;
  std::optional<Function> factor = {};  ///< g or kappa, of x, y, z and t
  std::string place = {};               ///< of the factor in the case, for messages
  CellSet where = {};                   ///< the side, or the cells of a set
};

struct Exchange {
  std::vector<Opening> openings;
  std::optional<Function> rate;    ///< k >= 0
  std::optional<Function> source;  ///< s >= 0
  bool reinjects = false;          ///< what leaves through the openings comes back
  std::string rate_place = {}, source_place = {};  ///< in the case, for messages

  [[nodiscard]] bool depends_on_time() const;
  /// Mass comes in, and not by reinjection alone.
  [[nodiscard]] bool supplies() const;
  /// What is counted, in this order: the mass that has left through each opening, "killed" where there is a rate,
  /// "supplied" where there is a source, "reinjected".
  [[nodiscard]] std::vector<std::string> names() const;
};

/// Absorbing sides alone.
Exchange absorbing_sides(std::span<const std::string> names);

/// The tables of a case that say what is exchanged.
struct ExchangeTables {
  const Section &boundary, &value, &robin, &reaction;
};
/// Throws InputError at the key for a side or set that the mesh has not, a side named twice, and an absorbing one
/// whose cells have no centre inside. Collective.
Exchange read_exchange(const ExchangeTables& tables, std::span<const CellSet> sets,
                       const Mesh& mesh);

/// Takes out of a density (owned + ghosts) what lies in sets that absorb, where it is 0 from the start. Returns the part
/// of its mass. Collective.
double empty_sets(const Exchange& exchange, const Mesh& mesh, std::span<double> density);

}  // namespace otto
