// `otto explain`: the declarations as text.

#include <fmt/format.h>

#include <algorithm>

#include "otto/casefile/data.h"
#include "otto/casefile/describe.h"
#include "otto/casefile/suggest.h"
#include "otto/core/error.h"

namespace otto {

namespace {

std::string line(const char* name, const std::string& content) {
  return content.empty() ? "" : fmt::format("  {:<9} {}\n", name, content);
}

std::string tell_choices(const std::string& path) {
  const auto choices = choices_of(path);
  if (choices.empty()) return "";
  std::size_t width = 0;
  for (const Choice& c : choices) width = std::max(width, c.value.size());
  std::string text = "  choices\n";
  for (const Choice& c : choices) {
    text += fmt::format("    {:<{}}  {}\n", c.value, width, c.doc);
    if (!c.equation.empty()) text += fmt::format("    {:<{}}  {}\n", "", width, c.equation);
  }
  return text;
}

std::string tell(const Key& key) {
  return fmt::format("{}\n  {}\n", key.path, key.doc) + line("type", type_words(key.type)) +
         line("default", key.fallback) + line("needed", key.required ? "always given" : "") +
         line("range", range_words(key.range)) + line("unit", key.unit) +
         line("equation", key.equation) + line("beside", condition_words(key)) +
         tell_choices(key.path);
}

std::string tell(const Table& table) {
  std::string text = fmt::format("{}\n  {}\n", header_of(table), table.doc);
  for (const Key& key : keys_of_table(table.path)) {
    text += fmt::format("  {:<18} {}{}\n", name_of(key.path), key.doc,
                        key.fallback.empty() ? "" : fmt::format(" Default {}.", key.fallback));
  }
  if (table.open) return text;
  return text + fmt::format("'otto explain {}.KEY' tells more about one key.\n", table.path);
}

std::string tell(const Choice& choice) {
  return fmt::format("{} = \"{}\"\n  {}\n", choice.path, choice.value, choice.doc) +
         line("equation", choice.equation);
}

std::string tell_tables() {
  std::string text = "A case file is made of these tables:\n";
  for (const Table& t : declared_tables())
    text += fmt::format("  {:<14} {}\n", header_of(t), t.doc);
  for (const Key& key : keys_of_table("")) {
    text += fmt::format("and, above the first of them, '{}': {}\n", key.path, key.doc);
  }
  return text + "'otto explain WORD' tells about a table, a key or a choice.\n";
}

[[noreturn]] void fail_unknown(const std::string& word) {
  std::vector<std::string> paths, names;
  for (const Table& t : declared_tables()) paths.push_back(t.path);
  for (const Key& k : declared_keys()) {
    paths.push_back(k.path);
    names.emplace_back(name_of(k.path));
  }
  for (const Choice& c : declared_choices()) names.push_back(c.value);
  if (word.find('.') == std::string::npos) paths.insert(paths.end(), names.begin(), names.end());
  throw InputError(
      fmt::format("nothing is called '{}'{} 'otto explain' alone lists "
                  "the tables.",
                  word, did_you_mean(word, paths)));
}

}  // namespace

std::string explain(const std::string& word) {
  if (word.empty()) return tell_tables();
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "\n") + part; };
  if (const Table* table = find_table(word)) add(tell(*table));
  if (const Key* key = find_key(word)) add(tell(*key));
  const bool bare = word.find('.') == std::string::npos;
  for (const Key& key : declared_keys()) {
    if (bare && key.path != word && name_of(key.path) == word) add(tell(key));
  }
  for (const Choice& choice : declared_choices()) {
    if (choice.value == word || choice.path + "." + choice.value == word) add(tell(choice));
  }
  if (text.empty()) fail_unknown(word);
  return text;
}

}  // namespace otto
