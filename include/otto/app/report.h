#pragma once
// `otto report`: a page about folders of results, made by postprocess/report.

#include <filesystem>
#include <string>
#include <vector>

namespace otto {

struct ReportOptions {
  std::vector<std::string> folders;  ///< at least one
  std::filesystem::path output;      ///< -o FILE; "": report.html in the first folder
};

/// Returns the script's exit status, on every rank. Collective; throws IoError where the script is not there or does not
/// run.
int report_command(const ReportOptions& options);

}  // namespace otto
