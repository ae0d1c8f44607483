#include "target.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <utility>

namespace otto {

namespace {

constexpr int max_runs = 30;

/// The runs made so far, by halvings of cells and step.
class Search {
 public:
  Search(const Study& study, StudyFolder& folder) : study_(study), folder_(folder) {
    subject_.refined = "what lowers the error most for its cost";
    subject_.reference = "the exact density";
    folder_.log().say(row_heading(subject_));
  }

  struct Try {
    double error = 0, cost = 0;  ///< L1; cells times steps
    std::size_t row = 0;
  };

  const Try& at(int space, int time) {
    const auto known = tries_.find({space, time});
    if (known != tries_.end()) return known->second;
    const Refinement by{space, time};
    const int number = int(rows_.size());
    if (number == max_runs) {
      const std::string reason = fmt::format(
          "the target was not met in {} runs; the least error was {:.3e}", max_runs, min_error_);
      folder_.write(subject_, rows_, "failed", reason);
      throw NumericalError(reason);
    }
    ConvergenceRow row = study_.describe(by);
    row.level = number + 1;
    const FinishedRun run = study_.run(by, folder_.level(number));
    row.dt = run.dt;
    row.seconds = run.seconds;
    row.error = exact_error(run, subject_.norms).norms;
    subject_.claimed_order = study_.claimed_order(run);
    stopped_ = stopped_ || run.stopped;
    min_error_ = std::min(min_error_, row.l1());
    const Try result{row.l1(), double(row.cells) / row.dt, rows_.size()};
    rows_.push_back(std::move(row));
    folder_.log().say(row_words(rows_.back()));
    folder_.write_so_far(subject_, rows_);
    return tries_.emplace(std::pair{space, time}, result).first->second;
  }

  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] const std::vector<ConvergenceRow>& rows() const { return rows_; }
  void write() { folder_.write(subject_, rows_, stopped_ ? "stopped" : "completed", ""); }

 private:
  const Study& study_;
  StudyFolder& folder_;
  StudySubject subject_;
  std::vector<ConvergenceRow> rows_;
  std::map<std::pair<int, int>, Try> tries_;
  double min_error_ = 1e300;
  bool stopped_ = false;
};

}  // namespace

void check_target(const Study& study) {
  if (!study.base().section("exact").present()) {
    throw InputError(
        "command line: --target: needs the exact density in the case ([exact] density)");
  }
  const Section time = study.base().section("time");
  if (!time.has("step") || time.flag("adaptive")) {
    throw InputError("command line: --target: needs fixed steps (time.step)");
  }
}

ExitStatus find_cheapest(const Study& study, StudyFolder& folder, double target) {
  Search search(study, folder);
  int space = 0, time = 0;
  Search::Try now = search.at(space, time);
  while (now.error > target && !search.stopped()) {
    const Search::Try cells = search.at(space + 1, time), steps = search.at(space, time + 1);
    // both errors may be needed: neither alone may help much where they cancel
    const auto gain = [&](const Search::Try& t) {
      return std::log(now.error / t.error) / std::log(t.cost / now.cost);
    };
    const bool both = std::max(gain(cells), gain(steps)) < 0.05;
    if (both || gain(cells) >= gain(steps)) ++space;
    if (both || gain(cells) < gain(steps)) ++time;
    now = search.at(space, time);
  }
  for (bool moved = true; moved && !search.stopped();) {
    moved = false;
    for (const auto& [s, t] : {std::pair{space - 1, time}, std::pair{space, time - 1}}) {
      if (moved || s < 0 || t < 0 || search.at(s, t).error > target) continue;
      space = s, time = t, moved = true;
    }
  }
  if (search.stopped()) {
    search.write();
    return ExitStatus::stopped;
  }
  now = search.at(space, time);
  const ConvergenceRow& best = search.rows()[now.row];
  double all = 0;
  for (const ConvergenceRow& row : search.rows()) all += row.seconds;
  folder.remark(
      fmt::format("Cheapest found with an L1 error of at most {:.3g}: {} cells (h = {:.6g}) and "
                  "step {:.6g}, run {}: "
                  "error {:.3e} in {:.2f} s; the search took {} runs and {:.2f} s.",
                  target, best.cells, best.h, best.dt, best.level, best.l1(), best.seconds,
                  search.rows().size(), all));
  search.write();
  return ExitStatus::done;
}

}  // namespace otto
