#pragma once
// Exact ground in high dimension: the periodic chain of double wells (lattice phi^4),
//
//   U(x) = sum_i b (x_i^2 - 1)^2 + c x_i + J/2 (x_(i+1) - x_i)^2,     i mod d,
//
// and every other energy sum_i u(x_i, x_(i+1)). With K(x, y) = e^(-u(x, y)) and the trapezoidal rule
// on n nodes, of spectral accuracy because K and its derivatives vanish at the ends,
//
//   Z = tr K^d,     law of (x_i, x_(i+1)) ~ K(x, y) K^(d-1)(y, x),
//   E U = d E u,    entropy = E U + log Z,
//
// and exact samples: x_0 from the diagonal of K^d, then x_i from K(x_(i-1), .) K^(d-i)(., x_0),
// uniform in the cell around the node.

#include "otto/particles/energy.h"

namespace otto {

struct Ring {
  int dimension = 32;
  double barrier = 1, coupling = 1, field = 0;          ///< b, J, c
  [[nodiscard]] double pair(double x, double y) const;  ///< u
};

/// U of a ring and its slope.
class RingEnergy final : public ParticleEnergy {
 public:
  explicit RingEnergy(Ring ring, double factor = 1) : ring_(ring), factor_(factor) {}
  int dimension() const override { return ring_.dimension; }
  void evaluate(const Rows& x, Vector& U, Rows& slope) const override;
  Vector energy(const Rows& x) const override;

 private:
  Ring ring_;
  double factor_;  ///< of the whole energy: its inverse temperature
};

/// Nodes of the trapezoidal rule.
struct ChainNodes {
  double lower = -3.2, upper = 3.2;
  int count = 300;
  [[nodiscard]] double at(int i) const { return lower + (upper - lower) * i / (count - 1); }
  [[nodiscard]] double width() const { return (upper - lower) / (count - 1); }
};
/// Where the ring's law ends: V is 80 above its least value there.
ChainNodes nodes_of(const Ring& ring);

/// log tr K^d and K^(d-1) up to a factor, of the weights e^(-u) width on the nodes.
double log_trace_power(const Rows& K, int d);

/// What is known of a ring without sampling.
class RingLaw {
 public:
  explicit RingLaw(Ring ring);
  [[nodiscard]] const Ring& ring() const { return ring_; }
  [[nodiscard]] double log_z() const { return log_z_; }
  [[nodiscard]] double mean_energy() const { return mean_energy_; }
  [[nodiscard]] double entropy() const { return mean_energy_ + log_z_; }
  [[nodiscard]] double variance() const { return variance_; }  ///< of one site
  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] const ChainNodes& nodes() const { return nodes_; }
  /// Masses of pairs of nodes (x_i, x_(i+1)).
  [[nodiscard]] const Rows& pairs() const { return pairs_; }
  /// n exact samples (rows), numbers first, first + 1, ... of all.
  [[nodiscard]] Rows samples(std::int64_t first, std::int64_t n, std::uint64_t seed) const;
  /// Of another energy U' = sum_i u'(x_i, x_(i+1)), u' given on the pairs of nodes: log Z', E_q U', and
  /// KL(q|p') = E_q U' + log Z' - entropy of q.
  [[nodiscard]] double log_z_of(const Rows& pair_energy) const;
  [[nodiscard]] double mean_of(const Rows& pair_energy) const {
    return ring_.dimension * pairs_.cwiseProduct(pair_energy).sum();
  }
  [[nodiscard]] double divergence(const Rows& pair_energy) const {
    return mean_of(pair_energy) + log_z_of(pair_energy) - entropy();
  }

 private:
  Ring ring_;
  ChainNodes nodes_;
  Rows K_, pairs_;
  std::vector<Rows> turned_;  ///< transposes of K^m up to factors, m = 0 ... d: samples take their rows
  double log_z_ = 0, mean_energy_ = 0, variance_ = 0, mean_ = 0;
};

}  // namespace otto
