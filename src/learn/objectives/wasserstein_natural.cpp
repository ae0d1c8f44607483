// N3: theta' = argmin KL(q|p_theta') + W2^2(p_theta', p_theta) / (2 tau) to second order in the
// step, tau adapted (otto/learn/fit.h).

#include "otto/learn/fit.h"
#include "otto/learn/objective.h"

namespace otto {

namespace {

class WassersteinNatural final : public Objective {
 public:
  explicit WassersteinNatural(Training& t)
      : training_(t),
        fit_(t.network, t.model,
             {.tau = t.options.tau,
              .cg_iterations = t.options.cg_iterations,
              .solver = t.options.solver}) {}

  void refresh(bool) override { g_ = fit_.gradient(training_.data.mass); }
  IterationReport iterate() override {
    const FitReport r = fit_.advance(training_.data.mass, g_);
    if (r.accepted) g_ = fit_.gradient(training_.data.mass);
    return {r.step, r.tau, r.cg_iterations, r.poisson_solves, r.poisson_iterations};
  }
  [[nodiscard]] const std::vector<double>& gradient() const override { return g_; }
  double value_and_gradient(std::vector<double>& g) override {
    g = fit_.gradient(training_.data.mass);
    return training_.model.kl(training_.data.mass);
  }
  void remember(Archive& archive) override { archive.part("fit", fit_); }

 private:
  Training& training_;
  Fit fit_;
  std::vector<double> g_;
};

const RegisterObjective registered{
    {.name = "wasserstein_natural",
     .doc = "N3: the exact proximal step of the parameters in the Wasserstein distance of their "
            "densities, tau growing towards Gauss-Newton.",
     .equation = "theta' = argmin KL(q|p') + W2^2(p', p) / (2 tau)",
     .iterations = 60,
     .tau = 10,
     .make = [](Training& t) { return std::make_unique<WassersteinNatural>(t); }}};

}  // namespace

}  // namespace otto
