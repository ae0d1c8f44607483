#pragma once
// What a case file holds, before and after validation: values with the place they were written.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "otto/casefile/key.h"

namespace otto {

/// Where something was written: a line and column of the case file, or a `--set` word.
struct Place {
  int line = 1;
  int column = 1;
  std::string setting = {};  ///< "--set time.step=0.1"; empty for the case file
};

/// A value as written. A validated one fits its key's type; integers may stand for reals.
struct Value {
  struct Foreign {
    std::string what;  ///< a TOML value no key takes: "a date", "a table"
  };
  using Array = std::vector<Value>;
  std::variant<Foreign, bool, std::int64_t, double, std::string, Array> content;
  Place place;
};

struct Entry {
  std::string key;
  Value value;
  Place place;
};

/// One table, or one entry of an array of tables.
struct TableData {
  std::string path = {};  ///< "" is the root
  bool repeated = false;  ///< written as [[path]]
  Place place = {};
  std::vector<Entry> entries = {};

  [[nodiscard]] const Entry* find(std::string_view key) const;
};

struct CaseData {
  std::filesystem::path file;
  std::vector<TableData> tables;  ///< in file order, the root first

  /// The `index`-th table of that path (any negative index means the first); null if absent.
  [[nodiscard]] const TableData* find(std::string_view path, int index) const;
  [[nodiscard]] int count(std::string_view path) const;
  /// "FILE:LINE:COL", or the `--set` word.
  [[nodiscard]] std::string where(const Place& place) const;
};

/// Reads TOML into tables. Throws InputError with file:line:column where the text is not TOML.
std::vector<TableData> parse_toml(const std::string& text, const CaseData& data);
/// One TOML value; nothing where the text is not one.
std::optional<Value> parse_toml_value(const std::string& text);
/// The value as TOML text that reads back to the same value.
std::string format_value(const Value& value);

/// Applies one "table.key=value" word. Throws InputError where the word has not that form.
void apply_setting(CaseData& data, const std::string& word);

/// Replaces energy.temperature = "300 K" by kT in units of [units] energy. Throws InputError at what
/// it cannot convert.
void convert_temperatures(CaseData& data);

/// Throws InputError at the first name, value or combination that is not as declared.
void validate(const CaseData& data);

/// Whether `key.when` holds in this table (the sibling's value, or its default).
bool applies(const Key& key, const TableData& table);
/// The parsed default of a key; null where it has none. Throws InternalError on a broken default.
const Value* fallback_of(const Key& key);

/// "time" and "step" of "time.step"; "" and "title" of "title".
std::string_view table_of(std::string_view path);
std::string_view name_of(std::string_view path);

}  // namespace otto
