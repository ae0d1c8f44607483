// TR-BDF2 for an entropy, V and an interaction: each step is the linear one of the potential
//
//   V + W * rho^,   rho^ = rho^n + (dt / 2 dt') (rho^n - rho^(n-1)),   dt' the step before;
//
// in the first one rho^ = rho^0. rho^ is the density in the middle of the step to second order, and so is the
// scheme. Two solves a step with one matrix, set up anew in each; the energy decreases up to the error of the scheme.

#include <vector>

#include "limited_passes.h"
#include "otto/operators/chemical_potential.h"
#include "otto/time/dispatch.h"
#include "otto/time/linear_stage.h"
#include "otto/time/schemes.h"
#include "tr_bdf2_stages.h"

namespace otto {

namespace {

constexpr Solves solves{.energies = Energies::interacting,
                        .absorbing = false,
                        .time_dependence = false,
                        .limiter = true,
                        .signed_rates = true};

class LaggedTrBdf2 final : public Stepper {
 public:
  explicit LaggedTrBdf2(const Problem& problem)
      : mesh_(problem.mesh),
        generator_(problem.generator),
        V_(generator_.external().begin(), generator_.external().end()),
        stage_(problem) {}

  void restart(const State& state) override {
    stage_.restart(state);
    before_.clear();
  }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    freeze(state.density, dt);
    const bool done = solve(report, state, dt);
    generator_.set_external(V_, generator_.temperature());
    if (!done) return report;
    report = stage_.finish(std::move(report), state, state.time + dt, two_.rho1);
    if (!report.accepted) return report;
    before_.swap(two_.rho1);  // `finish` has put the old state there
    last_dt_ = dt;
    return report;
  }

  void remember(Archive& archive) override {
    archive.part("stage", stage_);
    archive.cells_with_ghosts("before", before_);
    archive.number("last_dt", last_dt_);
  }
  [[nodiscard]] int order() const override { return 2; }

 private:
  /// V + W * rho^ for this step.
  void freeze(const std::vector<double>& rho0, double dt) {
    std::vector<double> rho = rho0, potential(rho0.size());
    const double share = before_.empty() ? 0 : 0.5 * dt / last_dt_;
    for (std::size_t k = 0; k < before_.size(); ++k) rho[k] += share * (rho0[k] - before_[k]);
    interaction_field(generator_, rho, potential);
    mesh_.halo.update(mesh_.comm, potential);
    for (std::size_t k = 0; k < potential.size(); ++k) potential[k] += V_[k];
    generator_.set_external(potential, generator_.temperature());
  }

  bool solve(StepReport& report, const State& state, double dt) {
    stage_.begin(state, dt);
    const Passes passes(generator_);
    for (int pass = 0; pass < passes.count(); ++pass) {
      passes.begin(pass, state.density, two_.rho1);
      if (!two_.solve(report, mesh_, generator_, stage_, state, dt, pass + 1 == passes.count())) {
        return false;
      }
    }
    return true;
  }

  const Mesh& mesh_;
  Generator& generator_;
  std::vector<double> V_;  ///< owned + ghosts, without W * rho
  LinearStage stage_;
  TrBdf2Stages two_;
  std::vector<double> before_;  ///< rho^(n-1); empty in the first step
  double last_dt_ = 1;
};

const RegisterStepper registered{{
    .name = "tr_bdf2",
    .doc = "",
    .method = "entropy, V and W: V + W * rho extrapolated to the middle of the step; two linear "
              "solves with one matrix",
    .order = 2,
    .solves = solves,
    .make = [](const Problem& p, const Section&) { return make_lagged_tr_bdf2(p); },
}};

}  // namespace

std::unique_ptr<Stepper> make_lagged_tr_bdf2(const Problem& problem) {
  check_suits("tr_bdf2", solves, problem);
  return std::make_unique<LaggedTrBdf2>(problem);
}

}  // namespace otto
