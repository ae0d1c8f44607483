#pragma once
// Energies as particles see them.

#include "otto/network/wide_network.h"
#include "otto/particles/gaussian.h"

namespace otto {

/// U on R^d, evaluated at whole blocks of points. Never communicates.
class ParticleEnergy {
 public:
  virtual ~ParticleEnergy() = default;
  [[nodiscard]] virtual int dimension() const = 0;
  /// U (n) and grad U (n x d) at the rows of x.
  virtual void evaluate(const Rows& x, Vector& U, Rows& slope) const = 0;
  [[nodiscard]] virtual Vector energy(const Rows& x) const = 0;
};

/// That of a network, which must outlive it.
class NetworkEnergy final : public ParticleEnergy {
 public:
  explicit NetworkEnergy(const WideNetwork& network) : network_(network) {}
  int dimension() const override { return network_.dimension(); }
  void evaluate(const Rows& x, Vector& U, Rows& slope) const override;
  Vector energy(const Rows& x) const override;

 private:
  const WideNetwork& network_;
};

/// -log g + c: for tests and for a law that is known.
class GaussianEnergy final : public ParticleEnergy {
 public:
  explicit GaussianEnergy(Gaussian law, double shift = 0) : law_(std::move(law)), shift_(shift) {}
  int dimension() const override { return law_.dimension(); }
  void evaluate(const Rows& x, Vector& U, Rows& slope) const override {
    law_.evaluate(x, U, slope);
    U.array() += shift_;
  }
  Vector energy(const Rows& x) const override { return law_.energy(x).array() + shift_; }

 private:
  Gaussian law_;
  double shift_;
};

}  // namespace otto
