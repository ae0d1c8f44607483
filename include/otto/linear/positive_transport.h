#pragma once
// Moves the masses F_f = (d L(rho) phi)_f of operators/transport.h across the faces, either as they
// are,
//
//   M rho1 = M rho0 - sum_f (e_K - e_L) F_f,                         f = K|L, left to right,
//
// or, where that would take more out of a cell than it holds, in the positive form of modified
// Patankar methods (Burchard, Deleersnijder, Meister, Appl. Numer. Math. 47, 2003): what leaves a
// cell is multiplied by a_K = rho1_K / pi_K,
//
//   vol_K rho1_K + a_K sum_out |F_f| = vol_K rho0_K + sum_in |F_f| a_(where f comes from):
//
// rho1 >= 0 and mass kept for every F and every pi > 0. The two agree where pi is the rho1 of the
// first; a pi off by O(d^2) makes a difference of O(d^3).
//
// Masses flow from larger phi to smaller, so the matrix is triangular in the order of phi and is
// solved by substitution: a cell's turn comes when all cells it gets from have had theirs. Every
// value is a sum of positive terms in the order of the cell's faces: as accurate in the thinnest
// tail as elsewhere, and the same bits on any number of ranks.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "otto/operators/transport.h"

namespace otto {

class PositiveTransport {
 public:
  /// Keeps a reference to `transport`.
  explicit PositiveTransport(const Transport& transport);

  /// rho1 of the first form, which may be negative; returns <phi, L(density) phi>. Fields are owned
  /// + ghosts, ghosts up to date, also those of the result. Collective.
  double move(std::span<const double> phi, std::span<const double> density, double d,
              std::span<const double> rho0, std::vector<double>& rho1);
  /// rho1 >= 0 of the second form. `pi`: owned + ghosts; nothing leaves cells of pi = 0. Returns "",
  /// or why there is none: values that are not finite, or conductances of both signs.
  /// Collective.
  [[nodiscard]] std::string move_positive(std::span<const double> phi,
                                          std::span<const double> density, double d,
                                          std::span<const double> pi, std::span<const double> rho0,
                                          std::vector<double>& rho1);

 private:
  void list_faces();
  void set_fluxes(std::span<const double> phi, std::span<const double> pi);
  void begin();
  void release(std::size_t cell);
  [[nodiscard]] double fill(std::size_t k, double pi, double rho0, double& rho1) const;
  [[nodiscard]] std::span<const std::int32_t> faces_of(std::size_t cell) const;

  const Transport& transport_;
  const Mesh& mesh_;
  std::vector<double> flux_;                ///< F per face
  std::vector<double> change_;              ///< owned
  std::vector<double> factor_;              ///< a, owned + ghosts; nan: not known yet
  std::vector<std::int32_t> first_, face_;  ///< the faces of each local cell, lower ones first
  std::vector<std::int32_t> waits_;         ///< faces through which an owned cell is still to get
  std::vector<std::int32_t> turn_;          ///< owned cells whose turn it is, and those who had it
};

}  // namespace otto
