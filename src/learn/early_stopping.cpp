#include "otto/learn/early_stopping.h"

namespace otto {

double heldout_log_likelihood(const TrainingData& data, const GridModel& check,
                              const Network& network) {
  const Comm& comm = data.check.comm;
  std::vector<double> U(data.heldout.size());
  comm.together([&] { network.evaluate(data.heldout, U); });
  double sum = 0;
  for (const double u : U) sum -= u;
  const auto count = comm.sum(std::int64_t(U.size()));
  return comm.sum(sum) / double(count) - check.log_z();
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
