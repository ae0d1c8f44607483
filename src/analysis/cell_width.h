#pragma once
// What the width of the cells changes in a rate.
//
// Let q = D kT pi du/dn be the flux along the line between the centres of a face f, of length d, and
// V(t), 0 <= t <= 1, the course of V along it. The form E of the equation and E_h of the matrix
// (quotient.h) differ, for the same u, by
//
//   bend_f   = g_f (int exp(V/kT)) / (D kT A / d) - 1    what the matrix takes too much of conductance:
//              V is linear between the centres there, and lies below a top;
//   swerve_f = A d^3 / 12 (dq/dn)^2 / (D kT pi_f)        what it cannot see of the energy: q varies along
//              the line. For a wave k in a flat V this is (k d)^2 / 12 of its energy.
//
// The rates being quotients at a minimum, errors of u enter in their square:
//
//   lambda = lambda_h / ((1 - sum swerve / E_h) (1 + sum bend_f E_f / E_h)) + O(h^4),
//
// E_f = g_f (u_K - u_L)^2. V(t) is the cubic through its second differences in both cells. Sums over equal
// cells have an error of second order at walls alone (Euler and Maclaurin): where V/kT falls by s
// from the centre behind to the wall's own, the cell counts for 1 + s / 24 of omega u^2, and so do the faces along the wall
// in E. In a Gaussian well of curvature c = h^2 V''/kT the next error is 2 exp(-2 pi^2 / c).

#include <vector>

#include "cell_bends.h"
#include "otto/core/reproducible_sum.h"
#include "quotient.h"

namespace otto {

/// From where on the terms of second order are no longer believed.
struct CellWidthOptions {
  double max_left = 0.1;  ///< part of a rate that may be left over after the correction
  double cluster = 2;     ///< ratio of rates up to which modes may mix
};

class CellWidth {
 public:
  explicit CellWidth(const Generator& generator, const Quotient& quotient,
                     const CellWidthOptions& options = {});

  /// Sets `corrected` and `coarseness` of all modes, slowest first. On boxes of equal cells without a diffusion,
  /// whose sides are walls or absorb, rates are corrected; elsewhere `coarseness` has the terms
  /// of second order. Collective.
  void judge(std::vector<Mode>& modes) const;

 private:
  /// A mode: u and, by axis, dq/dn of the cells, on other meshes than boxes q.
  struct Field {
    std::vector<double> u;
    CellBends::Axes slope;
  };
  struct Terms {
    double energy = 0;  // of the lines between centres, and of those to absorbing sides
    double bend = 0, swerve = 0;
    double rough = 0, kink = 0;  // |bend|, and what the cubic may miss of it
    double wall = 0;             // what faces along walls count for, too little
  };
  /// The same while they are added up.
  struct Parts {
    ReproducibleSum energy, bend, swerve, rough, kink, wall;
  };
  /// Of sum omega u^2.
  struct Norm {
    double wall = 0;  // what is missing at walls
    double left = 0;  // what may be wrong beside that
  };

  [[nodiscard]] Field field(const std::vector<double>& shape) const;
  void set_slopes(Field& field) const;
  void set_fluxes(Field& field) const;
  void add_lines(const Field& a, const Field& b, Parts& sum) const;
  void add_walls(const Field& a, const Field& b, Parts& sum) const;
  void add_fluxes(const Field& mode, Parts& sum) const;
  [[nodiscard]] Terms terms(const Field& a, const Field& b) const;
  [[nodiscard]] Norm norm(const std::vector<double>& shape) const;
  void correct(std::vector<Mode>& modes, std::size_t i, const Field& mode, double weight) const;

  const Generator& generator_;
  const Quotient& quotient_;
  const Mesh& mesh_;
  CellWidthOptions options_;
  bool equal_cells_;  // rates can be corrected
  CellBends bends_;
};

}  // namespace otto
