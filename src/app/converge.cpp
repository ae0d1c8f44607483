// `otto converge`: refines a case, runs it again and reports the observed orders.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/app/petsc_options.h"
#include "study.h"
#include "study_folder.h"
#include "target.h"

namespace otto {

namespace {

constexpr double shortfall = 0.4;   // of an order: asks for a reason
constexpr double dominating = 0.1;  // of an error: a change by tolerances that is no longer small

/// The study itself: its rows, and the runs that are still needed.
class Converge {
 public:
  Converge(const Comm& comm, const Study& study, StudyFolder& folder,
           const ConvergeOptions& options)
      : comm_(comm), study_(study), folder_(folder), options_(options) {
    exact_ = study.base().section("exact").present();
    subject_.refined = options.refine;
    for (const std::string& norm : options.norms) {
      if (std::ranges::find(subject_.norms, norm) == subject_.norms.end()) {
        subject_.norms.push_back(norm);
      }
    }
    subject_.reference = exact_ ? "the exact density" : "the next finer run (three-grid orders)";
  }

  ExitStatus run() {
    folder_.log().say(
        fmt::format("errors against {}; refined: {}", subject_.reference, subject_.refined));
    foretell_w2();
    folder_.log().say(row_heading(subject_));
    for (int l = 0; l < options_.levels; ++l) {
      ConvergenceRow row;
      try {
        row = study_.describe(study_.refinement() * l);
        row.level = l + 1;
        newest_ = study_.run(study_.refinement() * l, folder_.level(l));
      } catch (const std::exception& e) {
        const Error error = as_error(e);
        if (!error.agreed() && comm_.size() > 1) throw;  // the other ranks may be elsewhere
        fail_at(std::move(row), error);
        throw;
      }
      row.dt = newest_.dt;
      row.steps = newest_.steps;
      row.seconds = newest_.seconds;
      subject_.claimed_order = study_.claimed_order(newest_);
      if (newest_.stopped) {
        row.note = "stopped";
        add(std::move(row));
        folder_.remark(fmt::format("Stopped in level {}; its run is incomplete.", l + 1));
        folder_.write(subject_, rows_, "stopped", "a run was stopped");
        return ExitStatus::stopped;
      }
      judge(std::move(row));
      folder_.write_so_far(subject_, rows_);
      if (dominated()) break;
      before_ = std::move(newest_);
    }
    if (!dominated_) conclude();
    folder_.write(subject_, rows_, "completed", "");
    return ExitStatus::done;
  }

 private:
  /// Errors of a good scheme lie well below a cell, where the bounds of W2 part.
  void foretell_w2() {
    const Section mesh = study_.base().section("mesh");
    const bool asked = std::ranges::find(subject_.norms, "w2") != subject_.norms.end();
    if (!asked || (mesh.text("kind") == "box" && mesh.reals("lower").size() < 2)) return;
    folder_.log().say(
        "w2: beyond one dimension it is known between bounds, which part where densities differ by "
        "less than a cell; columns w2 then hold nan, and a line tells the bounds");
  }

  void add(ConvergenceRow row) {
    rows_.push_back(std::move(row));
    fill_orders(rows_);
  }

  void take(ConvergenceRow& row, RunError error) {
    row.error = std::move(error.norms);
    if (!error.remark.empty()) {
      folder_.remark(fmt::format("Level {}: {}.", row.level, error.remark));
    }
  }

  /// The error known from the newest run: its own with [exact], else that of the run before.
  void judge(ConvergenceRow row) {
    if (exact_) {
      take(row, exact_error(newest_, subject_.norms));
      add(std::move(row));
      folder_.log().say(row_words(rows_.back()));
      return;
    }
    add(std::move(row));
    if (rows_.size() < 2) return;
    ConvergenceRow& coarser = rows_[rows_.size() - 2];
    take(coarser, error_against(before_, newest_, subject_.norms));
    fill_orders(rows_);
    folder_.log().say(row_words(coarser));
  }

  /// The row whose error is the newest.
  [[nodiscard]] const ConvergenceRow* judged() const {
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
      if (!row->error.empty()) return &*row;
    }
    return nullptr;
  }

  /// What tighter tolerances change in the first level, the cheapest; finer levels are hardly
  /// better. 0 where they make the run fail. Called while the run before is that of the first.
  [[nodiscard]] double change_by_tolerances() const {
    try {
      return error_against(before_, study_.run_precisely({.space = 0, .time = 0}), {"l1"})
          .norms.at(0);
    } catch (const NumericalError&) {
      return 0;
    }
  }

  /// Whether the tolerances of the run hide another error: where the order is off the claimed one,
  /// or is that by chance beside tolerances as large as the error, the run is repeated with tighter
  /// ones, and another error shows that the present ones are too large.
  bool dominated() {
    if (rows_.size() == 2) changed_ = change_by_tolerances();
    const ConvergenceRow* row = judged();
    if (!row || !row->order_l1()) return false;
    const double excess = *row->order_l1() - subject_.claimed_order;
    if (std::abs(excess) < shortfall && changed_ < dominating * row->l1()) return false;
    const std::string seen =
        fmt::format("the order is {:.2f} in level {}", *row->order_l1(), row->level);
    try {
      const FinishedRun precise =
          study_.run_precisely(study_.refinement() * (int(rows_.size()) - 1));
      const std::vector<std::string> norms{"l1"};
      const double now =
          (exact_ ? exact_error(precise, norms) : error_against(before_, precise, norms))
              .norms.at(0);
      if (std::abs(now - row->l1()) > dominating * row->l1()) {
        folder_.remark(fmt::format(
            "{} here: {}; with tolerances a hundred times smaller the error is {:.3e} instead of "
            "{:.3e}, so the iterative tolerance dominates, and neither this order nor an "
            "extrapolation of it means anything. Smaller solver.rtol{} let it go on.",
            rows_.size() < std::size_t(options_.levels) ? "Stopped early" : "No order", seen, now,
            row->l1(), study_.base().section("time").has("tolerance") ? " or time.tolerance" : ""));
        return dominated_ = true;
      }
    } catch (const NumericalError&) {
      folder_.log().say("(a repetition with smaller tolerances failed)");
    }
    const double mass = integral(newest_.setup->mesh, newest_.setup->state.density);
    if (excess < 0 && row->l1() < 1e-12 * mass) {
      folder_.remark(
          fmt::format("Stopped early: {}; the error is {:.1e} of the mass, so rounding dominates.",
                      seen, row->l1() / mass));
      return dominated_ = true;
    }
    return false;
  }

  /// Whether the order was above the claimed one on a coarser level.
  [[nodiscard]] bool fell_too_fast() const {
    return std::ranges::any_of(rows_, [&](const ConvergenceRow& row) {
      return row.order_l1() && *row.order_l1() > subject_.claimed_order + shortfall;
    });
  }

  void conclude() {
    const ConvergenceRow* row = judged();
    if (!row) return;
    if (!row->order_l1()) {
      folder_.remark("One error gives no order; --levels 2 or more does.");
      return;
    }
    const double order = *row->order_l1(), claimed = subject_.claimed_order;
    const bool kept = order > claimed - shortfall;
    std::string words = fmt::format("Observed order {:.2f} in L1, claimed {:.3g}", order, claimed);
    if (order > claimed + shortfall) {
      words += ": above it, so parts of the error that fall faster still dominate.";
    } else if (!kept && order < 0.3 && fell_too_fast()) {
      words +=
          ": the errors fell faster than that before, so parts of opposite signs may have "
          "cancelled; more levels tell.";
    } else if (!kept && exact_ && order < 0.3) {
      words += ": the errors no longer fall; is [exact] the solution of this case?";
    } else if (!kept && options_.refine == "both") {
      words += ": the claim is not kept here.";
    } else if (!kept) {
      words += fmt::format(
          ": not kept here; what --refine {} leaves alone may dominate (--refine both "
          "refines everything).",
          options_.refine);
    } else {
      words += ".";
    }
    if (!exact_) {
      const double last = row->l1() / (std::exp2(std::max(order, 0.1)) - 1);
      words +=
          fmt::format(" By extrapolation the finest run is {:.2e} from the limit in L1.", last);
    }
    folder_.remark(words);
  }

  void fail_at(ConvergenceRow row, const Error& error) {
    const int level = row.level = int(rows_.size()) + 1;
    row.note = "failed";
    add(std::move(row));
    folder_.remark(fmt::format("Level {} failed: {}", level, error.what()));
    folder_.write(subject_, rows_, "failed", error.what());
  }

  const Comm& comm_;
  const Study& study_;
  StudyFolder& folder_;
  const ConvergeOptions& options_;
  bool exact_ = false, dominated_ = false;
  double changed_ = 0;  ///< in the first level by tighter tolerances, in L1
  StudySubject subject_;
  std::vector<ConvergenceRow> rows_;
  FinishedRun newest_, before_;
};

}  // namespace

int converge_command(const RunOptions& options, const ConvergeOptions& study_options) {
  const Comm world = command_comm();
  const Refinement refinement{
      .space = study_options.refine == "time" ? 0 : 1,
      .time = study_options.refine == "space" ? 0 : study_options.step_power};
  const Study study(world, options, refinement);
  (void)hand_petsc_options(study.base(), options);
  if (study_options.target > 0) check_target(study);
  const bool exact = study.base().section("exact").present();
  if (!(study_options.target > 0) && study_options.levels < 2 && !exact) {
    throw InputError(
        "command line: --levels 1: without [exact] one level has nothing to be compared with; "
        "take two or more, or give the exact density");
  }
  StudyFolder folder(world, study.base(), output_folder(options));
  study.check();
  folder.open();
  if (study_options.target > 0) {
    return static_cast<int>(find_cheapest(study, folder, study_options.target));
  }
  return static_cast<int>(Converge(world, study, folder, study_options).run());
}

}  // namespace otto
