#include "study_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "otto/core/error.h"
#include "otto/io/files.h"

namespace otto {

StudyFolder::StudyFolder(const Comm& comm, const Case& c, std::filesystem::path folder)
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

std::filesystem::path StudyFolder::level(int l) const {
  return folder_ / fmt::format("level_{}", l + 1);
}

void StudyFolder::remark(const std::string& words) {
  log_.say(words);
  remarks_.push_back(words);
}

void StudyFolder::write(StudySubject subject, const std::vector<ConvergenceRow>& rows,
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

std::string row_heading() {
  return "level      cells           h          dt  L1       order  L2       order  max      order";
}

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

}  // namespace otto
