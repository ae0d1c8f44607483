#pragma once
// What goes with the program: scripts, cases and meshes, beside the sources of a build or below share/otto of a prefix.

#include <filesystem>
#include <string>
#include <vector>

namespace otto {

/// The file or folder of that name ("postprocess/report", "cases"). Local; throws IoError where it is not there.
std::filesystem::path find_shared(const std::filesystem::path& name);

/// Runs the script of that name with these words and returns its exit status. Local; throws IoError where it does not run.
int run_shared(const std::filesystem::path& name, const std::vector<std::string>& words);

}  // namespace otto
