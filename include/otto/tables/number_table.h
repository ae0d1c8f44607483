#pragma once
// Numbers in rows and columns as other programs write them:
//
//   text    columns between blanks, commas, semicolons or tabs; comments after '#'; a line of names
//           (CSV), or the last comment above the numbers; blank lines anywhere
//   PLUMED  "#! FIELDS x y F" names the columns, "#! SET min_x -pi", "max_x", "periodic_x true" tell
//           which are coordinates and which repeat, "nbins_x" how many points there are along them
//   .npy    an array of two axes, one row each (NumPy's format, versions 1 to 3)
//   .npz    arrays of one length, one for each column; or one array of two axes
//   HDF5    /cells/center and one value per cell, as in final.h5
//
// What is wrong is an InputError "FILE:LINE:COLUMN: ..." (text) or "FILE: ...". Nothing here
// communicates.

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace otto {

struct NumberTable {
  std::filesystem::path file;
  std::vector<std::string> names;  ///< of the columns; empty where the file has none
  std::size_t columns = 0;
  std::vector<double> numbers;        ///< row by row; NaN where the file says nan, NA or nothing
  std::vector<std::size_t> lines;     ///< of the rows in a text file; else empty
  int variables = 0;                  ///< coordinates by PLUMED's words; 0: not said
  std::array<std::size_t, 3> bins{};  ///< of the coordinates, by PLUMED's words; 0: not said
  std::array<double, 3> period{};     ///< of the coordinates, by PLUMED's words; 0: does not repeat

  [[nodiscard]] std::size_t rows() const { return columns == 0 ? 0 : numbers.size() / columns; }
  [[nodiscard]] double at(std::size_t row, std::size_t column) const {
    return numbers[row * columns + column];
  }
  /// "FILE:LINE" of a row, or "FILE: row N".
  [[nodiscard]] std::string place(std::size_t row) const;
};

/// Reads what is no .vti and no HDF5 file.
NumberTable read_number_table(const std::filesystem::path& file);

/// Text, whatever the file is called.
NumberTable read_text_table(const std::filesystem::path& file);
/// NumPy's .npy or .npz.
NumberTable read_numpy_table(const std::filesystem::path& file);

/// An error where columns called x, y and z, as many as there are coordinates, do not stand first and
/// in that order; the values' own name does not count.
void check_order(const NumberTable& table, const std::string& values, int coordinates);

/// The column called `name`; with "" the first after `coordinates` of them.
std::size_t find_column(const NumberTable& table, const std::string& name, int coordinates);

}  // namespace otto
