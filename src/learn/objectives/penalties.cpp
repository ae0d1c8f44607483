// N1 and N2: the contrast between data and sampler with the gradient norm, or the implicit score
// matching loss (which is the relative Fisher information of the sampler up to a constant), as a
// stand-in for the Wasserstein distance,
//
//   N1   L = E_q U - E_rho U + lambda/2 E_rho |grad U|^2,
//   N2   L = E_q U - E_rho U + lambda/2 E_rho (|grad U|^2 - 2 Lap U).
//
// Gradients are differences across the faces f = K|L, with the logarithmic mean Lambda of the
// sampler's densities r = rho / vol on both sides:
//
//   E_rho |grad U|^2 = sum_f a_f Lambda_f (U_K - U_L)^2,    - E_rho Lap U = sum_f a_f (r_K - r_L) (U_K - U_L),
//
// rather than the network's own derivatives at the centres, which an energy that is flat just there
// evades. Where rho = p = exp(-U)/Z, Lambda_f (U_K - U_L) = -(r_K - r_L), so that
//
//   N1 rests at  q = (1 - lambda Lap_h) p   (the data blurred),    N2 at  q = p,
//
// exactly on the grid. With q = N(0, 1) and U = a x^2/2 that is a = 1/(1 + 2 lambda), and a = 1.

#include "descent.h"
#include "otto/learn/face_gradient.h"
#include "otto/learn/sampler_law.h"

namespace otto {

namespace {

class Penalised final : public Descent {
 public:
  Penalised(Training& t, bool laplacian)
      : Descent(t),
        laplacian_(laplacian),
        law_(t.model, t.options.sampler, t.options.tau, t.options.sampler_steps, t.options.solver) {
  }

  double value_and_gradient(std::vector<double>& g) override {
    const auto& rho = law_.mass();
    std::vector<double> c = training_.data.mass;
    for (std::size_t i = 0; i < c.size(); ++i) c[i] -= rho[i];
    const double contrast = expectation(training_, c);
    const double penalty = add_gradient_penalty(training_.mesh, training_.model.energy(), rho,
                                                training_.options.penalty, laplacian_, c);
    g = pull_back(training_, c);
    return contrast + penalty;
  }
  void remember(Archive& archive) override {
    Descent::remember(archive);
    archive.part("sampler", law_);
  }

 private:
  void move_sampler() override { law_.evolve(); }

  bool laplacian_;
  SamplerLaw law_;
};

const RegisterObjective gradient_penalty{
    {.name = "gradient_penalty",
     .doc = "N1: the contrast with the sampler's law and a penalty on the gradient norm, by Adam.",
     .equation = "L = E_q U - E_rho U + lambda/2 E_rho |grad U|^2",
     .iterations = 4000,
     .tau = 1,
     .make = [](Training& t) { return std::make_unique<Penalised>(t, false); }}};

const RegisterObjective fisher{
    {.name = "fisher",
     .doc = "N2: the same with the sampler's relative Fisher information, by Adam.",
     .equation = "L = E_q U - E_rho U + lambda/2 E_rho (|grad U|^2 - 2 Lap U)",
     .iterations = 4000,
     .tau = 1,
     .make = [](Training& t) { return std::make_unique<Penalised>(t, true); }}};

}  // namespace

}  // namespace otto
