#pragma once
// How V goes on lines between centres, beside what a flux takes it for. V(t), 0 <= t <= 1, is the cubic through the
// second differences of V at both ends on boxes; on other meshes s, the change of V/kT across a face, stands for them.

#include <Eigen/Core>
#include <array>
#include <vector>

#include "otto/operators/generator.h"

namespace otto {

struct CellBends {
  explicit CellBends(const Generator& generator);

  using Axes = std::array<std::vector<double>, 3>;  ///< of owned + ghost cells

  std::vector<Eigen::Vector3d> direction;  ///< across each face, of length 1
  std::vector<std::size_t> axis;           ///< nearest to it
  Axes curvature;  ///< h^2 V'' / kT by axis; on other meshes than boxes the mean of all, as one
  /// On boxes, of V/kT from the centre behind a wall's cell to its own, by axis; 0 elsewhere.
  Axes fall;
  /// g_f (int exp(V/kT)) / (D kT A / d) - 1 by face, and what the cubic may miss of it.
  std::vector<double> bend, kink;
  std::vector<double> steep;  ///< s^2 by face
  /// By boundary face, on boxes: the part of its cell's absorption, and its bend.
  std::vector<double> open_share, open_bend;

 private:
  [[nodiscard]] Axes second_differences(const Axes& of) const;
  void find_directions();
  void find_bends(std::span<const double> forward, std::span<const double> backward,
                  std::span<const double> s);
  void take_means(std::span<const double> forward, std::span<const double> backward,
                  std::span<const double> s);
  void find_sides();

  const Generator& generator_;
  const Mesh& mesh_;
};

/// Every opening of what is exchanged is a side that absorbs, and killing does not come with it.
bool sides_absorb_only(const Exchange* exchange);

}  // namespace otto
