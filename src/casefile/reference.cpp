// The reference page of the case file, one Markdown table per TOML table.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "otto/casefile/data.h"
#include "otto/casefile/describe.h"

namespace otto {

namespace {

// Inside a Markdown table: bars would end a cell, and stars are emphasis.
std::string cell(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '_' || c == '<') safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

std::string code(const std::string& text) {
  if (text.empty()) return "";
  std::string safe;
  for (const char c : text) {
    if (c == '|') safe += '\\';
    safe += c;
  }
  return "`" + safe + "`";
}

std::string meaning(const Key& key) {
  std::string text = cell(key.doc);
  if (!key.unit.empty()) text += " Unit: " + cell(key.unit) + ".";
  if (!key.when.empty()) text += " With " + code(condition_words(key)) + " only.";
  return text;
}

std::string row(const Key& key) {
  const std::string fallback = !key.fallback.empty() ? code(key.fallback)
                               : key.required        ? "must be given"
                                                     : "";
  return fmt::format("| {} | {} | {} | {} | {} | {} |\n", code(std::string(name_of(key.path))),
                     type_words(key.type), fallback, range_words(key.range), meaning(key),
                     code(key.equation));
}

std::string choices_table(const Key& key) {
  const auto choices = choices_of(key.path);
  if (choices.empty()) return "";
  std::string text = fmt::format(
      "\nChoices of {}:\n\n| value | meaning | equation |\n"
      "| --- | --- | --- |\n",
      code(key.path));
  for (const Choice& c : choices) {
    text += fmt::format("| {} | {} | {} |\n", code(c.value), cell(c.doc), code(c.equation));
  }
  return text;
}

std::string keys_table(const std::string& table) {
  const auto keys = keys_of_table(table);
  if (keys.empty()) return "";
  std::string text =
      "\n| key | type | default | range | meaning | equation |\n"
      "| --- | --- | --- | --- | --- | --- |\n";
  for (const Key& key : keys) text += row(key);
  for (const Key& key : keys) text += choices_table(key);
  return text;
}

}  // namespace

std::string reference_page() {
  std::string text =
      "# The case file\n\n"
      "Written by `scripts/make-reference` from the declarations in the code; do not edit.\n"
      "`otto explain KEY` says the same on the screen, `otto schema` as a JSON Schema (`--draft 4` "
      "for editors that read no later draft).\n\n"
      "File names are relative to the case file's folder. Unknown words, wrong types and values\n"
      "out of range are errors. `--set table.key=value` overrides any key; entries of an array of\n"
      "tables are counted from 1, as in `--set energy[1].temperature=2`.\n\n"
      "## Above the first table\n";
  text += keys_table("");
  for (const Table& t : declared_tables()) {
    text += fmt::format("\n## {}\n\n{}{}\n", code(header_of(t)), t.doc,
                        !t.required        ? ""
                        : t.unless.empty() ? " Every case has it."
                                           : fmt::format(" Every case has it but those with {}.",
                                                         fmt::join(t.unless, " or ")));
    text += keys_table(t.path);
  }
  return text;
}

}  // namespace otto
