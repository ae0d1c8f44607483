// The table of a sweep, for programs and for readers.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "sweep.h"

namespace otto {

namespace {

using Json = nlohmann::ordered_json;
using Figures = std::vector<std::pair<std::string, std::string>>;

/// The numbers in `json`, by their dotted names.
void collect(const Json& json, const std::string& name, Figures& figures) {
  if (json.is_number()) {
    figures.emplace_back(name, json.dump());
  } else if (json.is_structured()) {
    std::size_t i = 0;
    for (const auto& [key, part] : json.items()) {
      const std::string word = json.is_array() ? std::to_string(++i) : key;
      collect(part, name.empty() ? word : fmt::format("{}.{}", name, word), figures);
    }
  }
}

struct Table {
  std::vector<std::string> names;                          ///< in the order they were met
  std::vector<std::map<std::string, std::string>> values;  ///< of each run

  /// "" where the run has no such figure.
  [[nodiscard]] std::string value(std::size_t run, const std::string& name) const {
    const auto found = values[run].find(name);
    return found == values[run].end() ? "" : found->second;
  }
};

Table tabulate(const std::vector<SweepAxis>& axes, const std::vector<SweepRun>& runs) {
  const auto is_axis = [&](const std::string& name) {
    return std::ranges::find(axes, name, &SweepAxis::key) != axes.end();
  };
  Table table;
  for (const SweepRun& run : runs) {
    Figures figures;
    collect(run.summary, "", figures);
    auto& row = table.values.emplace_back();
    for (auto& [name, value] : figures) {
      if (is_axis(name)) continue;  // its column is there
      if (std::ranges::find(table.names, name) == table.names.end()) table.names.push_back(name);
      row[name] = value;
    }
  }
  return table;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted(1, '"');
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  quoted += '"';
  return quoted;
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    if (&field != &fields.front()) line += ',';
    line += csv_field(field);
  }
  return line + "\n";
}

std::string markdown_line(const std::vector<std::string>& fields) {
  return fmt::format("| {} |\n", fmt::join(fields, " | "));
}

/// What depends on the machine and the moment, or says what the case says already.
bool is_beside_the_point(const std::string& name) {
  for (const char* start : {"seconds.", "memory_mb", "ranks", "mesh.", "time.end", "time.target"}) {
    if (name.starts_with(start)) return true;
  }
  return false;
}

bool varies(const Table& table, const std::string& name) {
  const std::string* first = nullptr;
  for (const auto& row : table.values) {
    const auto found = row.find(name);
    if (found == row.end()) continue;
    if (first && *first != found->second) return true;
    first = &found->second;
  }
  return false;
}

std::string short_number(const std::string& text) {
  return text.empty() ? "" : fmt::format("{:.6g}", std::stod(text));
}

}  // namespace

std::string sweep_csv(const std::vector<SweepAxis>& axes, const std::vector<SweepRun>& runs) {
  const Table table = tabulate(axes, runs);
  std::vector<std::string> fields{"run"};
  for (const SweepAxis& axis : axes) fields.push_back(axis.key);
  fields.emplace_back("status");
  fields.insert(fields.end(), table.names.begin(), table.names.end());
  std::string csv = csv_line(fields);
  for (std::size_t r = 0; r < runs.size(); ++r) {
    fields = {runs[r].name};
    fields.insert(fields.end(), runs[r].values.begin(), runs[r].values.end());
    fields.push_back(runs[r].status);
    for (const auto& name : table.names) fields.push_back(table.value(r, name));
    csv += csv_line(fields);
  }
  return csv;
}

std::string sweep_markdown(const std::string& title, const std::vector<SweepAxis>& axes,
                           const std::vector<SweepRun>& runs) {
  const Table table = tabulate(axes, runs);
  std::vector<std::string> names, fields;
  for (const auto& name : table.names) {
    if (!is_beside_the_point(name) && varies(table, name)) names.push_back(name);
  }
  for (const SweepAxis& axis : axes) fields.push_back(axis.key);
  fields.emplace_back("status");
  fields.insert(fields.end(), names.begin(), names.end());
  std::string text = fmt::format("# {}\n\n", title) + markdown_line(fields);
  text += markdown_line(std::vector<std::string>(fields.size(), "---"));
  for (std::size_t r = 0; r < runs.size(); ++r) {
    fields = runs[r].values;
    fields.push_back(runs[r].status);
    for (const auto& name : names) fields.push_back(short_number(table.value(r, name)));
    text += markdown_line(fields);
  }
  for (const SweepRun& run : runs) {
    if (!run.reason.empty()) text += fmt::format("\n{}: {}\n", run.name, run.reason);
  }
  return text;
}

}  // namespace otto
