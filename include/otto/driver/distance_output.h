#pragma once
// What `otto distance` leaves in its folder:
//
//   summary.json   `distance.{w2,w2_squared,lower,upper,gap,...}` beside the keys of every summary
//   history.csv    iteration,w2_squared,primal,dual,gap,wall_seconds: a row per look at the bounds
//   fields/        the geodesic, N + 1 densities at t = 0 ... 1
//   final.h5       the density at t = 1/2
//   log.txt        what the screen showed

#include <filesystem>
#include <memory>
#include <string>

#include "otto/core/error.h"
#include "otto/geodesic/geodesic.h"
#include "otto/mesh/mesh.h"

namespace otto {

class DistanceOutput {
 public:
  /// `subject` says of what. What becomes of earlier results in the folder run_folder.h tells; the
  /// first row stands for the first step. Collective; throws IoError.
  DistanceOutput(const Comm& comm, std::filesystem::path folder, std::string subject);
  ~DistanceOutput();
  DistanceOutput(const DistanceOutput&) = delete;
  DistanceOutput& operator=(const DistanceOutput&) = delete;

  /// Says what is about to be computed. Collective.
  void start(const Mesh& mesh, const GeodesicOptions& options);
  /// A row of history.csv, and a line on the screen now and then. Collective; throws IoError.
  void add(const GeodesicReport& report);
  /// Writes everything else; `stopped`: why before the end, if so. Collective; throws IoError, and
  /// NumericalError (all is written then) where the bounds did not meet though there was time.
  void finish(const Geodesic& geodesic, const GeodesicReport& report, const std::string& stopped);
  /// Leaves a summary.json with status "failed" and the reason; never throws.
  void fail(const std::exception& error) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
