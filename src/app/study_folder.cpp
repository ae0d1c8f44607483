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
    replace_file(folder_ / "convergence.csv", convergence_csv(subject, rows));
    replace_file(folder_ / "convergence.md", convergence_markdown(subject, rows, remarks_));
    replace_file(folder_ / "convergence.tex", convergence_latex(subject, rows));
    replace_file(folder_ / "convergence.svg", convergence_svg(subject, rows));
    auto json = to_json(summary_);
    auto& part = json["convergence"];
    part["refined"] = subject.refined;
    part["reference"] = subject.reference;
    part["claimed_order"] = subject.claimed_order;
    part["levels"] = rows.size();
    part["remarks"] = remarks_;
    for (const ConvergenceRow& row : rows) {
      for (std::size_t i = 0; i < row.error.size(); ++i) {
        part[subject.norms[i]] = row.error[i];
        if (i < row.order.size() && row.order[i]) part["order_" + subject.norms[i]] = *row.order[i];
      }
    }
    replace_file(folder_ / "summary.json", json.dump(2) + "\n");
    if (log_.trouble()) throw IoError(*log_.trouble());
  });
}

std::string row_heading(const StudySubject& subject) {
  std::string words = "level      cells           h          dt";
  for (const std::string& norm : subject.norms) words += fmt::format("  {:<9} order", norm);
  return words;
}

std::string row_words(const ConvergenceRow& row) {
  std::string words =
      fmt::format("{:>5} {:>10} {:>11.5g} {:>11.5g}", row.level, row.cells, row.h, row.dt);
  if (row.error.empty()) return words + (row.note.empty() ? "" : "  " + row.note);
  for (std::size_t i = 0; i < row.error.size(); ++i) {
    const bool known = i < row.order.size() && row.order[i];
    words += fmt::format("  {:.3e} {:>5}", row.error[i],
                         known ? fmt::format("{:.2f}", *row.order[i]) : "");
  }
  return words;
}

}  // namespace otto
