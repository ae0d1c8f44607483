// Maximum likelihood with the exact Z:  L = KL(q|p),  dL/dU_i = q_i - p_i.

#include "descent.h"

namespace otto {

namespace {

class MaximumLikelihood final : public Descent {
 public:
  using Descent::Descent;

  double value_and_gradient(std::vector<double>& g) override {
    const auto &q = training_.data.mass, &p = training_.model.mass();
    std::vector<double> c(q.size());
    for (std::size_t i = 0; i < c.size(); ++i) c[i] = q[i] - p[i];
    g = pull_back(training_, c);
    return training_.model.kl(q);
  }
};

const RegisterObjective registered{
    {.name = "maximum_likelihood",
     .doc = "Maximum likelihood with the exact partition function, by Adam.",
     .equation = "L = KL(q|p)",
     .iterations = 4000,
     .tau = 1,
     .make = [](Training& t) { return std::make_unique<MaximumLikelihood>(t); }}};

}  // namespace

}  // namespace otto
