// N1 and N2: the contrast between data and sampler with the gradient norm, or the implicit score
// matching loss (which is the relative Fisher information of the sampler up to a constant), as a
// stand-in for the Wasserstein distance,
//
//   N1   L = E_q U - E_rho U + lambda/2 E_rho |grad U|^2,
//   N2   L = E_q U - E_rho U + lambda/2 E_rho (|grad U|^2 - 2 Lap U).
//
// grad U and Lap U are the network's own at the cell centres. With q = N(0, 1), U = a x^2/2 and
// rho = p, N1 rests at a = 1/(1 + 2 lambda), N2 at a = 1.

#include "descent.h"
#include "otto/learn/metric.h"
#include "otto/learn/sampler_law.h"

namespace otto {

namespace {

constexpr double penalised_share = 1e-12;  ///< of the largest mass of rho

class Penalised final : public Descent {
 public:
  Penalised(Training& t, bool laplacian)
      : Descent(t),
        laplacian_(laplacian),
        law_(t.model, t.options.sampler, t.options.tau, t.options.sampler_steps, t.options.rtol) {}

  double value_and_gradient(std::vector<double>& g) override {
    const auto &q = training_.data.mass, &rho = law_.mass();
    std::vector<double> c(q.size());
    for (std::size_t i = 0; i < c.size(); ++i) c[i] = q[i] - rho[i];
    g = pull_back(training_, c);
    return expectation(training_, c) + add_penalty(g);
  }
  void remember(Archive& archive) override {
    Descent::remember(archive);
    archive.part("sampler", law_);
  }

 private:
  void move_sampler() override { law_.evolve(); }

  double add_penalty(std::vector<double>& g) const {
    const Comm& comm = training_.mesh.comm;
    const double lambda = training_.options.penalty;
    const auto cells = active_cells(comm, law_.mass(), penalised_share);
    std::vector<double> part(g.size(), 0.0);
    double value = 0;
    comm.together([&] {
      value = training_.network.add_score(picked(training_.model.points(), cells),
                                          picked(law_.mass(), cells), lambda,
                                          laplacian_ ? -lambda : 0, part);
    });
    comm.sum_in_place(part);
    for (std::size_t k = 0; k < g.size(); ++k) g[k] += part[k];
    return comm.sum(value);
  }

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
