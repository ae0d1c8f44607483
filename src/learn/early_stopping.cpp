#include "otto/learn/early_stopping.h"

#include "otto/core/reproducible_sum.h"

namespace otto {

double heldout_log_likelihood(const TrainingData& data, const GridModel& check,
                              const Network& network) {
  const Comm& comm = data.check.comm;
  std::vector<double> U(data.heldout.size());
  comm.together([&] {  // a block as a whole: the same bits on any rank
    for (std::size_t begin = 0; begin < U.size(); begin += heldout_block) {
      const std::size_t count = std::min(std::size_t(heldout_block), U.size() - begin);
      network.evaluate(std::span(data.heldout).subspan(begin, count),
                       std::span(U).subspan(begin, count));
    }
  });
  ReproducibleSum sum;
  for (const double u : U) sum -= u;
  const auto count = comm.sum(std::int64_t(U.size()));
  return sum_of_all(comm, sum) / double(count) - check.log_z();
}

void EarlyStopping::look(double likelihood, const Network& network) {
  if (!(likelihood > best_)) {
    ++since_;
    return;
  }
  since_ = 0;
  best_ = likelihood;
  theta_.resize(std::size_t(network.parameters()));
  network.get(theta_);
}

void EarlyStopping::remember(Archive& a) {
  a.number("since", since_);
  a.number("likelihood", best_);
  a.numbers("theta", theta_);
}

}  // namespace otto
