#include "otto/casefile/describe.h"

#include <fmt/format.h>

#include <cmath>

#include "otto/casefile/data.h"
#include "otto/core/error.h"

namespace otto {

std::string type_words(Type type) {
  switch (type) {
    case Type::real:
      return "a number";
    case Type::integer:
      return "a whole number";
    case Type::flag:
      return "true or false";
    case Type::text:
      return "text in quotes";
    case Type::reals:
      return "an array of numbers";
    case Type::integers:
      return "an array of whole numbers";
    case Type::flags:
      return "an array of true and false";
    case Type::texts:
      return "an array of texts in quotes";
    case Type::real_or_reals:
      return "a number or an array of numbers";
    case Type::real_or_text:
      return "a number or text in quotes";
    case Type::matrix:
      return "an array of rows of numbers or expressions";
  }
  throw InternalError("a case key of no known type");
}

bool takes_array(Type t) {
  return t == Type::reals || t == Type::integers || t == Type::flags || t == Type::texts ||
         t == Type::real_or_reals || t == Type::matrix;
}

bool takes_single(Type t) { return !takes_array(t) || t == Type::real_or_reals; }

std::string range_words(const Range& r) {
  const bool from_below = !std::isinf(r.min), from_above = !std::isinf(r.max);
  const std::string min = fmt::format("{} {}", r.above ? "greater than" : "at least", r.min);
  const std::string max = fmt::format("{} {}", r.below ? "less than" : "at most", r.max);
  if (from_below && from_above) return min + " and " + max;
  return from_below ? min : from_above ? max : "";
}

std::string example_of(const Key& key) {
  if (!key.fallback.empty()) return key.fallback;
  const auto choices = choices_of(key.path);
  const std::string text = fmt::format("\"{}\"", choices.empty() ? "..." : choices.front().value);
  switch (key.type) {
    case Type::real:
      return "0.5";
    case Type::integer:
      return "10";
    case Type::flag:
      return "true";
    case Type::text:
      return text;
    case Type::reals:
      return "[0.5, 1.0]";
    case Type::integers:
      return "[64, 64]";
    case Type::flags:
      return "[true, false]";
    case Type::texts:
      return fmt::format("[{}]", text);
    case Type::real_or_reals:
    case Type::real_or_text:
      return "0.5";
    case Type::matrix:
      return "[[2.0, 0.0], [0.0, \"1 + x^2\"]]";
  }
  throw InternalError("a case key of no known type");
}

Condition condition_of(const Key& key) {
  const auto equals = key.when.find('=');
  Condition c{key.when.substr(0, equals), {""}};
  for (const char letter : key.when.substr(equals + 1)) {
    if (letter == '|') {
      c.values.emplace_back();
    } else {
      c.values.back() += letter;
    }
  }
  return c;
}

std::string condition_words(const Key& key) {
  if (key.when.empty()) return "";
  Condition c = condition_of(key);
  for (std::string& v : c.values) v = fmt::format("\"{}\"", v);
  return fmt::format("{} = {}", c.sibling, fmt::join(c.values, " or "));
}

std::string header_of(const Table& table) {
  return table.repeated ? "[[" + table.path + "]]" : "[" + table.path + "]";
}

std::vector<Key> keys_of_table(const std::string& table) {
  std::vector<Key> keys;
  for (const Key& key : declared_keys()) {
    if (table_of(key.path) == table) keys.push_back(key);
  }
  return keys;
}

}  // namespace otto
