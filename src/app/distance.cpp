// `otto distance`: W2 and the geodesic between two densities.

#include "otto/app/commands.h"
#include "otto/core/comm.h"
#include "otto/driver/distance_output.h"
#include "otto/driver/stop_guard.h"
#include "otto/geodesic/density_pair.h"
#include "otto/geodesic/geodesic.h"

namespace otto {

int distance_command(const DistanceOptions& options) {
  const Comm world = command_comm();
  const StopGuard guard;
  const DensityPair pair = read_density_pair(world, options.first, options.second);
  DistanceOutput output(world, options.output,
                        "W2 from " + options.first.string() + " to " + options.second.string());
  try {
    const GeodesicOptions geodesic_options{options.intervals, options.tolerance,
                                           options.max_iterations};
    output.start(pair.mesh, geodesic_options);
    Geodesic geodesic(pair.mesh, pair.first, pair.second, geodesic_options);
    bool stopped = false;
    const GeodesicReport report = geodesic.solve([&](const GeodesicReport& now) {
      output.add(now);
      stopped = world.any(guard.reason() != StopGuard::none);
      return !stopped;
    });
    stopped = stopped && !report.converged;
    output.finish(geodesic, report, stopped ? words_for(StopGuard::signal) : "");
    if (stopped) return static_cast<int>(ExitStatus::stopped);
  } catch (const std::exception& error) {
    output.fail(error);
    throw;
  }
  return static_cast<int>(ExitStatus::done);
}

}  // namespace otto
