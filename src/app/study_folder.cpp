#include "study_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "otto/io/files.h"

namespace otto {

StudyFolder::StudyFolder(const Comm& comm, const Case& c, std::filesystem::path folder)
    : folder_(comm, std::move(folder), c) {
  if (folder_.summary().title.empty()) folder_.summary().title = c.file().string();
}

std::filesystem::path StudyFolder::level(int l) const {
  return folder_.path() / fmt::format("level_{}", l + 1);
}

void StudyFolder::remark(const std::string& words) {
  log().say(words);
  remarks_.push_back(words);
}

void StudyFolder::write_so_far(const StudySubject& subject,
                               const std::vector<ConvergenceRow>& rows) {
  tell(subject, rows, "stopped", "", false);
}

void StudyFolder::write(const StudySubject& subject, const std::vector<ConvergenceRow>& rows,
                        const std::string& status, const std::string& reason) {
  tell(subject, rows, status, reason, true);
}

void StudyFolder::tell(StudySubject subject, const std::vector<ConvergenceRow>& rows,
                       const std::string& status, const std::string& reason, bool last) {
  Summary& summary = folder_.summary();
  subject.title = summary.title;
  summary.status = status;
  summary.reason = reason;
  nlohmann::ordered_json part{{"refined", subject.refined},
                              {"reference", subject.reference},
                              {"claimed_order", subject.claimed_order},
                              {"levels", rows.size()},
                              {"remarks", remarks_}};
  for (const ConvergenceRow& row : rows) {
    for (std::size_t i = 0; i < row.error.size(); ++i) {
      part[subject.norms[i]] = row.error[i];
      if (i < row.order.size() && row.order[i]) part["order_" + subject.norms[i]] = *row.order[i];
    }
  }
  const auto tables = [&] {
    const std::filesystem::path& path = folder_.path();
    replace_file(path / "convergence.csv", convergence_csv(subject, rows));
    replace_file(path / "convergence.md", convergence_markdown(subject, rows, remarks_));
    replace_file(path / "convergence.tex", convergence_latex(subject, rows));
    replace_file(path / "convergence.svg", convergence_svg(subject, rows));
  };
  const nlohmann::ordered_json all{{"convergence", part}};
  last ? folder_.conclude(all, tables) : folder_.conclude_so_far(all, tables);
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
