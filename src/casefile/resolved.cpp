// The whole case as TOML: what was given, and every default with a mark.

#include <fmt/format.h>

#include "otto/casefile/case.h"
#include "otto/casefile/data.h"
#include "otto/casefile/describe.h"

namespace otto {

namespace {

// A table the user left out can be written with its defaults unless some key must be given.
bool can_be_defaulted(const Table& table) {
  if (table.repeated || table.open) return false;
  bool has_default = false;
  for (const Key& key : keys_of_table(table.path)) {
    if (key.required && key.when.empty()) return false;
    has_default = has_default || !key.fallback.empty();
  }
  return has_default;
}

bool is_bare(const std::string& key) {
  return !key.empty() && key.find_first_not_of(
                             "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == std::string::npos;
}

std::string quoted_if_needed(const std::string& key) {
  return is_bare(key) ? key : format_value({.content = key, .place = {}});
}

struct Unused {
  std::string path, by, value;
};

std::vector<Unused>& unused_keys() {
  static std::vector<Unused> all;
  return all;
}

/// "time.scheme = "jko"" where that makes no use of the key; else "".
std::string unused_because(const CaseData& data, const Key& key) {
  for (const Unused& u : unused_keys()) {
    const TableData* table = u.path == key.path ? data.find(table_of(u.by), -1) : nullptr;
    const Entry* entry = table ? table->find(name_of(u.by)) : nullptr;
    if (!entry) continue;
    const std::string* word = std::get_if<std::string>(&entry->value.content);
    if (word && *word == u.value) return fmt::format("{} = \"{}\"", u.by, u.value);
  }
  return "";
}

/// A value with its file names made absolute: one, or an array of them.
Value with_absolute_files(const CaseData& data, const Value& value) {
  Value absolute = value;
  if (const auto* word = std::get_if<std::string>(&value.content)) {
    if (std::filesystem::path(*word).is_relative()) {
      absolute.content =
          std::filesystem::absolute(data.file.parent_path() / *word).lexically_normal().string();
    }
  } else if (const auto* words = std::get_if<Value::Array>(&value.content)) {
    Value::Array all;
    for (const Value& each : *words) all.push_back(with_absolute_files(data, each));
    absolute.content = std::move(all);
  }
  return absolute;
}

std::string keys_of(const CaseData& data, const TableData& table) {
  std::string text;
  for (const Key& key : keys_of_table(table.path)) {
    const auto name = name_of(key.path);
    if (const Entry* entry = table.find(name)) {
      text += fmt::format(
          "{} = {}\n", name,
          format_value(key.file ? with_absolute_files(data, entry->value) : entry->value));
    } else if (const auto reason = unused_because(data, key); !reason.empty()) {
      text += fmt::format("# {} is not used with {}\n", name, reason);
    } else if (applies(key, table)) {
      const Value* fallback = fallback_of(key);
      text += fallback ? fmt::format("{} = {}  # default\n", name, format_value(*fallback))
                       : fmt::format("# {} is not set\n", name);
    }
  }
  return text;
}

std::string entries_of(const TableData& table) {
  std::string text;
  for (const Entry& e : table.entries) {
    text += fmt::format("{} = {}\n", quoted_if_needed(e.key), format_value(e.value));
  }
  return text;
}

void settle(const TableData& table, const std::string& prefix,
            std::vector<Case::Settled>& settled) {
  const Table* declared = find_table(table.path);
  if (declared && declared->open) {
    for (const Entry& e : table.entries) {
      settled.push_back({prefix + e.key, format_value(e.value), true, false});
    }
    return;
  }
  for (const Key& key : keys_of_table(table.path)) {
    const auto name = name_of(key.path);
    const Entry* entry = table.find(name);
    const Value* fallback = !entry && applies(key, table) ? fallback_of(key) : nullptr;
    if (!entry && !fallback) continue;
    settled.push_back({prefix + std::string(name), format_value(entry ? entry->value : *fallback),
                       entry != nullptr, key.file});
  }
}

}  // namespace

void declare_unused(const std::string& path, const std::string& by, const std::string& value) {
  unused_keys().push_back({path, by, value});
}

std::vector<Case::Settled> Case::settled() const {
  std::vector<Settled> settled;
  if (const TableData* root = data_->find("", -1)) settle(*root, "", settled);
  for (const Table& table : declared_tables()) {
    const int count = data_->count(table.path);
    for (int i = 0; i < count; ++i) {
      const std::string entry = table.repeated ? fmt::format("[{}]", i + 1) : "";
      settle(*data_->find(table.path, i), table.path + entry + ".", settled);
    }
    if (count == 0 && can_be_defaulted(table)) {
      settle(TableData{.path = table.path}, table.path + ".", settled);
    }
  }
  return settled;
}

std::string Case::resolved() const {
  const TableData none;
  const TableData* root = data_->find("", -1);
  std::string text = "# Every key of this case; those marked 'default' were not given.\n";
  text += keys_of(*data_, root ? *root : none);
  for (const Table& table : declared_tables()) {
    const int count = data_->count(table.path);
    for (int i = 0; i < count; ++i) {
      const TableData& written = *data_->find(table.path, i);
      text += fmt::format("\n{}\n{}", header_of(table),
                          table.open ? entries_of(written) : keys_of(*data_, written));
    }
    if (count > 0) continue;
    const TableData absent{.path = table.path};
    text += can_be_defaulted(table)
                ? fmt::format("\n{}\n{}", header_of(table), keys_of(*data_, absent))
                : fmt::format("\n# [{}] is not given\n", table.path);
  }
  return text;
}

}  // namespace otto
