// N4 and the second-order step: the law moves towards q on the grid, and theta follows it,
//
//   jko            rho' = argmin KL(rho'|q) + W2^2(rho', rho) / (2 tau),
//   second_order   phi - tau L_q phi = log(rho/q),  rho' = rho moved by -grad phi for tau,
//   both           theta' ~ argmin KL(rho'|p_theta'), a few Gauss-Newton steps.
//
// rho starts as the p_theta of the start and does not depend on theta afterwards, so that it
// converges to q, and theta to the parameters of maximum likelihood.

#include <algorithm>
#include <cmath>

#include "otto/learn/fit.h"
#include "otto/learn/objective.h"

namespace otto {

namespace {

constexpr double min_share = 1e-24;  ///< of the largest density of q: none is less in V = -log q
constexpr int max_steps = 4;         ///< of a refit
constexpr double refit = 0.1;        ///< the gradient's norm after a refit over that before

/// Tolerance of the steps of the law.
SolverOptions tight(SolverOptions options) {
  options.rtol = std::min(options.rtol, 1e-10);
  return options;
}

class ProximalFlow final : public Objective {
 public:
  ProximalFlow(Training& t, bool second_order)
      : training_(t),
        second_order_(second_order),
        fit_(t.network, t.model,
             {.tau = 1e3, .cg_iterations = t.options.cg_iterations, .solver = t.options.solver}),
        flow_(t.mesh, tight(t.options.solver)) {
    flow_.set(data_energy());
  }

  void refresh(bool resumed) override {
    if (!resumed) law_ = training_.model.mass();
    g_ = fit_.gradient(training_.data.mass);
  }

  IterationReport iterate() override {
    if (second_order_) {
      flow_.second_order(training_.options.tau, law_);
    } else {
      flow_.proximal(training_.options.tau, law_);
    }
    IterationReport report{.tau = training_.options.tau};
    std::vector<double> g = fit_.gradient(law_);
    const double enough = refit * norm(g);
    for (int i = 0; i < max_steps && norm(g) > enough; ++i) {
      const FitReport r = fit_.advance(law_, g);
      report.step = r.step;
      report.cg_iterations += r.cg_iterations;
      report.poisson_solves += r.poisson_solves;
      report.poisson_iterations += r.poisson_iterations;
      if (r.accepted) g = fit_.gradient(law_);
    }
    g_ = fit_.gradient(training_.data.mass);
    return report;
  }

  [[nodiscard]] const std::vector<double>& gradient() const override { return g_; }
  double value_and_gradient(std::vector<double>& g) override {
    g = fit_.gradient(law_);
    return training_.model.kl(law_);
  }
  void remember(Archive& archive) override {
    archive.part("fit", fit_);
    archive.cells("law", law_);
  }

 private:
  static double norm(const std::vector<double>& g) {
    double sum = 0;
    for (const double x : g) sum += x * x;
    return std::sqrt(sum);
  }
  [[nodiscard]] std::vector<double> data_energy() const {
    const Mesh& mesh = training_.mesh;
    std::vector<double> density = training_.data.mass;
    double max = 0;
    for (std::size_t i = 0; i < density.size(); ++i) {
      density[i] /= mesh.volume[i];
      max = std::max(max, density[i]);
    }
    max = mesh.comm.max(max);
    for (double& x : density) x = -std::log(std::max(x, min_share * max));
    return density;
  }

  Training& training_;
  bool second_order_;
  Fit fit_;
  GridFlow flow_;
  std::vector<double> law_, g_;
};

const RegisterObjective jko{
    {.name = "jko",
     .doc = "N4: one proximal (JKO) step of the law towards the data, then theta follows by "
            "Gauss-Newton.",
     .equation =
         "rho' = argmin KL(rho'|q) + W2^2(rho', rho) / (2 tau); theta' = argmin KL(rho'|p')",
     .iterations = 60,
     .tau = 1,
     .make = [](Training& t) { return std::make_unique<ProximalFlow>(t, false); }}};

const RegisterObjective second_order{
    {.name = "second_order",
     .doc =
         "The second-order step: the law moves along the displacement that minimises the entropy's "
         "expansion to second order, then theta follows by Gauss-Newton.",
     .equation = "phi - tau L_q phi = log(rho/q), rho' = rho moved by -tau grad phi",
     .iterations = 60,
     .tau = 1,
     .make = [](Training& t) { return std::make_unique<ProximalFlow>(t, true); }}};

}  // namespace

}  // namespace otto
