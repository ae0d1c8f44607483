#pragma once
// A radial kernel by its values w_i at r_i = i d, i = 0 ... n: the cubic spline through them with
//
//   W'(0) = 0 (smooth in r^2),   W''(r_n) = 0,   W(r) = w_n beyond r_n.
//
// With M_i = W''(r_i), M = Q w,
//
//   W = a w_i + b w_(i+1) + d^2/6 [(a^3 - a) M_i + (b^3 - b) M_(i+1)],   a = (r_(i+1) - r)/d,  b = 1 - a.

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "otto/energy/interaction.h"
#include "otto/mesh/mesh.h"

namespace otto {

class RadialSpline {
 public:
  /// n >= 2 intervals up to `range`.
  RadialSpline(double range, std::size_t n);

  [[nodiscard]] std::size_t size() const { return n_ + 1; }  ///< values
  [[nodiscard]] double range() const { return range_; }
  [[nodiscard]] double knot(std::size_t i) const { return range_ * double(i) / double(n_); }
  /// M of the values w.
  [[nodiscard]] std::vector<double> bends(std::span<const double> w) const;
  /// W(r), M = bends(w).
  [[nodiscard]] double at(std::span<const double> w, std::span<const double> M, double r) const;
  [[nodiscard]] double slope(std::span<const double> w, std::span<const double> M, double r) const;
  /// Adds the derivatives of factor W(r) in w and in M.
  void add(double r, double factor, std::span<double> of_w, std::span<double> of_M) const;
  /// of_w += Q^T of_M.
  void gather(std::span<const double> of_M, std::span<double> of_w) const;
  /// int W''^2 dr = w.B w, B row by row.
  [[nodiscard]] std::vector<double> bending() const;

 private:
  struct Piece {
    std::size_t i = 0;
    double a = 0, b = 0;
  };
  [[nodiscard]] Piece piece(double r) const;

  double range_, d_;
  std::size_t n_;
  std::vector<double> Q_;  ///< row by row
};

/// W(r) of a file with /r, equally spaced from 0, and /value.
struct RadialTable {
  /// Throws InputError naming the file. Never communicates.
  explicit RadialTable(const std::filesystem::path& file);
  RadialSpline spline;
  std::vector<double> w;
};

/// W * rho of the spline through w, which may change.
class RadialInteraction final : public Interaction {
 public:
  /// Keeps a reference to the mesh, a box of equal cells. W = 0 at first. Collective.
  RadialInteraction(const RadialSpline& spline, const Mesh& mesh);
  ~RadialInteraction() override;
  /// Collective.
  void set(std::span<const double> w);
  void potential(std::span<const double> rho, std::span<double> out) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The sum of two interactions.
class InteractionSum final : public Interaction {
 public:
  /// `a` may be null.
  InteractionSum(std::shared_ptr<const Interaction> a, std::shared_ptr<const Interaction> b)
      : a_(std::move(a)), b_(std::move(b)) {}
  void potential(std::span<const double> rho, std::span<double> out) const override {
    b_->potential(rho, out);
    if (!a_) return;
    std::vector<double> other(out.size());
    a_->potential(rho, other);
    for (std::size_t k = 0; k < out.size(); ++k) out[k] += other[k];
  }

 private:
  std::shared_ptr<const Interaction> a_, b_;
};
/// For an InteractionSum: not owned, or null.
inline std::shared_ptr<const Interaction> borrowed(const Interaction* interaction) {
  return {std::shared_ptr<const Interaction>(), interaction};
}

/// The derivative of sum_n a^n.(W * rho^n) in the values of W.
class RadialGradient {
 public:
  /// Keeps references. Collective.
  RadialGradient(const RadialSpline& spline, const Mesh& mesh);
  ~RadialGradient();
  /// One more term; owned values. Collective.
  void add(std::span<const double> a, std::span<const double> rho);
  /// Forgets all terms.
  void clear();
  /// The sum's derivative, the same on every rank. Collective.
  [[nodiscard]] std::vector<double> gather();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
