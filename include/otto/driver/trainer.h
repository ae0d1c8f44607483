#pragma once
// Training, from a case to a folder of results.

#include <filesystem>
#include <memory>

#include "otto/casefile/case.h"
#include "otto/core/error.h"
#include "otto/driver/resume.h"
#include "otto/learn/objective.h"

namespace otto {

/// Everything a training run is made of, in the order it is made.
struct TrainSetup {
  /// Collective; throws InputError.
  TrainSetup(const Comm& comm, const Case& c);
  TrainSetup(const TrainSetup&) = delete;
  TrainSetup& operator=(const TrainSetup&) = delete;

  Mesh mesh;
  TrainingData data;
  std::unique_ptr<Network> network;
  GridModel model;  ///< of the start
  Training training;
  std::unique_ptr<Objective> objective;
};

/// Trains until the iterations, the tolerance or a signal end it. Collective; throws NumericalError
/// and IoError.
ExitStatus train(const Comm& comm, const Case& c, const std::filesystem::path& folder,
                 Resumption resumption);

}  // namespace otto
