// A .npy: the magic string, the version, the length of the header as two bytes, the header, which is
// a Python dictionary, filled with blanks so that the numbers begin at a multiple of 64 bytes
// (numpy.lib.format).

#include "otto/io/numpy_file.h"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <string>

#include "otto/io/files.h"

namespace otto {

void write_numpy(const std::filesystem::path& file, std::span<const double> values, int columns) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::size_t before = 10, unit = 64;  // bytes before the header; of its alignment
  const std::string law =
      fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}, {}), }}",
                  values.size() / std::size_t(columns), columns);
  const std::size_t size = (before + law.size() + unit) / unit * unit - before;  // with its newline
  std::string text = fmt::format("\x93NUMPY\x01{}{}{}{:<{}}\n", '\0', char(size % 256),
                                 char(size / 256), law, size - 1);
  text.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  replace_file(file, text);
}

}  // namespace otto
