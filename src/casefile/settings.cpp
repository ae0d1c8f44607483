// `--set table.key=value` words, applied to a case before it is validated.
//
// Entries of an array of tables are addressed energy[1].temperature, counted from 1; the number may
// be left out where only one entry can be meant.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "otto/casefile/data.h"
#include "otto/core/error.h"

namespace otto {

namespace {

struct Address {
  std::string table, key;
  int entry = 0;  // from 1; 0: not said
};

[[noreturn]] void fail(const Place& place, const std::string& message) {
  throw InputError(place.setting + ": " + message);
}

Address parse_address(const std::string& path, const Place& place) {
  Address a;
  a.key = std::string(name_of(path));
  a.table = std::string(table_of(path));
  if (a.table.ends_with(']')) {
    const auto open = a.table.find('[');
    const char* last = a.table.data() + a.table.size() - 1;
    int entry = 0;
    const auto read =
        std::from_chars(a.table.data() + std::min(open, a.table.size() - 1) + 1, last, entry);
    if (read.ec != std::errc{} || read.ptr != last || entry < 1) {
      fail(place, fmt::format("'{}' does not name an entry; entries count from 1, as in "
                              "energy[1].temperature=2",
                              a.table));
    }
    a.entry = entry;
    a.table.resize(open);
  }
  const auto bad = [](const std::string& word) {
    return word.empty() || word.find_first_of(" \t[]'\"") != std::string::npos;
  };
  if (bad(a.key) || (path.find('.') != std::string::npos && bad(a.table))) {
    fail(place, fmt::format("'{}' is not of the form table.key, as in time.step=0.01", path));
  }
  return a;
}

// Text keys take bare words and whatever else was written: the shell has removed the quotes.
Value parse_value(const Address& a, const std::string& text, const Place& place) {
  const Key* key = find_key(a.table.empty() ? a.key : a.table + "." + a.key);
  const Value bare{.content = text, .place = place};
  auto value = parse_toml_value(text);
  if (!value) {
    if (!key || key->type == Type::text || key->type == Type::real_or_text) return bare;
    fail(place, fmt::format("'{}' is not a value: numbers are written 0.5, -3 or 1e-6, flags true "
                            "or false, arrays [1, 2]",
                            text));
  }
  if (key && key->type == Type::text && !std::holds_alternative<std::string>(value->content)) {
    return bare;
  }
  return {.content = value->content, .place = place};
}

// The entry of an array of tables that is meant when no number is said.
TableData& only_entry(std::vector<TableData*>& entries, const Address& a, const Place& place) {
  if (entries.size() == 1) return *entries[0];
  const Key* key = find_key(a.table + "." + a.key);
  if (!key) return *entries[0];  // validation says that it is unknown, and what is near
  std::vector<TableData*> fit;
  for (TableData* t : entries) {
    if (t->find(a.key) || (key && !key->when.empty() && applies(*key, *t))) fit.push_back(t);
  }
  if (fit.size() == 1) return *fit[0];
  fail(place, fmt::format("the case has {} [[{}]] tables; say which one is meant, as in {}[1].{}",
                          entries.size(), a.table, a.table, a.key));
}

TableData& find_or_create(CaseData& data, const Address& a, const Place& place) {
  const Table* declared = find_table(a.table);
  const bool repeated = declared && declared->repeated;
  std::vector<TableData*> entries;
  for (TableData& t : data.tables) {
    if (t.path == a.table) entries.push_back(&t);
  }
  if (a.entry > 0 && declared && !repeated) {
    fail(place, fmt::format("[{}] is a single table; write {}.{}", a.table, a.table, a.key));
  }
  const int count = static_cast<int>(entries.size());
  if (a.entry > count + 1) {
    fail(place, fmt::format("the case has {} [[{}]] tables, so {}[{}] does not exist", count,
                            a.table, a.table, a.entry));
  }
  if (a.entry > 0 && a.entry <= count) return *entries[static_cast<std::size_t>(a.entry - 1)];
  if (a.entry == 0 && count > 0) return only_entry(entries, a, place);
  data.tables.push_back({.path = a.table, .repeated = repeated, .place = place, .entries = {}});
  return data.tables.back();
}

}  // namespace

void apply_setting(CaseData& data, const std::string& word) {
  const Place place{.setting = "--set " + word};
  const auto equals = word.find('=');
  if (equals == std::string::npos) {
    fail(place, "a setting is written table.key=value, as in time.step=0.01");
  }
  const auto trimmed = [](std::string s) {
    const auto from = s.find_first_not_of(" \t");
    return from == std::string::npos ? "" : s.substr(from, s.find_last_not_of(" \t") + 1 - from);
  };
  const std::string path = trimmed(word.substr(0, equals));
  const std::string text = trimmed(word.substr(equals + 1));
  const Address address = parse_address(path, place);
  if (text.empty()) fail(place, fmt::format("a value is missing; write {}=VALUE", path));
  const Value value = parse_value(address, text, place);
  TableData& table = find_or_create(data, address, place);
  const auto same = [&](const Entry& e) { return e.key == address.key; };
  const auto known = std::find_if(table.entries.begin(), table.entries.end(), same);
  if (known != table.entries.end()) {
    *known = {address.key, value, place};
  } else {
    table.entries.push_back({address.key, value, place});
  }
}

}  // namespace otto
