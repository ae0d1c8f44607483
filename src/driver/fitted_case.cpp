#include "fitted_case.h"

#include <fmt/format.h>

#include <array>
#include <sstream>
#include <vector>

namespace otto {

namespace {

constexpr std::array kept{"[mesh]", "[[energy]]", "[drift]"};

/// Tables with their headers, as Case::resolved separates them.
std::vector<std::string> tables_of(const std::string& resolved) {
  std::vector<std::string> tables(1);
  std::istringstream lines(resolved);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) {
      tables.emplace_back();
    } else {
      tables.back() += line + "\n";
    }
  }
  return tables;
}

/// Without remarks; the temperature replaced.
std::string rewritten(const std::string& table, double temperature) {
  std::string text;
  std::istringstream lines(table);
  const bool entropy = table.find("kind = \"entropy\"") != std::string::npos;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    if (entropy && line.starts_with("temperature = ")) {
      line = fmt::format("temperature = {}", temperature);
    }
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::string fitted_case(const Case& c, const FittedCase& f) {
  std::string text = "# What 'otto fit' found; 'otto run' of it gives the density of final.h5.\n";
  for (const std::string& table : tables_of(c.resolved())) {
    const std::string header = table.substr(0, table.find('\n'));
    for (const char* name : kept) {
      if (header == name) text.append("\n").append(rewritten(table, f.temperature));
    }
  }
  if (!f.external.empty())
    text += fmt::format("\n[[energy]]\nkind = \"external\"\n{}\n", f.external);
  if (f.interaction) text += "\n[[energy]]\nkind = \"interaction\"\ntable = \"W.h5\"\n";
  text += "\n[initial]\nkind = \"table\"\nfile = \"start.h5\"\n";
  text += fmt::format("\n[flux]\nkind = \"{}\"\n\n[solver]\nrtol = {}\n", f.flux, f.rtol);
  text += fmt::format("\n[time]\nscheme = \"{}\"\nstart = {}\nend = {}\nstep = {}\n", f.scheme,
                      f.times.start, f.times.end, *f.times.step);
  if (f.times.output_every > 0)
    text += fmt::format("\n[output]\nevery = {}\n", f.times.output_every);
  return text;
}

}  // namespace otto
