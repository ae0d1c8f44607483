#pragma once
// What a convergence study leaves in its folder.

#include <filesystem>
#include <string>
#include <vector>

#include "otto/analysis/convergence.h"
#include "otto/casefile/case.h"
#include "otto/driver/run_folder.h"

namespace otto {

/// Everything a study writes, rewritten after every level.
class StudyFolder {
 public:
  /// What becomes of earlier results in the folder run_folder.h tells. Collective; throws IoError.
  StudyFolder(const Comm& comm, const Case& c, std::filesystem::path folder);

  /// Once the first level can start. Collective; throws IoError.
  void open() { folder_.open(); }
  [[nodiscard]] Log& log() { return folder_.log(); }
  /// Where level l (from 0) leaves its run.
  [[nodiscard]] std::filesystem::path level(int l) const;
  /// A sentence for the screen, the table and the summary.
  void remark(const std::string& words);
  /// Writes tables, picture and summary, at the end. Collective; throws IoError.
  void write(const StudySubject& subject, const std::vector<ConvergenceRow>& rows,
             const std::string& status, const std::string& reason);
  /// The same of a study that goes on; should it end there, it was stopped.
  void write_so_far(const StudySubject& subject, const std::vector<ConvergenceRow>& rows);

 private:
  void tell(StudySubject subject, const std::vector<ConvergenceRow>& rows,
            const std::string& status, const std::string& reason, bool last);

  RunFolder folder_;
  std::vector<std::string> remarks_;
};

/// One line of the table on the screen, and the line above it.
std::string row_words(const ConvergenceRow& row);
std::string row_heading(const StudySubject& subject);

}  // namespace otto
