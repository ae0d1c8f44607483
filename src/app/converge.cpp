// `otto converge`: refine, rerun, and tell the observed orders.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "otto/app/petsc_options.h"
#include "otto/io/files.h"
#include "otto/io/log.h"
#include "study.h"

namespace otto {

namespace {

constexpr double shortfall = 0.4;  // of an order: asks for a reason

/// Everything a study writes, rewritten after every level.
class StudyFolder {
 public:
  StudyFolder(const Comm& comm, const Case& c, std::filesystem::path folder)
      : comm_(comm), folder_(std::move(folder)), log_(comm) {
    const std::string resolved = c.resolved();
    summary_.provenance = collect_provenance(comm, resolved);
    summary_.title = c.root().has("title") ? c.root().text("title") : c.file().string();
    comm.together([&] {
      if (!comm.is_root()) return;
      make_folder(folder_);
      log_.open(folder_ / "log.txt");
      replace_file(folder_ / "case.resolved.toml", resolved);
    });
    began_ = MPI_Wtime();
  }

  [[nodiscard]] Log& log() { return log_; }
  [[nodiscard]] std::filesystem::path level(int l) const {
    return folder_ / fmt::format("level_{}", l + 1);
  }
  void remark(const std::string& words) {
    log_.say(words);
    remarks_.push_back(words);
  }

  /// Collective; throws IoError.
  void write(StudySubject subject, const std::vector<ConvergenceRow>& rows,
             const std::string& status, const std::string& reason) {
    subject.title = summary_.title;
    summary_.status = status;
    summary_.reason = reason;
    summary_.spent.total = MPI_Wtime() - began_;
    comm_.together([&] {
      if (!comm_.is_root()) return;
      replace_file(folder_ / "convergence.csv", convergence_csv(rows));
      replace_file(folder_ / "convergence.md", convergence_markdown(subject, rows, remarks_));
      replace_file(folder_ / "convergence.tex", convergence_latex(rows));
      replace_file(folder_ / "convergence.svg", convergence_svg(subject, rows));
      auto json = to_json(summary_);
      auto& part = json["convergence"];
      part["refined"] = subject.refined;
      part["reference"] = subject.reference;
      part["claimed_order"] = subject.claimed_order;
      part["levels"] = rows.size();
      part["remarks"] = remarks_;
      for (const ConvergenceRow& row : rows) {
        if (row.order[0]) part["order_l1"] = *row.order[0];
        if (row.error) part["l1"] = row.error->l1;
      }
      replace_file(folder_ / "summary.json", json.dump(2) + "\n");
      if (log_.trouble()) throw IoError(*log_.trouble());
    });
  }

 private:
  Comm comm_;
  std::filesystem::path folder_;
  Log log_;
  Summary summary_;
  std::vector<std::string> remarks_;
  double began_ = 0;
};

std::string row_words(const ConvergenceRow& row) {
  std::string words =
      fmt::format("{:>5} {:>10} {:>11.5g} {:>11.5g}", row.level, row.cells, row.h, row.dt);
  if (!row.error) return words + (row.note.empty() ? "" : "  " + row.note);
  const double e[] = {row.error->l1, row.error->l2, row.error->linf};
  for (std::size_t i = 0; i < 3; ++i) {
    words += fmt::format("  {:.3e} {:>5}", e[i],
                         row.order[i] ? fmt::format("{:.2f}", *row.order[i]) : "");
  }
  return words;
}

/// The study itself: its rows, and the runs that are still needed.
class Converge {
 public:
  Converge(const Comm& comm, const Study& study, StudyFolder& folder,
           const ConvergeOptions& options)
      : comm_(comm), study_(study), folder_(folder), options_(options) {
    exact_ = study.base().section("exact").present();
    subject_.refined = options.refine;
    subject_.reference = exact_ ? "the exact density" : "the next finer run (three-grid orders)";
    if (!exact_ && options.levels < 2) {
      throw InputError(
          "command line: --levels 1: without [exact] one level has nothing to be compared with; "
          "take two or more, or give the exact density");
    }
  }

  ExitStatus run() {
    folder_.log().say(
        fmt::format("errors against {}; refined: {}", subject_.reference, subject_.refined));
    folder_.log().say(
        "level      cells           h          dt  L1       order  L2       order  max      order");
    for (int l = 0; l < options_.levels; ++l) {
      ConvergenceRow row = study_.describe(l);
      try {
        newest_ = study_.run(l, folder_.level(l));
      } catch (const std::exception& error) {
        fail_at(std::move(row), as_error(error));
        throw;
      }
      row.dt = newest_.dt;
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
      folder_.write(subject_, rows_, "completed", "");
      if (l + 1 < options_.levels && dominated()) break;
      before_ = std::move(newest_);
    }
    conclude();
    folder_.write(subject_, rows_, "completed", "");
    return ExitStatus::done;
  }

 private:
  void add(ConvergenceRow row) {
    rows_.push_back(std::move(row));
    fill_orders(rows_);
  }

  /// The error the newest run tells: its own with [exact], else that of the run before.
  void judge(ConvergenceRow row) {
    if (exact_) {
      row.error = exact_error(newest_);
      add(std::move(row));
      folder_.log().say(row_words(rows_.back()));
      return;
    }
    add(std::move(row));
    if (rows_.size() < 2) return;
    ConvergenceRow& coarser = rows_[rows_.size() - 2];
    coarser.error = error_against(before_, newest_);
    fill_orders(rows_);
    folder_.log().say(row_words(coarser));
  }

  /// The row whose error is the newest.
  [[nodiscard]] const ConvergenceRow* judged() const {
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
      if (row->error) return &*row;
    }
    return nullptr;
  }

  /// Whether a smaller error cannot be seen: where the order falls short, the run is repeated with
  /// tighter tolerances, and a different error betrays the present ones.
  bool dominated() {
    const ConvergenceRow* row = judged();
    if (!row || !row->order[0] || *row->order[0] > subject_.claimed_order - shortfall) return false;
    const std::string fell =
        fmt::format("the order fell to {:.2f} in level {}", *row->order[0], row->level);
    try {
      const FinishedRun precise = study_.run_precisely(int(rows_.size()) - 1);
      const ErrorNorms now = exact_ ? *exact_error(precise) : error_against(before_, precise);
      if (std::abs(now.l1 - row->error->l1) > 0.1 * row->error->l1) {
        folder_.remark(fmt::format(
            "Stopped early: {0}; with tolerances a hundred times smaller the error is {1:.3e} "
            "instead of "
            "{2:.3e}, so the iterative tolerance dominates. Smaller solver.rtol{3} let it go on.",
            fell, now.l1, row->error->l1,
            study_.base().section("time").has("tolerance") ? " or time.tolerance" : ""));
        return true;
      }
    } catch (const NumericalError&) {
      folder_.log().say("(a repetition with smaller tolerances failed)");
    }
    const double mass = integral(newest_.setup->mesh, newest_.setup->state.density);
    if (row->error->l1 < 1e-12 * mass) {
      folder_.remark(
          fmt::format("Stopped early: {}; the error is {:.1e} of the mass, so rounding dominates.",
                      fell, row->error->l1 / mass));
      return true;
    }
    return false;
  }

  void conclude() {
    const ConvergenceRow* row = judged();
    if (!row) return;
    if (!row->order[0]) {
      folder_.remark("One error gives no order; --levels 2 or more does.");
      return;
    }
    const double order = *row->order[0], claimed = subject_.claimed_order;
    const bool kept = order > claimed - shortfall;
    std::string words = fmt::format("Observed order {:.2f} in L1, claimed {:.3g}", order, claimed);
    if (!kept) {
      words += options_.refine == "both" ? ": the claim is not kept here."
                                         : fmt::format(
                                               ": not kept here; what --refine {} leaves alone may "
                                               "dominate (--refine both refines everything).",
                                               options_.refine);
    } else {
      words += ".";
    }
    if (!exact_) {
      const double last = row->error->l1 / (std::exp2(std::max(order, 0.1)) - 1);
      words +=
          fmt::format(" By extrapolation the finest run is {:.2e} from the limit in L1.", last);
    }
    folder_.remark(words);
  }

  void fail_at(ConvergenceRow row, const Error& error) {
    row.note = "failed";
    const int level = row.level;
    add(std::move(row));
    folder_.remark(fmt::format("Level {} failed: {}", level, error.what()));
    folder_.write(subject_, rows_, "failed", error.what());
  }

  const Comm& comm_;
  const Study& study_;
  StudyFolder& folder_;
  const ConvergeOptions& options_;
  bool exact_ = false;
  StudySubject subject_;
  std::vector<ConvergenceRow> rows_;
  FinishedRun newest_, before_;
};

}  // namespace

int converge_command(const RunOptions& options, const ConvergeOptions& study_options) {
  const Comm world;
  const Refinement refinement{
      .space = study_options.refine == "time" ? 0 : 1,
      .time = study_options.refine == "space" ? 0 : study_options.step_power};
  const Study study(world, options, refinement);
  (void)hand_petsc_options(study.base(), options);
  StudyFolder folder(world, study.base(), output_folder(options));
  return static_cast<int>(Converge(world, study, folder, study_options).run());
}

}  // namespace otto
