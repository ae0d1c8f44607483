#pragma once
// The runs of a convergence study: cases refined from one, and their errors.

#include <memory>
#include <string>
#include <vector>

#include "otto/analysis/convergence.h"
#include "otto/app/commands.h"
#include "otto/app/setup.h"
#include "otto/driver/run_output.h"

namespace otto {

/// Halvings of the cells and of the step.
struct Refinement {
  int space = 1, time = 1;
  Refinement operator*(int times) const { return {space * times, time * times}; }
};

/// A finished run; `setup` holds the mesh and the density at the end.
struct FinishedRun {
  std::unique_ptr<const Case> c;  ///< the setup refers to it
  std::unique_ptr<Setup> setup = {};
  double dt = 0;       ///< time.step, or the mean step where the scheme chooses its own
  long steps = 0;      ///< taken
  double seconds = 0;  ///< wall time
  bool stopped = false;
};

/// Runs a case to its end. `output` may be null. Collective.
FinishedRun run_case(const Comm& comm, const RunOptions& options,
                     const std::vector<std::string>& settings, RunOutput* output = nullptr);

/// The order in space that the case claims: that of the mean by which proximal steps carry mass,
/// else that of the flux, which is upwind for internal energies other than the entropy.
double space_order(const Setup& setup);

class Study {
 public:
  /// Reads the case. Throws InputError where it cannot be refined that way: `refinement` is that
  /// from one level to the next. Collective.
  Study(const Comm& comm, const RunOptions& options, Refinement refinement);

  [[nodiscard]] const Case& base() const { return base_; }
  /// Throws what the first run would before its first step. Collective.
  void check() const;
  /// The `--set` words of a refined case (by 0: the case itself) on top of the user's.
  [[nodiscard]] std::vector<std::string> settings(Refinement by) const;
  /// Runs it and leaves everything in `folder`, but no series of fields. Collective.
  [[nodiscard]] FinishedRun run(Refinement by, const std::filesystem::path& folder) const;
  /// The same run, with tolerances a hundred times smaller and without output. Collective.
  [[nodiscard]] FinishedRun run_precisely(Refinement by) const;
  /// Cells, widest cell and time.step (0 where the scheme chooses) of a refined case not yet run.
  [[nodiscard]] ConvergenceRow describe(Refinement by) const;
  [[nodiscard]] const Refinement& refinement() const { return refinement_; }
  /// The order per halving that the flux and the scheme claim.
  [[nodiscard]] double claimed_order(const FinishedRun& run) const;

 private:
  Comm comm_;
  RunOptions options_;
  Refinement refinement_;
  Case base_;
  bool gmsh_ = false;  ///< refined by mesh.refine
};

/// Errors by norm.
struct RunError {
  std::vector<double> norms;
  std::string remark = {};  ///< why one of them is nan
};
/// Errors of `run` against [exact] in the norms named; empty without that table. Collective.
RunError exact_error(const FinishedRun& run, const std::vector<std::string>& norms);
/// The same against a finer run. Collective.
RunError error_against(const FinishedRun& run, const FinishedRun& finer,
                       const std::vector<std::string>& norms);

}  // namespace otto
