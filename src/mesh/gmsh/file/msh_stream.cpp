#include "msh_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "otto/core/error.h"

namespace otto::gmsh {

namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// A word fit for a message.
std::string shown(std::string_view word) {
  std::string text;
  for (const char c : word.substr(0, 24)) text += c >= ' ' && c < 127 ? c : '?';
  return text;
}

template <class T>
bool parse(std::string_view word, T& value) {
  if (word.size() > 1 && word[0] == '+' && word[1] != '-') word.remove_prefix(1);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc{} && end == word.data() + word.size();
}

}  // namespace

MshStream::MshStream(const std::filesystem::path& file) : file_(file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    throw InputError(file.string() +
                     ": there is no such mesh file; mesh.file is relative to the "
                     "case file's folder");
  }
  if (!std::filesystem::is_regular_file(file, error)) {
    throw InputError(file.string() + ": is not a file; mesh.file names a Gmsh file (.msh)");
  }
  std::ifstream in(file, std::ios::binary);
  content_.resize(std::filesystem::file_size(file, error));
  if (!in || error || !in.read(content_.data(), static_cast<std::streamsize>(content_.size()))) {
    throw InputError(file.string() + ": cannot be read");
  }
}

void MshStream::fail(const std::string& message) const {
  if (binary_) throw InputError(fmt::format("{}, byte {}: {}", file_.string(), at_, message));
  const auto here = content_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, content_.size()));
  throw InputError(fmt::format("{}:{}: {}", file_.string(),
                               1 + std::count(content_.begin(), here, '\n'), message));
}

std::string_view MshStream::word() {
  while (at_ < content_.size() && is_space(content_[at_])) ++at_;
  const std::size_t first = at_;
  while (at_ < content_.size() && !is_space(content_[at_])) ++at_;
  if (first == at_) fail("the file ends in the middle; write it again with gmsh");
  return std::string_view(content_).substr(first, at_ - first);
}

std::string_view MshStream::line() {
  const std::size_t first = at_, end = std::min(content_.find('\n', at_), content_.size());
  at_ = std::min(end + 1, content_.size());
  return std::string_view(content_).substr(first, end - first);
}

bool MshStream::at_end() {
  while (at_ < content_.size() && is_space(content_[at_])) ++at_;
  return at_ == content_.size();
}

std::int64_t MshStream::text_integer(const char* what) {
  const std::string_view text = word();
  std::int64_t value = 0;
  if (!parse(text, value)) {
    fail(fmt::format("'{}' stands where {} should; the file is damaged, write it again with gmsh",
                     shown(text), what));
  }
  return value;
}

std::int32_t MshStream::text_int(const char* what) {
  const std::int64_t value = text_integer(what);
  if (std::abs(value) > std::numeric_limits<std::int32_t>::max()) {
    fail(fmt::format("{} is {}, too large a number", what, value));
  }
  return static_cast<std::int32_t>(value);
}

template <class T>
T MshStream::raw(const char* what) {
  T value{};
  if (content_.size() - at_ < sizeof(T)) {
    fail(fmt::format("the file ends where {} should stand; write it again with gmsh", what));
  }
  std::memcpy(&value, content_.data() + at_, sizeof(T));
  at_ += sizeof(T);
  return value;
}

std::int32_t MshStream::integer(const char* what) {
  return binary_ ? raw<std::int32_t>(what) : text_int(what);
}

std::int64_t MshStream::size(const char* what) {
  const std::int64_t value = binary_ ? raw<std::int64_t>(what) : text_integer(what);
  if (value < 0)
    fail(fmt::format("{} is {}; the file is damaged, write it again with gmsh", what, value));
  return value;
}

std::int64_t MshStream::count(const char* what, std::int64_t min_bytes) {
  const std::int64_t value = size(what);
  if (value > static_cast<std::int64_t>(content_.size() - at_) / min_bytes + 1) {
    fail(
        fmt::format("{} is {}, more than the rest of the file can hold; the file is cut off or "
                    "damaged, write it again with gmsh",
                    what, value));
  }
  return value;
}

double MshStream::real(const char* what) {
  double value = 0;
  if (binary_) {
    value = raw<double>(what);
  } else {
    const std::string_view text = word();
    if (!parse(text, value)) {
      fail(fmt::format("'{}' stands where {} should; the file is damaged, write it again with gmsh",
                       shown(text), what));
    }
  }
  if (!std::isfinite(value)) fail(fmt::format("{} is not finite", what));
  return value;
}

void MshStream::begin_binary() {
  while (at_ < content_.size() && content_[at_] != '\n') ++at_;
  if (at_ < content_.size()) ++at_;
}

void MshStream::end_section(std::string_view name) {
  const std::string end = fmt::format("$End{}", name.substr(1));
  const std::string_view found = word();
  if (found != end) {
    fail(fmt::format("'{}' stands where {} should; the file is damaged, write it again with gmsh",
                     shown(found), end));
  }
}

void MshStream::skip_section(std::string_view name) {
  const std::string end = fmt::format("$End{}", name.substr(1));
  at_ = content_.find(end, at_);
  if (at_ == std::string::npos) {
    at_ = content_.size();
    fail(fmt::format("the section {} has no end; the file is cut off, write it again with gmsh",
                     name));
  }
  at_ += end.size();
}

}  // namespace otto::gmsh
