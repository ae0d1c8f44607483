// TOML text to tables of values with places. The only file that sees toml++.

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "otto/casefile/data.h"
#include "otto/casefile/versions.h"
#include "otto/core/error.h"

namespace otto {

namespace {

Place place_of(const toml::source_region& region) {
  // What a table header creates implicitly has no place of its own.
  return {.line = std::max(1, static_cast<int>(region.begin.line)),
          .column = std::max(1, static_cast<int>(region.begin.column))};
}

Value value_of(const toml::node& node) {
  Value value{.content = Value::Foreign{"a date or time"}, .place = place_of(node.source())};
  if (const auto* b = node.as_boolean()) value.content = b->get();
  if (const auto* i = node.as_integer()) value.content = i->get();
  if (const auto* f = node.as_floating_point()) value.content = f->get();
  if (const auto* s = node.as_string()) value.content = s->get();
  if (node.is_table()) value.content = Value::Foreign{"a table"};
  if (const auto* a = node.as_array()) {
    Value::Array entries;
    for (const toml::node& entry : *a) entries.push_back(value_of(entry));
    value.content = std::move(entries);
  }
  return value;
}

bool before(const Place& a, const Place& b) {
  return a.line != b.line ? a.line < b.line : a.column < b.column;
}

void collect(const toml::table& table, const std::string& path, bool repeated, const Place& place,
             std::vector<TableData>& out);

// A nested table, or an array of tables. False: an ordinary value.
bool collect_nested(const toml::key& key, const toml::node& node, const std::string& path,
                    std::vector<TableData>& out) {
  if (const auto* sub = node.as_table()) {
    collect(*sub, path, false, place_of(key.source()), out);
    return true;
  }
  const auto* array = node.as_array();
  if (!array || array->empty() || !array->is_homogeneous<toml::table>()) return false;
  for (const toml::node& entry : *array) {
    collect(*entry.as_table(), path, true, place_of(entry.source()), out);
  }
  return true;
}

void collect(const toml::table& table, const std::string& path, bool repeated, const Place& place,
             std::vector<TableData>& out) {
  TableData data{.path = path, .repeated = repeated, .place = place, .entries = {}};
  std::vector<TableData> nested;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (!collect_nested(key, node, path.empty() ? name : path + "." + name, nested)) {
      data.entries.push_back({name, value_of(node), place_of(key.source())});
    }
  }
  std::stable_sort(data.entries.begin(), data.entries.end(),
                   [](const Entry& a, const Entry& b) { return before(a.place, b.place); });
  out.push_back(std::move(data));
  out.insert(out.end(), std::make_move_iterator(nested.begin()),
             std::make_move_iterator(nested.end()));
}

std::string line_of(const std::string& text, int line) {
  std::istringstream lines(text);
  std::string found;
  for (int i = 0; i < line && std::getline(lines, found); ++i) {
  }
  const auto from = found.find_first_not_of(" \t");
  if (from == std::string::npos) return "";
  found = found.substr(from, found.find_last_not_of(" \t\r") + 1 - from);
  return found.size() > 80 ? found.substr(0, 80) + "..." : found;
}

// The two most frequent errors: text without quotes, and a bare name in place of 'key = value'.
std::string hint_for(const std::string& line, std::string_view what) {
  if (what.find("redefine") != std::string_view::npos) {
    return line.starts_with('[') ? "it is written twice; join the two tables, or write [[name]] "
                                   "for each entry of an array of tables"
                                 : "it is written twice; keep one of them";
  }
  const auto equals = line.find('=');
  if (equals == std::string::npos) {
    return line.starts_with('[') ? "a table is written [name]"
                                 : "every line is [table], key = value or a # comment";
  }
  const auto from = line.find_first_not_of(" \t", equals + 1);
  if (from == std::string::npos) return "a value is missing after '='";
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  if (is_letter(static_cast<unsigned char>(line[from]))) {
    return "text is written in quotes, true and false without and in small letters";
  }
  return "text is written in quotes, numbers as 0.5, -3 or 1e-6, arrays as [1, 2]";
}

[[noreturn]] void fail_syntax(const toml::parse_error& error, const std::string& text,
                              const CaseData& data) {
  std::string what(error.description());
  if (what.starts_with("Error while parsing ")) {
    const auto colon = what.find(": ");
    if (colon != std::string::npos) what = what.substr(colon + 2);
  }
  const Place place = place_of(error.source());
  const std::string line = line_of(text, place.line);
  throw InputError(fmt::format("{}: not valid TOML: {}; {}{}", data.where(place), what,
                               hint_for(line, what),
                               line.empty() ? "" : "\n  the line reads: " + line));
}

}  // namespace

std::vector<TableData> parse_toml(const std::string& text, const CaseData& data) {
  std::vector<TableData> tables;
  try {
    collect(toml::parse(text), "", false, {}, tables);
  } catch (const toml::parse_error& error) {
    fail_syntax(error, text, data);
  }
  std::stable_sort(tables.begin() + 1, tables.end(),
                   [](const TableData& a, const TableData& b) { return before(a.place, b.place); });
  return tables;
}

std::optional<Value> parse_toml_value(const std::string& text) {
  try {
    const toml::table table = toml::parse("value = " + text);
    if (table.size() != 1) return std::nullopt;
    return value_of(table.begin()->second);
  } catch (const toml::parse_error&) {
    return std::nullopt;
  }
}

std::string toml_version() {
  return fmt::format("{}.{}.{}", TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH);
}

}  // namespace otto
