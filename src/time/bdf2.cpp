// BDF2, the second backward difference formula, on steps dt = r dt' after a step dt' from rho' to
// rho0:
//
//   ((1 + 2r)/(1 + r) M - dt M Q) rho1 = M ((1 + r) rho0 - r^2/(1 + r) rho'),
//
// of second order and L-stable, with one solve; equal steps (r = 1) give 3/2, 2 and 1/2. It is
// zero-stable for r <= 1 + sqrt 2 (Grigorieff 1983). The first step, and one after a much shorter
// one, is TR-BDF2's.

#include "otto/time/dispatch.h"
#include "otto/time/schemes.h"
#include "positive_start.h"
#include "tr_bdf2_stages.h"

namespace otto {

namespace {

constexpr Solves solves{.energies = Energies::linear, .supply = true, .signed_rates = true};

class Bdf2 final : public Stepper {
 public:
  Bdf2(const Problem& problem, const Bdf2Options& options)
      : options_(options),
        mesh_(problem.mesh),
        generator_(problem.generator),
        stage_(problem),
        start_(problem) {}

  void restart(const State& state) override {
    stage_.restart(state);
    last_dt_ = 0;
    start_.restart();
  }

  StepReport advance(State& state, double dt) override {
    StepReport report;
    stage_.begin(state, dt);
    const bool alone = !(dt <= options_.max_ratio * last_dt_);
    if (alone ? !two_.solve(report, mesh_, generator_, stage_, state, dt)
              : !solve(report, state, dt)) {
      return report;
    }
    if (start_.wanted(stage_, dt, two_.rho1) &&
        !start_.solve(report, stage_, state, dt, two_.rho1)) {
      return report;
    }
    report = stage_.finish(std::move(report), state, state.time + dt, two_.rho1);
    if (report.accepted) {
      before_.swap(two_.rho1);  // `finish` has put the old state there
      last_dt_ = dt;
    }
    return report;
  }

  void remember(Archive& archive) override {
    archive.part("stage", stage_);
    archive.part("start", start_);
    archive.cells_with_ghosts("before", before_);
    archive.number("last_dt", last_dt_);
  }
  [[nodiscard]] int order() const override { return 2; }

 private:
  /// two_.rho1 by the formula at the top, divided by its first factor so that the mass matrix stays
  /// M.
  bool solve(StepReport& report, const State& state, double dt) {
    const double r = dt / last_dt_, lead = (1 + 2 * r) / (1 + r), past = r * r / (1 + 2 * r);
    const double t = state.time + dt;
    const std::vector<double>& rho0 = state.density;
    std::vector<double>& b = two_.b;
    b.resize(static_cast<std::size_t>(mesh_.owned));
    for (std::size_t i = 0; i < b.size(); ++i) {
      b[i] = mesh_.volume[i] * (rho0[i] + past * (rho0[i] - before_[i]));
    }
    generator_.set_time(t);
    if (!stage_.solve(report, dt / lead, b, t, 0, two_.rho1)) return false;
    stage_.repeat_exchange(past);
    stage_.count_exchange(dt / lead, two_.rho1);
    return true;
  }

  Bdf2Options options_;
  const Mesh& mesh_;
  Generator& generator_;
  LinearStage stage_;
  PositiveStart start_;
  TrBdf2Stages two_;
  double last_dt_ = 0;          // 0: no step before
  std::vector<double> before_;  // the density a step ago
};

const RegisterStepper registered{{
    .name = "bdf2",
    .doc = "BDF2: second order, L-stable, one solve; the first step is TR-BDF2's.",
    .equation =
        "((1 + 2r)/(1 + r) M - dt M Q) rho1 = M ((1 + r) rho0 - r^2/(1 + r) rho'), r = dt/dt'",
    .method = "linear: one solve a step, the first by TR-BDF2",
    .fallback = "as `tr_bdf2`",
    .order = 2,
    .solves = solves,
    .make = [](const Problem& p, const Section&) { return make_bdf2(p); },
}};

}  // namespace

std::unique_ptr<Stepper> make_bdf2(const Problem& problem, const Bdf2Options& options) {
  check_suits("bdf2", solves, problem);
  return std::make_unique<Bdf2>(problem, options);
}

}  // namespace otto
