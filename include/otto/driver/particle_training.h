#pragma once
// `otto train` without a mesh: from a case with samples in any dimension to an energy whose law
// particles carry.

#include <filesystem>
#include <memory>
#include <optional>

#include "otto/casefile/case.h"
#include "otto/core/error.h"
#include "otto/driver/resume.h"
#include "otto/particles/ring.h"
#include "otto/particles/sample_split.h"
#include "otto/particles/trainer.h"

namespace otto {

/// The case trains an energy and has no [mesh].
bool trains_particles(const Case& c);

/// How often the energy is judged: -E U - log Z over held-out rows, with log Z by replica exchange.
struct JudgeOptions {
  std::int64_t every = 0;     ///< iterations; 0: never
  std::int64_t patience = 0;  ///< looks without a better one after which training ends; 0: none do
  int noise_copies = 4;       ///< of every held-out row
  std::int64_t ladders = 16;  ///< of replica exchange: half a second a look with 10^4 parameters
  int burn_in = 100, steps = 200;
};

/// What [train], [particles] and the objective's own customs say. Throws InputError.
ParticleTrainOptions read_particle_options(const Case& c);
JudgeOptions read_judge_options(const Case& c, std::int64_t iterations);
/// Throws InputError at a key the case gives that means nothing without a mesh.
void refuse_grid_keys(const Case& c);
/// And on one.
void refuse_particle_keys(const Case& c);

/// Everything such a training is made of, in the order it is made.
struct ParticleSetup {
  /// Collective; throws InputError.
  ParticleSetup(const Comm& comm, const Case& c);
  ParticleSetup(const ParticleSetup&) = delete;
  ParticleSetup& operator=(const ParticleSetup&) = delete;

  ParticleTrainOptions options;
  JudgeOptions judge;
  std::optional<RingLaw> ring;  ///< the data are exact samples of it
  SampleSplit data;
  std::unique_ptr<Gaussian> white;  ///< of the data: the metric, and where particles start
  std::unique_ptr<WideNetwork> network;
  std::unique_ptr<Gaussian> reference;  ///< that of the network, or `white` where it has none
  std::int64_t members = 1;             ///< energies trained one after the other, whose mean is kept
  /// Sets the network to where member 0, 1, ... starts: another draw of its weights, but for one from a file.
  void begin(const Case& c, std::int64_t member);
  /// The options of a member, which has random numbers of its own.
  [[nodiscard]] ParticleTrainOptions options_of(std::int64_t member) const;
  /// For the log and for `otto check`.
  [[nodiscard]] std::string words() const;

 private:
  std::vector<double> start_;  ///< theta where member 0 starts
};

/// Trains until the iterations, patience or a signal end it. Collective; throws InputError,
/// NumericalError and IoError.
ExitStatus train_particles(const Comm& comm, const Case& c, const std::filesystem::path& folder,
                           Resumption resumption);

}  // namespace otto
