// With p and q the orders in space and time, R the restriction to the coarse grid, and the end
// densities rho of the run (h, dt), rho_A of a companion (2h, dt) and rho_B of another (2h, 2 dt),
// the error on the coarse grid is, to leading order,
//
//   e = (rho_A - R rho) / (2^p - 1)  +  (rho_B - rho_A) / (2^q - 1),      estimate = |e|_L1.
//
// The two parts are added as fields, since they may cancel. In 2-D the companions cost three
// eighths of the run. Where the cells cannot be halved (odd, or few) companion A is twice as fine
// instead and B has the run's own grid; where the number of steps is odd, B takes steps half as
// long. Schemes that control their error in time give that part themselves.

#include "otto/app/accuracy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "otto/casefile/key.h"
#include "otto/mesh/restrict.h"
#include "study.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "accuracy", .doc = "An estimate of the error of the run itself."}},
    {{.path = "accuracy.estimate",
      .type = Type::flag,
      .doc =
          "Estimate the L1 error of the density at the end from companion runs on a coarser grid "
          "with the same and with longer steps.",
      .fallback = "false",
      .equation = "e = (rho_2h - rho_h) / (2^p - 1) + (rho_2dt - rho_dt) / (2^q - 1)"}}};

constexpr std::int64_t fewest = 8;  // cells of an axis worth halving

std::span<const double> at_end(const FinishedRun& run) {
  return std::span(run.setup->state.density).first(std::size_t(run.setup->mesh.owned));
}

/// What the companions of a run are.
class Companions {
 public:
  Companions(const Setup& setup, const RunOptions& options, const RunOutcome& outcome)
      : setup_(setup), options_(options), outcome_(outcome) {
    const Case& c = setup.c;
    cells_ = c.section("mesh").integers("cells");
    coarse_ = std::ranges::all_of(
        cells_, [](std::int64_t n) { return n == 1 || (n % 2 == 0 && n >= fewest); });
    own_step_ = c.section("time").flag("adaptive") || setup.stepper->order() >= exact_in_time;
  }

  /// The companion whose cells are twice as wide (or, where that cannot be, half as wide).
  [[nodiscard]] FinishedRun other_grid() const { return run(coarse_ ? -1 : 1, 1); }
  /// Steps times `factor`, on the coarse grid or the run's own.
  [[nodiscard]] FinishedRun other_steps(double factor) const {
    return run(coarse_ ? -1 : 0, factor);
  }
  [[nodiscard]] bool coarse() const { return coarse_; }
  [[nodiscard]] bool own_step() const { return own_step_; }

 private:
  [[nodiscard]] FinishedRun run(int power, double factor) const {
    std::vector<std::string> words = options_.settings;
    std::vector<std::int64_t> cells = cells_;
    for (auto& n : cells) n = n == 1 ? 1 : power < 0 ? n / 2 : n << power;
    words.push_back(fmt::format("mesh.cells=[{}]", fmt::join(cells, ", ")));
    const Section time = setup_.c.section("time");
    if (!own_step_) {
      const double dt = (time.real("end") - time.real("start")) / double(outcome_.steps);
      words.push_back(fmt::format("time.step={:.17g}", factor * dt));
    }
    words.insert(words.end(), {"output.every=0", "output.format=none"});
    return run_case(setup_.mesh.comm, options_, words);
  }

  const Setup& setup_;
  const RunOptions& options_;
  const RunOutcome& outcome_;
  std::vector<std::int64_t> cells_;
  bool coarse_ = true, own_step_ = false;
};

struct Estimate {
  double total = 0, space = 0, time = 0;
};

double l1(const Mesh& mesh, std::vector<double> e) {
  for (double& v : e) v = std::abs(v);
  return integral(mesh, e);
}

Estimate estimate(const Setup& setup, const Companions& companions, const RunOutcome& outcome,
                  double own_estimate) {
  const auto density = std::span(setup.state.density).first(std::size_t(setup.mesh.owned));
  const double ratio = std::exp2(space_order(setup));
  const FinishedRun A = companions.other_grid();
  const Mesh& mesh = companions.coarse() ? A.setup->mesh : setup.mesh;
  const auto mine = companions.coarse() ? restrict_density(setup.mesh, density, mesh)
                                        : std::vector<double>(density.begin(), density.end());
  const auto other = companions.coarse() ? std::vector<double>(at_end(A).begin(), at_end(A).end())
                                         : restrict_density(A.setup->mesh, at_end(A), mesh);
  const double factor = companions.coarse() ? 1 / (ratio - 1) : -ratio / (ratio - 1);
  std::vector<double> space(mine.size());
  for (std::size_t k = 0; k < space.size(); ++k) space[k] = factor * (other[k] - mine[k]);
  Estimate result;
  result.space = l1(mesh, space);
  if (companions.own_step()) {
    result.time = std::max(own_estimate, 0.0);
    result.total = result.space + result.time;
    return result;
  }
  const bool longer = outcome.steps % 2 == 0;
  const FinishedRun B = companions.other_steps(longer ? 2 : 0.5);
  const double gain = std::exp2(double(setup.stepper->order()));
  const double weight = longer ? 1 / (gain - 1) : -gain / (gain - 1);
  const auto& base = companions.coarse() ? other : mine;
  std::vector<double> time(mine.size()), sum(mine.size());
  for (std::size_t k = 0; k < time.size(); ++k) {
    time[k] = weight * (at_end(B)[k] - base[k]);
    sum[k] = space[k] + time[k];
  }
  result.time = l1(mesh, std::move(time));
  result.total = l1(mesh, std::move(sum));
  return result;
}

}  // namespace

void check_accuracy(const Setup& setup) {
  const Section accuracy = setup.c.section("accuracy");
  const Section mesh = setup.c.section("mesh");
  if (!accuracy.flag("estimate")) return;
  const auto grading = mesh.given("grading") ? mesh.reals("grading") : std::vector<double>{};
  bool equal = std::ranges::all_of(grading, [](double g) { return g == 1; });
  for (const char* key : {"nodes_x", "nodes_y", "nodes_z"}) equal = equal && !mesh.given(key);
  if (!equal || !setup.mesh.box) {
    accuracy.fail("estimate", "needs a box of equal cells, which a companion run can halve");
  }
}

void estimate_error(const Setup& setup, const RunOptions& options, const RunOutcome& outcome,
                    RunOutput& output) {
  if (!setup.c.section("accuracy").flag("estimate") || outcome.stopped) return;
  try {
    const Companions companions(setup, options, outcome);
    const Estimate e = estimate(setup, companions, outcome, outcome.last.error_estimate);
    auto& json = output.summary_extra()["error"];
    json["estimate"] = e.total;
    json["estimate_space"] = e.space;
    json["estimate_time"] = e.time;
    output.log().say(fmt::format("estimated error: L1 {:.3e} (space {:.1e}, time {:.1e})", e.total,
                                 e.space, e.time));
  } catch (const InputError& error) {
    output.log().warn(
        fmt::format("no error estimate: the companion run cannot start: {}", error.what()));
  } catch (const NumericalError& error) {
    output.log().warn(fmt::format("no error estimate: the companion run failed: {}", error.what()));
  }
}

}  // namespace otto
