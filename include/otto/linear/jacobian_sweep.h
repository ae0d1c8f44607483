#pragma once
// Incomplete factors of J of a transport (operators/transport.h). With
//
//   s_KL = d a_f w_fK (phi_K - phi_L) / vol_K,     J_KK = 1 + sum_L s_KL,   J_KL = -s_KL,
//
// mass comes from above in phi: cells are eliminated in the order of increasing phi, and
//
//   J ~ (P + lower) P^-1 (P + upper),   P_K = J_KK - sum_(L before K) J_KL J_LK / P_L
//
// keeps the diagonal of J, as ILU(0) does where no three cells are neighbours of each other. For
// upwind weights the upper part vanishes and the factors are exact; for centred ones J_KL J_LK <=
// 0, so that P only grows. Nothing but an order and P is kept: entries are made from phi in the
// sweep.
//
// A cell's turn comes when its lower neighbours have had theirs, whichever ranks they are on: ranks
// go through their cells in rounds, and between two rounds tell each other what their neighbours wait
// for. So the factors, and every sweep, are those of one rank to the last bit.

#include <cstdint>
#include <span>
#include <vector>

#include "otto/operators/transport.h"

namespace otto {

class JacobianSweep {
 public:
  /// Keeps a reference to `transport`.
  explicit JacobianSweep(const Transport& transport);

  struct Factors {
    std::vector<std::int32_t> order;  ///< owned cells, phi increasing from neighbour to neighbour
    std::vector<std::size_t>
        round;  ///< where this rank's rounds end in `order`; as many on every rank
    std::vector<double> inverse;  ///< 1 / P, owned + ghosts
    bool upwind = false;          ///< there is no upper part
  };
  /// Factors of J for `phi` (owned + ghosts) and the length d. Collective.
  void factor(std::span<const double> phi, double d, Factors& factors) const;
  /// x = J^-1 b on owned cells. Collective.
  void solve(std::span<const double> phi, double d, const Factors& factors,
             std::span<const double> b, std::span<double> x) const;
  /// x = J^-T b likewise. Collective.
  void solve_adjoint(std::span<const double> phi, double d, const Factors& factors,
                     std::span<const double> b, std::span<double> x) const;

 private:
  struct Neighbour {
    std::int32_t cell, face;
  };
  [[nodiscard]] std::span<const Neighbour> neighbours(std::int32_t cell) const {
    const auto k = std::size_t(cell);
    return std::span(neighbours_)
        .subspan(std::size_t(first_[k]), std::size_t(first_[k + 1] - first_[k]));
  }
  /// vol_K s_KL / d for the jump phi_K - phi_L.
  [[nodiscard]] double slope(std::int32_t face, double jump) const;
  [[nodiscard]] double inverse_of(std::span<const double> phi, double d, std::int32_t cell,
                                  const Factors& factors) const;
  template <class Visit>
  void upwards(const Factors& factors, Visit&& visit) const;
  template <class Visit>
  void downwards(const Factors& factors, Visit&& visit) const;

  const Transport& transport_;
  const Mesh& mesh_;
  std::vector<std::int32_t> first_;  ///< per local cell, into neighbours_
  std::vector<Neighbour> neighbours_;
  mutable std::vector<double> x_;  ///< of the sweep under way, owned + ghosts
};

}  // namespace otto
