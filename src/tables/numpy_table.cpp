// NumPy's files: .npy, one array after a header that is a Python dictionary,
//
//   \x93NUMPY  major minor  length of the header (2 or 4 bytes)
//   {'descr': '<f8', 'fortran_order': False, 'shape': (100, 3), }
//
// and .npz, a ZIP archive of them.

#include <fmt/format.h>
#include <minizip/unzip.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <memory>

#include "otto/casefile/utf8.h"
#include "otto/core/error.h"
#include "otto/tables/number_table.h"

namespace otto {

namespace {

/// More than that in one file is a mistake, or a trap: 2 GiB.
constexpr std::uint64_t max_bytes = std::uint64_t(1) << 31;

struct Array {
  std::vector<std::size_t> shape;
  std::vector<double> values;  ///< the last axis fastest
};

/// One .npy, from its bytes; `name` is what a message calls it.
class NpyReader {
 public:
  NpyReader(std::string name, std::string_view bytes) : name_(std::move(name)), bytes_(bytes) {}

  Array read() {
    if (!bytes_.starts_with("\x93NUMPY") || bytes_.size() < 12) fail("is no NumPy array");
    const bool wide = bytes_[6] != 1;  // versions 2 and 3 count the header in 4 bytes
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < (wide ? 4U : 2U); ++i) {
      length |= std::uint32_t(static_cast<unsigned char>(bytes_[8 + i])) << (8 * i);
    }
    const std::size_t start = wide ? 12 : 10;
    if (bytes_.size() - start < length) fail("ends within its header");
    header_ = bytes_.substr(start, length);
    bytes_ = bytes_.substr(start + length);
    Array array{.shape = shape(), .values = {}};
    std::uint64_t count = 1;
    for (const std::size_t n : array.shape) {
      if (n > 0 && count > max_bytes / n) fail("is larger than 2 GiB");
      count *= n;
    }
    take_values(array, count);
    if (entry("fortran_order").starts_with("True")) reorder(array);
    return array;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw InputError(fmt::format("{}: {}", name_, message));
  }

  /// What follows 'key': in the header.
  [[nodiscard]] std::string_view entry(const std::string& key) const {
    const auto at = header_.find("'" + key + "'");
    const auto colon = header_.find(':', at);
    if (at == std::string_view::npos || colon == std::string_view::npos) {
      fail(fmt::format("its header does not say '{}'", key));
    }
    const auto value = header_.find_first_not_of(' ', colon + 1);
    return value == std::string_view::npos ? "" : header_.substr(value);
  }

  [[nodiscard]] std::vector<std::size_t> shape() const {
    const std::string_view text = entry("shape");
    const auto end = text.find(')');
    if (!text.starts_with('(') || end == std::string_view::npos) fail("its shape cannot be read");
    std::vector<std::size_t> all;
    for (std::size_t at = 1; at < end;) {
      if (text[at] == ' ' || text[at] == ',') {
        ++at;
        continue;
      }
      std::size_t n = 0;
      const auto read = std::from_chars(text.data() + at, text.data() + end, n);
      if (read.ec != std::errc{}) fail("its shape cannot be read");
      all.push_back(n);
      at = std::size_t(read.ptr - text.data());
    }
    return all;
  }

  template <class Number>
  void convert(std::vector<double>& values, bool swap) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::array<char, sizeof(Number)> bytes;
      std::memcpy(bytes.data(), bytes_.data() + i * sizeof(Number), sizeof(Number));
      if (swap) std::ranges::reverse(bytes);
      values[i] = static_cast<double>(std::bit_cast<Number>(bytes));
    }
  }

  void take_values(Array& array, std::uint64_t count) const {
    const std::string_view quoted = entry("descr");
    const std::string type(quoted.size() < 5 ? "" : quoted.substr(1, quoted.find('\'', 1) - 1));
    const std::string kind = type.empty() ? "" : type.substr(1);
    const bool swap = type.starts_with('>');
    const std::map<std::string, std::size_t> sizes{{"f8", 8}, {"f4", 4}, {"i8", 8},
                                                   {"i4", 4}, {"u8", 8}, {"u4", 4}};
    const auto size = sizes.find(kind);
    if (size == sizes.end()) {
      fail(
          fmt::format("holds numbers of the type '{}'; float32, float64 and integers of 4 or 8 "
                      "bytes are read: array.astype(float) makes one",
                      find_not_utf8(type) == std::string::npos ? type : "?"));
    }
    if (bytes_.size() != count * size->second) {
      fail(fmt::format("has {} bytes of numbers where its shape asks for {}", bytes_.size(),
                       count * size->second));
    }
    array.values.resize(count);
    if (kind == "f8") convert<double>(array.values, swap);
    if (kind == "f4") convert<float>(array.values, swap);
    if (kind == "i8") convert<std::int64_t>(array.values, swap);
    if (kind == "i4") convert<std::int32_t>(array.values, swap);
    if (kind == "u8") convert<std::uint64_t>(array.values, swap);
    if (kind == "u4") convert<std::uint32_t>(array.values, swap);
  }

  /// From the first axis fastest to the last.
  void reorder(Array& array) const {
    const auto& shape = array.shape;
    std::vector<double> ordered(array.values.size());
    std::vector<std::size_t> index(shape.size(), 0);
    for (double& value : ordered) {
      std::size_t from = 0;
      for (std::size_t a = shape.size(); a-- > 0;) from = from * shape[a] + index[a];
      value = array.values[from];
      for (std::size_t a = shape.size(); a-- > 0;) {
        if (++index[a] < shape[a]) break;
        index[a] = 0;
      }
    }
    array.values = std::move(ordered);
  }

  std::string name_;
  std::string_view bytes_, header_;
};

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const auto size = in.tellg();
  if (!in || size < 0) throw InputError(file.string() + ": cannot be read");
  if (std::uint64_t(size) > max_bytes) throw InputError(file.string() + ": is larger than 2 GiB");
  std::string bytes(std::size_t(size), '\0');
  in.seekg(0);
  in.read(bytes.data(), size);
  if (!in) throw InputError(file.string() + ": cannot be read");
  return bytes;
}

/// The arrays of an archive, by their names without .npy, in its order.
std::vector<std::pair<std::string, Array>> read_archive(const std::filesystem::path& file) {
  const auto fail = [&](const std::string& message) {
    throw InputError(fmt::format("{}: {}", file.string(), message));
  };
  const std::unique_ptr<void, int (*)(void*)> zip(unzOpen64(file.c_str()), unzClose);
  if (!zip) fail("is damaged: its ZIP directory cannot be read");
  std::vector<std::pair<std::string, Array>> arrays;
  for (int state = unzGoToFirstFile(zip.get()); state == UNZ_OK;
       state = unzGoToNextFile(zip.get())) {
    unz_file_info64 info{};
    std::array<char, 512> text{};
    unzGetCurrentFileInfo64(zip.get(), &info, text.data(), text.size() - 1, nullptr, 0, nullptr, 0);
    std::string name = text.data();
    if (find_not_utf8(name) != std::string::npos) fail("is damaged: a name in it is no text");
    if (!name.ends_with(".npy")) continue;
    name.resize(name.size() - 4);
    if (info.uncompressed_size > max_bytes) fail(name + " is larger than 2 GiB");
    std::string bytes(info.uncompressed_size, '\0');
    bool good = unzOpenCurrentFile(zip.get()) == UNZ_OK;
    for (std::size_t at = 0; good && at < bytes.size();) {
      constexpr std::size_t piece = std::size_t(1) << 30;
      const int read = unzReadCurrentFile(zip.get(), bytes.data() + at,
                                          unsigned(std::min(piece, bytes.size() - at)));
      good = read > 0;
      at += good ? std::size_t(read) : 0;
    }
    good = unzCloseCurrentFile(zip.get()) == UNZ_OK && good;  // compares the checksum
    if (!good) fail(name + " is damaged");
    arrays.emplace_back(name, NpyReader(fmt::format("{}: {}", file.string(), name), bytes).read());
  }
  if (arrays.empty()) fail("holds no array");
  return arrays;
}

NumberTable rows_of(const std::filesystem::path& file, const std::string& name, Array array) {
  if (array.shape.size() == 1) array.shape.push_back(1);
  if (array.shape.size() != 2) {
    throw InputError(
        fmt::format("{}: {}has {} axes; one row for each point is needed, "
                    "coordinates first",
                    file.string(), name.empty() ? "" : name + " ", array.shape.size()));
  }
  NumberTable table;
  table.file = file;
  table.columns = array.shape[1];
  table.numbers = std::move(array.values);
  return table;
}

/// Coordinates along each axis, and the values on all of their combinations, as np.meshgrid with
/// indexing="ij" would give them; all others are columns.
NumberTable columns_of(const std::filesystem::path& file,
                       const std::vector<std::pair<std::string, Array>>& arrays) {
  NumberTable table;
  table.file = file;
  std::vector<std::size_t> lengths;  // of the axes met so far
  for (const auto& [name, array] : arrays) {
    const auto& shape = array.shape;
    const bool on_axes = shape.size() > 1 && shape == lengths;
    if (!on_axes && shape.size() != 1) {
      throw InputError(fmt::format(
          "{}: {} has {} axes; arrays are columns of one length, or x, y and z of one axis each "
          "and then values of the shape (len(x), len(y), len(z))",
          file.string(), name, shape.size()));
    }
    if (!on_axes) lengths.push_back(shape[0]);
  }
  const bool grid = std::ranges::any_of(arrays, [](auto& a) { return a.second.shape.size() > 1; });
  std::size_t rows = grid ? 1 : lengths[0];
  for (const std::size_t n : lengths) {
    if (!grid && n != rows) {
      throw InputError(fmt::format("{}: its arrays have {} and {} numbers; columns have one length",
                                   file.string(), rows, n));
    }
    if (grid) rows *= n;
  }
  table.columns = arrays.size();
  table.numbers.resize(rows * table.columns);
  std::size_t after = rows;  // points behind the axis
  for (std::size_t c = 0; c < arrays.size(); ++c) {
    const auto& [name, array] = arrays[c];
    table.names.push_back(name);
    const bool axis = grid && array.shape.size() == 1;
    if (axis) after /= std::max<std::size_t>(array.shape[0], 1);
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t from = axis ? r / after % array.shape[0] : r;
      table.numbers[r * table.columns + c] = array.values[from];
    }
  }
  return table;
}

}  // namespace

NumberTable read_numpy_table(const std::filesystem::path& file) {
  NumberTable table;
  char first = 0;
  std::ifstream(file, std::ios::binary).get(first);
  if (first == 'P') {
    auto arrays = read_archive(file);
    table = arrays.size() == 1 ? rows_of(file, arrays[0].first, std::move(arrays[0].second))
                               : columns_of(file, arrays);
  } else {
    table = rows_of(file, "", NpyReader(file.string(), content_of(file)).read());
  }
  if (table.numbers.empty()) throw InputError(file.string() + ": holds no row of numbers");
  return table;
}

}  // namespace otto
