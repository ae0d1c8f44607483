#pragma once
// A damaged file can crash HDF5 or keep it busy for ever (seen with 1.10.8: object headers and
// chunk indices are decoded without checks), so files of others are first read in a process of
// their own.

#include <filesystem>

namespace otto {

/// Whether HDF5 lives through opening `file` and reading every dataset of one or two axes in it.
/// False only where it crashed or took far longer than the size of the file explains; what HDF5
/// refuses in an orderly way is left to the caller to find. Never communicates.
bool survives_h5(const std::filesystem::path& file);

}  // namespace otto
