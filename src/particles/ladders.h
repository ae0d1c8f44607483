#pragma once
// Ladders of replica exchange that are evaluated together. Formulas: otto/particles/exchange.h.

#include <array>
#include <vector>

#include "otto/core/archive.h"
#include "otto/particles/exchange.h"

namespace otto {

/// m ladders; row r m + j holds the particle at b_r of ladder j. Never communicates.
class Ladders {
 public:
  /// Drawn from the reference of `walk`. What is given must outlive the ladders.
  Ladders(const Walk& walk, const ExchangeOptions& o, std::int64_t first, Eigen::Index m);

  /// Ladder j's particle at b = 1 starts at z.
  void start(Eigen::Index j, const Rows& z);
  /// After the energy changed.
  void refresh() { walk_.refresh(p_); }
  /// One step of every particle, then exchanges; lengths h follow the acceptance by `gain`, 0: not
  /// at all. Returns the mean acceptance at b = 1.
  double step(std::uint64_t number, double gain);
  /// Takes down f at every b, for `half` 0 or 1 of the record.
  void collect(std::size_t half);

  [[nodiscard]] Rows cold() const { return walk_.white().points(p_.z.bottomRows(m_)); }
  [[nodiscard]] bool exploded() const { return otto::exploded(p_); }
  [[nodiscard]] const std::vector<double>& f(std::size_t half, std::size_t r) const {
    return f_[half][r];
  }
  [[nodiscard]] Eigen::Index ladders() const { return m_; }
  /// How many of the particles at b = 1 descend from a draw at b = 0 after the start.
  [[nodiscard]] double born() const;
  [[nodiscard]] double h(Eigen::Index r) const { return h_[r * m_]; }
  /// Acceptance at b = 1, summed over ladders and over steps of fixed lengths.
  [[nodiscard]] double accepted() const { return accepted_ * double(m_); }

  std::vector<double> swaps, tries;  ///< of each pair of neighbours

  /// Whitened places of all particles and the lengths h of all b, and back again.
  [[nodiscard]] std::vector<double> state() const;
  void restore(std::span<const double> state);

 private:
  void exchange(Eigen::Index r, std::uint64_t number);

  const Walk& walk_;
  ExchangeOptions o_;
  Eigen::Index m_, R_;
  Vector b_, h_;
  Particles p_;
  std::vector<char> born_;
  std::array<std::vector<std::vector<double>>, 2> f_;
  double accepted_ = 0;
};

}  // namespace otto
