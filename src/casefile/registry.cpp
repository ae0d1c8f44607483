// The registry of declared tables, keys and choices. Declarations arrive while static objects are
// built, in no particular order, so everything lives in a function-local static and is sorted when
// first asked for.

#include <algorithm>
#include <array>
#include <map>

#include "otto/casefile/data.h"
#include "otto/casefile/key.h"
#include "otto/core/error.h"

namespace otto {

namespace {

struct Registry {
  std::vector<Table> tables;
  std::vector<Key> keys;
  std::vector<Choice> choices;
  bool sorted = true;
};

Registry& registry() {
  static Registry r;
  return r;
}

// The order in which a reader wants to meet the tables; others follow in the order of declaration.
constexpr std::array reading_order{"mesh",    "energy",   "drift",      "boundary", "initial",
                                   "time",    "flux",     "solver",     "output",   "run",
                                   "exact",   "accuracy", "checkpoint", "analysis", "data",
                                   "network", "train",    "particles",  "fit",      "petsc"};

std::size_t reading_rank(const std::string& path) {
  const auto* found = std::find(reading_order.begin(), reading_order.end(), path);
  return static_cast<std::size_t>(found - reading_order.begin());
}

// Several kinds and library entries may each declare the same key for themselves: the conditions join,
// and so do texts that differ.
// Anything else declared twice is a defect.
void merge(Key& known, const Key& again) {
  const auto sibling = [](const Key& k) { return k.when.substr(0, k.when.find('=')); };
  if (known.type != again.type || known.when.empty() || again.when.empty() ||
      sibling(known) != sibling(again)) {
    throw InternalError("the case key '" + known.path + "' is declared twice");
  }
  if (known.when != again.when) {
    known.when += '|';
    known.when += again.when.substr(again.when.find('=') + 1);
  }
  if (known.doc.find(again.doc) == std::string::npos) known.doc += " " + again.doc;
}

Registry& sorted_registry() {
  Registry& r = registry();
  if (r.sorted) return r;
  const auto by_path = [](const auto& a, const auto& b) { return a.path < b.path; };
  std::stable_sort(r.tables.begin(), r.tables.end(), [](const Table& a, const Table& b) {
    return reading_rank(a.path) < reading_rank(b.path);
  });
  std::stable_sort(r.keys.begin(), r.keys.end(), by_path);
  std::vector<Key> keys;
  for (Key& k : r.keys) {
    if (!keys.empty() && keys.back().path == k.path) {
      merge(keys.back(), k);
    } else {
      keys.push_back(std::move(k));
    }
  }
  r.keys = std::move(keys);
  std::stable_sort(r.choices.begin(), r.choices.end(), by_path);
  r.sorted = true;
  return r;
}

template <class Items>
const typename Items::value_type* find_path(const Items& items, std::string_view path) {
  for (const auto& item : items) {
    if (item.path == path) return &item;
  }
  return nullptr;
}

}  // namespace

Declare::Declare(std::initializer_list<Table> tables, std::initializer_list<Key> keys,
                 std::initializer_list<Choice> choices) {
  Registry& r = registry();
  r.tables.insert(r.tables.end(), tables);
  r.keys.insert(r.keys.end(), keys);
  r.choices.insert(r.choices.end(), choices);
  r.sorted = false;
}

const std::vector<Table>& declared_tables() { return sorted_registry().tables; }
const std::vector<Key>& declared_keys() { return sorted_registry().keys; }
const std::vector<Choice>& declared_choices() { return sorted_registry().choices; }
const Key* find_key(std::string_view path) { return find_path(declared_keys(), path); }
const Table* find_table(std::string_view path) { return find_path(declared_tables(), path); }

std::vector<Choice> choices_of(std::string_view path) {
  std::vector<Choice> found;
  for (const Choice& c : declared_choices()) {
    if (c.path == path) found.push_back(c);
  }
  return found;
}

std::string_view table_of(std::string_view path) {
  const auto dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

std::string_view name_of(std::string_view path) {
  const auto dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

const Value* fallback_of(const Key& key) {
  static std::map<std::string, Value> parsed;
  if (key.fallback.empty()) return nullptr;
  const auto known = parsed.find(key.path);
  if (known != parsed.end()) return &known->second;
  const auto value = parse_toml_value(key.fallback);
  if (!value) throw InternalError("the default of the case key '" + key.path + "' is not TOML");
  return &parsed.emplace(key.path, *value).first->second;
}

// Keys that belong to no room in particular.
static const Declare common{
    {{.path = "petsc",
      .doc = "Options handed to PETSc as they are, without the leading dash; each must be used.",
      .open = true}},
    {{.path = "title",
      .type = Type::text,
      .doc = "What this case is about; repeated in its outputs.",
      .fallback = "\"\""}}};

}  // namespace otto
