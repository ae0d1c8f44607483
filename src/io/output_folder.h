#pragma once
// What every command that fills a folder needs.

#include <filesystem>

namespace otto {

/// Removes the results of an earlier run that would mix with those of a new one: the summary, the
/// series of fields, an unfinished final.h5. Root only; never throws.
void remove_earlier(const std::filesystem::path& folder);

double peak_memory_mb();  ///< of this rank
double seconds_since_program_start();

}  // namespace otto
