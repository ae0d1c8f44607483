#pragma once
// Named arrays of numbers in the layout called safetensors: eight bytes n (unsigned, little-endian), n bytes of
// JSON {"name": {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48]}, ..., "__metadata__": {"key": "text"}},
// then the bytes of the arrays one after the other, row by row, little-endian. Reading such a file computes
// nothing and runs nothing.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace otto {

struct NumberArray {
  std::vector<std::int64_t> shape;
  std::vector<double> values;  ///< row by row
  bool single = false;         ///< F32 in the file; else F64
};

struct NamedArrays {
  std::map<std::string, NumberArray> arrays;
  std::map<std::string, std::string> metadata;
};

/// Whether bytes begin as such a file does.
bool looks_like_safetensors(std::string_view bytes);

/// Throws InputError for whatever is not such a file: a header that is no JSON or longer than the file, types
/// other than F64 and F32, shapes that do not fit their bytes, arrays that overlap or leave holes.
NamedArrays parse_safetensors(std::string_view bytes);

/// The file of these arrays, in the order of their names.
std::string safetensors_bytes(const NamedArrays& content);

}  // namespace otto
