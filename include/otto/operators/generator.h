#pragma once
// The discrete Fokker-Planck generator Q on a mesh: M Q rho = - (sum of outgoing fluxes), with
// M = diag(volume) and the two-point flux of a face f = K|L
//
//   F_f = forward_f rho_K - backward_f rho_L,   forward = a kT B(s), backward = a kT B(-s),
//   s = (V_L - V_K - b.(x_L - x_K)) / kT,       b at the midpoint of the two centres.
//
// With a diffusion D a is (area / distance) D_f (face_diffusion.h), and b is not what D slows down or
// speeds up:
//
//   s = (V_L - V_K - b.(x_L - x_K) / D_f) / kT.
//
// Where D_f = 0 the limit remains: forward = (area / distance) max(b.(x_L - x_K), 0), backward alike.
//
// Where kT varies, face_temperature.h has the rates.
//
// Without an entropy (kT = 0) the rates are the limit of Scharfetter-Gummel, which is upwind:
// forward = a max(V_K - V_L + b.(x_L - x_K) / D_f, 0), and backward alike.
//
// A flux of order 4 adds to F_f what operators/fourth_order.h says, a limited one to its weights what
// operators/flux_limiter.h says.
//
// Through an absorbing face, where rho = 0, cell K loses mass at the rate k_K = a kT B(s), with a,
// s and V taken between the centre and the face: M Q rho has the further term -k_K rho_K. Other sides
// that are open, sets that absorb and reactions add to k_K alike, and some to the supply S_K (exchange.h):
//
//   d_t M rho = M Q rho + S + r sum_K e_K rho_K,
//
// e_K what leaves through openings, r where it comes back, if it does.
//
// Between cells bounded by medians the rates are those of operators/coupled_rates.h.

#include <memory>
#include <span>
#include <vector>

#include "otto/energy/free_energy.h"
#include "otto/flux/two_point.h"
#include "otto/mesh/mesh.h"
#include "otto/operators/flux_limiter.h"
#include "otto/operators/mobility.h"

namespace otto {

struct Diffusion;        // otto/operators/diffusion.h
struct Exchange;         // otto/operators/exchange.h
struct FaceRun;          // otto/operators/face_runs.h
struct FaceTemperature;  // otto/operators/face_temperature.h
class FourthOrder;       // otto/operators/fourth_order.h
class Passages;          // src/operators/passages.h

/// Q at one time: the rates of all faces.
class Generator {
 public:
  /// Keeps references to all arguments. `drift`, `exchange` and `diffusion` may be null. A diffusion that does not depend on t is already in the mesh (set_metric).
  Generator(const Mesh& mesh, const FreeEnergy& energy, const TwoPointFlux& flux,
            const Drift* drift = nullptr, const Exchange* exchange = nullptr,
            const Diffusion* diffusion = nullptr);
  ~Generator();
  Generator(const Generator&) = delete;

  /// Recomputes V and the rates for time t; does nothing where nothing depends on time. Collective;
  /// throws NumericalError naming the cell where a rate is not finite.
  void set_time(double t);
  /// The energy, the drift, the diffusion or what is exchanged does.
  [[nodiscard]] bool depends_on_time() const { return depends_on_time_; }

  /// Of a limited flux, which is Scharfetter and Gummel's until then: freezes the ratios at this density (owned +
  /// ghosts, ghosts up to date) and recomputes the rates. Collective.
  void limit(std::span<const double> rho);
  /// Replaces V (owned + ghosts, ghosts up to date) and kT > 0 of an energy that does not depend on time, and
  /// recomputes the rates. Collective; throws as set_time.
  void set_external(std::span<const double> V, double kT);

  /// A drift beside the given one: b.(x_L - x_K) per face, the same on both ranks of a face. It joins the rates at
  /// the next set_external.
  void set_circulation(std::vector<double> along) { circulation_ = std::move(along); }

  [[nodiscard]] const Mesh& mesh() const { return mesh_; }  ///< the one it was made with
  /// The whole free energy, also the terms beyond entropy and V, which the rates leave out.
  [[nodiscard]] const FreeEnergy& energy() const { return energy_; }
  [[nodiscard]] const TwoPointFlux& flux() const { return flux_; }  ///< that gives the rates
  /// There is a drift beside the forces of the energy, given or implied by the noise or by a temperature that varies.
  [[nodiscard]] bool driven() const { return drift_ || noise_ || heat_; }
  /// The noise implies one.
  [[nodiscard]] bool noise_drives() const { return noise_; }
  /// kT where it varies; else null.
  [[nodiscard]] const FaceTemperature* heat() const { return heat_.get(); }
  /// The diffusion depends on t or vanishes somewhere: no fixed metric goes with it. The same on every rank.
  [[nodiscard]] bool without_metric() const { return without_metric_; }
  /// a per face, with the diffusion at the present time.
  [[nodiscard]] std::span<const double> transmissibility() const {
    return conductance_.empty() ? mesh_.faces.transmissibility : conductance_;
  }
  /// Of a flow with another mobility than rho, for the fluxes and ledgers of nonlinear flows; the rates are for rho.
  void set_mobility(const Mobility& mobility) { mobility_ = mobility; }
  /// rho where none was set.
  [[nodiscard]] const Mobility& mobility() const { return mobility_; }
  /// The flow is that of the rates: an entropy and external terms alone, and the mobility rho.
  [[nodiscard]] bool linear() const { return energy_.linear() && mobility_.linear(); }
  [[nodiscard]] double temperature() const {
    return kT_;
  }  ///< kT, or its mean; 0 without an entropy
  [[nodiscard]] std::span<const double> external() const { return V_; }  ///< owned + ghosts
  /// V_L - V_K - b.(x_L - x_K) / D_f per face.
  [[nodiscard]] std::vector<double> rises() const;
  /// g; empty where nothing is limited, or not yet.
  [[nodiscard]] const LimiterRatios& ratios() const { return ratios_; }
  [[nodiscard]] std::span<const double> forward() const { return forward_; }    ///< per face
  [[nodiscard]] std::span<const double> backward() const { return backward_; }  ///< per face
  /// Mass leaves. The same on every rank.
  [[nodiscard]] bool absorbs() const;
  /// Mass comes in. The same on every rank.
  [[nodiscard]] bool supplies() const;
  /// k of the owned cells; empty where nothing leaves.
  [[nodiscard]] std::span<const double> absorption() const;
  /// S of the owned cells; empty without a source and without sides of a given density.
  [[nodiscard]] std::span<const double> supply() const;
  /// e of the owned cells; empty without openings.
  [[nodiscard]] std::span<const double> exits() const;
  /// r of the owned cells, of sum 1; empty where nothing comes back.
  [[nodiscard]] std::span<const double> reinjection() const { return reinjection_; }
  /// Where what leaves comes back: the mass of each owned cell, of any sum. For an exchange that reinjects.
  void reinject(std::span<const double> mass);
  /// What is exchanged, or null.
  [[nodiscard]] const Exchange* exchange() const { return exchange_; }
  /// Of a density (owned values), per time: the entries of Exchange::names(); none without an exchange. Collective.
  [[nodiscard]] std::vector<double> exchange_rates(std::span<const double> rho) const;
  /// Self-adjoint in L2(1/pi): detailed balance and no drift. Then forward pi_K = backward pi_L.
  [[nodiscard]] bool symmetric() const { return symmetric_ && circulation_.empty(); }
  /// All rates are non-negative, so that (I - c Q) is an M-matrix for every c >= 0.
  [[nodiscard]] bool monotone() const { return monotone_; }
  /// Changes whenever the rates do; solvers rebuild when it differs from what they saw.
  [[nodiscard]] long version() const { return version_; }
  /// (max V - min V) / kT over all cells; 0 without an entropy.
  [[nodiscard]] double range() const { return range_; }

  /// What the two-point fluxes lack of fourth order; null for other fluxes.
  [[nodiscard]] const FourthOrder* correction() const { return correction_.get(); }

  /// out = M Q rho on owned cells, without S and r. `rho`: owned + ghosts, ghosts up to date. Local without a
  /// correction, else collective.
  void apply(std::span<const double> rho, std::span<double> out) const;
  /// The faces in the order sweeps visit them.
  [[nodiscard]] const std::vector<FaceRun>& runs() const { return runs_; }

 private:
  void evaluate_external();
  void measure_range();
  void evaluate_temperature();
  void evaluate_diffusion();
  void evaluate_drift();
  void add_drift();
  void carry_where_nothing_diffuses();
  void evaluate_rates();
  void evaluate_two_point();
  void rise(const FaceRun& run, double* s) const;
  void add_limited();
  void examine();
  [[noreturn]] void refuse_rate(std::size_t cell) const;
  [[nodiscard]] bool drift_varies() const;
  const Mesh& mesh_;
  const FreeEnergy& energy_;
  const TwoPointFlux& flux_;
  const Drift* drift_;
  const Diffusion* diffusion_;
  Mobility mobility_;
  double kT_;
  bool noise_, without_metric_;  // the noise implies a drift; see without_metric()
  const Exchange* exchange_;
  bool depends_on_time_, symmetric_, monotone_;
  long version_ = 0;
  double range_ = 0, time_ = 0;
  std::vector<double> V_, forward_, backward_;
  std::vector<double> along_;              // b.(x_L - x_K) per face; empty without a drift
  std::unique_ptr<FaceTemperature> heat_;  // null where kT is a number
  std::vector<double> circulation_;        // of set_circulation; empty without
  std::vector<double> conductance_,
      exit_conductance_;  // a of faces and of the boundary, where D depends on t
  std::vector<double> reinjection_;
  LimiterRatios ratios_;
  std::unique_ptr<Passages> passages_;  // null where nothing is exchanged
  std::vector<FaceRun> runs_;
  std::unique_ptr<FourthOrder> correction_;
  mutable std::vector<double> corrections_;  // scratch: its fluxes, per face
};

}  // namespace otto
