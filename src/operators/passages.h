#pragma once
// The rates of an Exchange for one generator at one time.

#include <span>
#include <vector>

#include "otto/energy/free_energy.h"
#include "otto/flux/two_point.h"
#include "otto/mesh/mesh.h"
#include "otto/operators/absorbing.h"
#include "otto/operators/diffusion.h"
#include "otto/operators/exchange.h"
#include "otto/operators/face_temperature.h"

namespace otto {

/// What the generator has at that time.
struct GeneratorState {
  std::span<const double> V;                  ///< owned + ghosts
  std::span<const double> forward, backward;  ///< per face
  std::span<const double> conductance;        ///< a of the boundary faces, with the diffusion
  const FaceTemperature* heat = nullptr;      ///< kT where it varies
  double time = 0;
};

class Passages {
 public:
  /// Keeps references; `noise`: null, or the diffusion whose noise implies a drift.
  Passages(const Mesh& mesh, double kT, const TwoPointFlux& flux, const Drift* drift,
           const Diffusion* noise, const Exchange& exchange);

  /// Throws InputError where a factor, rate or source is not finite or negative. Collective.
  void evaluate(const GeneratorState& g);

  [[nodiscard]] std::span<const double> absorption() const { return absorption_; }
  [[nodiscard]] std::span<const double> supply() const { return supply_; }
  [[nodiscard]] std::span<const double> exits() const { return exits_; }
  /// As Generator::exchange_rates. Collective.
  [[nodiscard]] std::vector<double> rates_of(std::span<const double> rho) const;

 private:
  /// Of one cell through one opening: rate rho - gain, mass per time.
  struct Passage {
    std::int32_t cell = 0;
    std::size_t opening = 0;
    double rate = 0, gain = 0;
  };
  /// A boundary face and its opening.
  struct OpenFace {
    AbsorbingFace face;
    std::size_t opening = 0;
  };

  void through_faces(const GeneratorState& g);
  void at_centres(const GeneratorState& g);
  void into_set(const GeneratorState& g, std::size_t opening);
  void react(double t);
  [[nodiscard]] std::vector<double> drift_along(double t) const;
  [[nodiscard]] std::vector<double> factors_at(std::span<const Point> points, double t) const;
  [[nodiscard]] double outflow_rate(const OpenFace& open, double s, double along,
                                    double conductance, double kT) const;
  [[nodiscard]] std::vector<double> rates_out(const GeneratorState& g) const;
  void add(const Passage& p);

  const Mesh& mesh_;
  double kT_;
  const TwoPointFlux& flux_;
  const Drift* drift_;
  const Diffusion* noise_;
  const Exchange& exchange_;
  std::vector<OpenFace> faces_;
  std::vector<Passage> passages_;
  std::vector<double> absorption_, supply_, exits_, killing_, source_;  // of the owned cells
};

}  // namespace otto
