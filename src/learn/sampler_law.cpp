#include "otto/learn/sampler_law.h"

namespace otto {

SamplerLaw::SamplerLaw(const GridModel& model, const std::string& kind, double tau, int steps,
                       const SolverOptions& solver)
    : model_(model),
      kind_(kind),
      tau_(tau),
      steps_(steps),
      flow_(model.mesh(), solver),
      mass_(std::size_t(model.mesh().owned)) {
  start();
}

void SamplerLaw::start() {
  const Mesh& mesh = model_.mesh();
  const double volume = integral(mesh, std::vector<double>(mass_.size(), 1.0));
  for (std::size_t i = 0; i < mass_.size(); ++i) mass_[i] = mesh.volume[i] / volume;
}

void SamplerLaw::evolve() {
  if (kind_ == "short_run") start();
  flow_.set(model_.energy());
  for (int i = 0; i < steps_; ++i) {
    if (kind_ == "jko") {
      flow_.proximal(tau_ / steps_, mass_);
    } else {
      flow_.step(tau_ / steps_, mass_);
    }
  }
}

}  // namespace otto
