// From a case file to a Case.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "otto/casefile/case.h"
#include "otto/casefile/data.h"
#include "otto/casefile/utf8.h"
#include "otto/core/error.h"

namespace otto {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_case = 16u << 20;  // bytes; a case is a page of text

std::string read_text(const fs::path& file) {
  const std::string name = file.string();
  std::error_code problem;
  const auto status = fs::status(file, problem);
  if (!fs::exists(status)) {
    throw InputError(
        fmt::format("{}: no such file; the command needs the path of a case file", name));
  }
  if (fs::is_directory(status)) {
    const bool inside = fs::exists(file / "case.toml", problem);
    throw InputError(fmt::format("{}: is a folder; give the case file{}", name,
                                 inside ? ", " + (file / "case.toml").string() : " inside it"));
  }
  std::ifstream in(file, std::ios::binary);
  std::string text;
  std::vector<char> block(1u << 16);
  while (in && text.size() <= largest_case) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in.eof() && text.size() <= largest_case) {
    throw InputError(fmt::format("{}: cannot be read: {}", name, std::strerror(errno)));
  }
  if (text.size() > largest_case) {
    throw InputError(fmt::format("{}: is larger than {} MiB, so it is not a case file", name,
                                 largest_case >> 20));
  }
  return text;
}

Place place_at(const std::string& text, std::size_t position) {
  const auto begin = text.begin();
  const auto at = begin + static_cast<std::ptrdiff_t>(position);
  const auto line = std::count(begin, at, '\n');
  const auto newline = position == 0 ? std::string::npos : text.rfind('\n', position - 1);
  const auto column = newline == std::string::npos ? position + 1 : position - newline;
  return {.line = static_cast<int>(line) + 1, .column = static_cast<int>(column)};
}

// Past "quoted", 'quoted' or bare_word-2; `at` itself where none of them begins there.
std::size_t skip_key(const std::string& s, std::size_t at) {
  std::size_t i = at;
  if (i < s.size() && (s[i] == '"' || s[i] == '\'')) {
    const char quote = s[i++];
    while (i < s.size() && s[i] != quote && s[i] != '\n') i += quote == '"' && s[i] == '\\' ? 2 : 1;
    return std::min(i + 1, s.size());
  }
  while (i < s.size() &&
         (std::isalnum(static_cast<unsigned char>(s[i])) || s[i] == '_' || s[i] == '-')) {
    ++i;
  }
  return i;
}

// Tables within tables without end would exhaust the stack of whoever reads them: a.a.a.a...
void check_depth(const std::string& text, const CaseData& data) {
  constexpr int deepest = 100;
  int depth = 0;
  const auto skip_blanks = [&](std::size_t i) {
    while (i < text.size() && (text[i] == ' ' || text[i] == '\t')) ++i;
    return i;
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = skip_blanks(i), end = skip_key(text, begin), next = skip_blanks(end);
    const bool dotted = end > begin && next < text.size() && text[next] == '.';
    depth = dotted ? depth + 1 : 0;
    if (depth > deepest) {
      throw InputError(data.where(place_at(text, begin)) +
                       ": tables are nested too deep; the tables of a case are not nested at all");
    }
    i = dotted || end == begin ? next + 1 : end;
  }
}

void check_text(const std::string& text, const CaseData& data) {
  const std::size_t bad = find_not_utf8(text);
  if (bad != std::string::npos) {
    throw InputError(fmt::format("{}: byte 0x{:02x} is not UTF-8 text; save the case file as UTF-8",
                                 data.where(place_at(text, bad)),
                                 static_cast<unsigned>(static_cast<unsigned char>(text[bad]))));
  }
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw InputError(data.where({}) +
                     ": the case file is empty; 'otto explain' lists the tables "
                     "a case is made of");
  }
}

}  // namespace

Case parse_case(const std::string& text, const fs::path& file,
                std::span<const std::string> settings) {
  auto data = std::make_shared<CaseData>();
  data->file = file;
  check_text(text, *data);
  check_depth(text, *data);
  data->tables = parse_toml(text, *data);
  for (const std::string& word : settings) apply_setting(*data, word);
  convert_temperatures(*data);
  validate(*data);
  return Case(std::move(data));
}

Case read_case(const Comm& comm, const fs::path& file, std::span<const std::string> settings) {
  std::string text;
  comm.together([&] {
    if (comm.is_root()) text = read_text(file);
  });
  text = comm.broadcast(std::move(text));
  std::optional<Case> c;
  comm.together([&] { c = parse_case(text, file, settings); });
  return *c;
}

}  // namespace otto
