#include "otto/network/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "otto/core/error.h"
#include "shallow_json.h"

namespace otto {

namespace {

using Json = nlohmann::json;

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t max_header =
    16 << 20;                         // far beyond any energy's; JSON costs ten times its bytes
constexpr std::size_t alignment = 8;  // of the data, as the layout advises

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

std::uint64_t header_length(std::string_view bytes) {
  std::uint64_t n = 0;
  if (bytes.size() >= length_bytes) std::memcpy(&n, bytes.data(), length_bytes);
  return n;
}

[[noreturn]] void refuse(const std::string& why) {
  throw InputError("is not a safetensors file that can be read: " + why);
}

Json parse_header(std::string_view bytes) {
  const std::uint64_t n = header_length(bytes);
  if (bytes.size() < length_bytes) refuse("it is shorter than the length of a header");
  if (n > bytes.size() - length_bytes) {
    refuse(fmt::format("its header should have {} bytes and the file has {}; it may be cut short",
                       n, bytes.size()));
  }
  if (n > max_header) refuse(fmt::format("its header of {} bytes is too long", n));
  const Json header = shallow_json(bytes.substr(length_bytes, std::size_t(n)), "header");
  if (!header.is_object()) refuse("its header is not a JSON object");
  return header;
}

/// One entry of the header, and where its bytes are.
struct Entry {
  std::string name;
  NumberArray array;
  std::uint64_t begin = 0, end = 0;
};

std::uint64_t unsigned_number(const Json& value, const std::string& name) {
  if (!value.is_number_unsigned()) refuse("'" + name + "' has a number that is no whole one");
  return value.get<std::uint64_t>();
}

Entry read_entry(const std::string& name, const Json& value, std::uint64_t data_bytes) {
  Entry entry{name, {}, 0, 0};
  const auto array_of = [&](const char* key) {
    if (!value.is_object() || !value.contains(key) || !value[key].is_array()) {
      refuse(fmt::format("'{}' lacks its {}", name, key));
    }
    return value[key];
  };
  const Json shape = array_of("shape"), offsets = array_of("data_offsets");
  const std::string type =
      value.contains("dtype") && value["dtype"].is_string() ? value["dtype"] : Json("nothing");
  if (type != "F64" && type != "F32") {
    refuse(fmt::format("'{}' is of the type {}; energies hold F64 or F32", name, type));
  }
  if (offsets.size() != 2) refuse(fmt::format("'{}' lacks its data_offsets", name));
  entry.begin = unsigned_number(offsets[0], name);
  entry.end = unsigned_number(offsets[1], name);
  if (entry.begin > entry.end || entry.end > data_bytes) {
    refuse(fmt::format("'{}' lies outside the file; it may be cut short", name));
  }
  entry.array.single = type == "F32";
  const std::uint64_t size = entry.array.single ? sizeof(float) : sizeof(double);
  std::uint64_t count = 1;
  for (const Json& extent : shape) {
    const std::uint64_t n = unsigned_number(extent, name);
    if (n > 0 && count > data_bytes / n) refuse(fmt::format("'{}' is larger than the file", name));
    count *= n;
    entry.array.shape.push_back(std::int64_t(n));
  }
  if (count * size != entry.end - entry.begin) {
    refuse(fmt::format("'{}' has {} numbers by its shape and {} bytes", name, count,
                       entry.end - entry.begin));
  }
  return entry;
}

template <class T>
void copy_numbers(std::string_view from, std::vector<double>& to) {
  std::vector<T> numbers(from.size() / sizeof(T));
  std::memcpy(numbers.data(), from.data(), numbers.size() * sizeof(T));
  to.assign(numbers.begin(), numbers.end());
}

void append_numbers(std::string& bytes, const NumberArray& array) {
  const auto append = [&](const auto* numbers, std::size_t count) {
    bytes.append(reinterpret_cast<const char*>(numbers), count * sizeof(*numbers));
  };
  if (array.single) {
    const std::vector<float> floats(array.values.begin(), array.values.end());
    append(floats.data(), floats.size());
  } else {
    append(array.values.data(), array.values.size());
  }
}

}  // namespace

bool looks_like_safetensors(std::string_view bytes) {
  return bytes.size() > length_bytes && bytes[length_bytes] == '{' &&
         header_length(bytes) <= max_header;
}

NamedArrays parse_safetensors(std::string_view bytes) {
  const Json header = parse_header(bytes);
  const std::string_view data = bytes.substr(length_bytes + std::size_t(header_length(bytes)));
  NamedArrays content;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      entries.push_back(read_entry(name, value, data.size()));
      continue;
    }
    if (!value.is_object()) refuse("its __metadata__ is not an object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) refuse("'" + key + "' of its __metadata__ is not text");
      content.metadata[key] = text.get<std::string>();
    }
  }
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
  std::uint64_t at = 0;
  for (Entry& e : entries) {
    if (e.begin != at) refuse(fmt::format("'{}' overlaps another array or leaves a hole", e.name));
    at = e.end;
    const std::string_view part = data.substr(std::size_t(e.begin), std::size_t(e.end - e.begin));
    if (e.array.single) {
      copy_numbers<float>(part, e.array.values);
    } else {
      copy_numbers<double>(part, e.array.values);
    }
    content.arrays[e.name] = std::move(e.array);
  }
  if (at != data.size()) refuse("bytes are left over behind its arrays");
  return content;
}

std::string safetensors_bytes(const NamedArrays& content) {
  Json header = Json::object();
  std::string data;
  for (const auto& [name, array] : content.arrays) {
    const std::size_t begin = data.size();
    append_numbers(data, array);
    header[name] = {{"dtype", array.single ? "F32" : "F64"},
                    {"shape", array.shape},
                    {"data_offsets", {begin, data.size()}}};
  }
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::string text = header.dump();
  text.append((alignment - text.size() % alignment) % alignment, ' ');
  const std::uint64_t n = text.size();
  std::string bytes(reinterpret_cast<const char*>(&n), length_bytes);
  return bytes + text + data;
}

}  // namespace otto
