#pragma once

#include <filesystem>
#include <span>

namespace otto {

/// Writes rows of `columns` numbers as NumPy's .npy (version 1.0 of its format, float64, row by row).
/// Throws IoError naming the file. Not collective.
void write_numpy(const std::filesystem::path& file, std::span<const double> values, int columns);

}  // namespace otto
