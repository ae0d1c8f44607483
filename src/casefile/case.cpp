// Case and Section: what the rooms read.

#include "otto/casefile/case.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "otto/casefile/data.h"
#include "otto/core/error.h"

namespace otto {

namespace {

std::string join_path(const std::string& table, std::string_view key) {
  return table.empty() ? std::string(key) : fmt::format("{}.{}", table, key);
}

double number_of(const Value& v) {
  const auto* i = std::get_if<std::int64_t>(&v.content);
  return i ? static_cast<double>(*i) : std::get<double>(v.content);
}

// The entries of an array; a lone value is an array of one (Type::real_or_reals).
template <class T, class Convert>
std::vector<T> convert_all(const Value& v, Convert convert) {
  const auto* array = std::get_if<Value::Array>(&v.content);
  if (!array) return {convert(v)};
  std::vector<T> all;
  for (const Value& entry : *array) all.push_back(convert(entry));
  return all;
}

template <class T>
T exactly(const Value& v) {
  return std::get<T>(v.content);
}

const Key& declared(const std::string& path) {
  const Key* key = find_key(path);
  if (!key) throw InternalError("the case key '" + path + "' is read but not declared");
  return *key;
}

bool is_one_of(Type type, std::initializer_list<Type> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

// The value of a key that must be of one of these types, or its default.
const Value& value_of(const Section& section, const TableData* table, const std::string& path,
                      std::initializer_list<Type> types) {
  const Key& key = declared(path);
  if (!is_one_of(key.type, types)) {
    throw InternalError("the case key '" + path + "' is read as what it is not");
  }
  const Entry* entry = table ? table->find(name_of(path)) : nullptr;
  if (entry) return entry->value;
  if (const Value* fallback = fallback_of(key)) return *fallback;
  const auto owner = table_of(path);
  if (!section.present() && !owner.empty()) {
    throw InputError(
        fmt::format("{}: the case has no [{}] table, which this command needs ('otto explain {}')",
                    section.where(""), owner, owner));
  }
  throw InputError(fmt::format("{}: {} needs the key '{}' ('otto explain {}')", section.where(""),
                               owner.empty() ? "the case" : fmt::format("[{}]", owner),
                               name_of(path), path));
}

}  // namespace

const Entry* TableData::find(std::string_view key) const {
  for (const Entry& e : entries) {
    if (e.key == key) return &e;
  }
  return nullptr;
}

const TableData* CaseData::find(std::string_view path, int index) const {
  for (const TableData& t : tables) {
    if (t.path == path && index-- <= 0) return &t;
  }
  return nullptr;
}

int CaseData::count(std::string_view path) const {
  return static_cast<int>(std::count_if(tables.begin(), tables.end(),
                                        [&](const TableData& t) { return t.path == path; }));
}

std::string CaseData::where(const Place& place) const {
  if (!place.setting.empty()) return place.setting;
  return fmt::format("{}:{}:{}", file.string(), place.line, place.column);
}

Section::Section(std::shared_ptr<const CaseData> data, std::string path, int index)
    : data_(std::move(data)), path_(std::move(path)), index_(index) {}

bool Section::present() const { return data_->find(path_, index_) != nullptr; }

bool Section::given(std::string_view key) const {
  declared(join_path(path_, key));
  const TableData* table = data_->find(path_, index_);
  return table && table->find(key);
}

bool Section::has(std::string_view key) const {
  if (given(key)) return true;
  const std::string path = join_path(path_, key);
  const Key& known = declared(path);
  const TableData* table = data_->find(path_, index_);
  return !known.fallback.empty() && applies(known, table ? *table : TableData{.path = path_});
}

double Section::real(std::string_view key) const {
  return number_of(value_of(*this, data_->find(path_, index_), join_path(path_, key),
                            {Type::real, Type::real_or_text}));
}

bool Section::holds_text(std::string_view key) const {
  const Value& value =
      value_of(*this, data_->find(path_, index_), join_path(path_, key), {Type::real_or_text});
  return std::holds_alternative<std::string>(value.content);
}

std::int64_t Section::integer(std::string_view key) const {
  return exactly<std::int64_t>(
      value_of(*this, data_->find(path_, index_), join_path(path_, key), {Type::integer}));
}

bool Section::flag(std::string_view key) const {
  return exactly<bool>(
      value_of(*this, data_->find(path_, index_), join_path(path_, key), {Type::flag}));
}

std::string Section::text(std::string_view key) const {
  return exactly<std::string>(value_of(*this, data_->find(path_, index_), join_path(path_, key),
                                       {Type::text, Type::real_or_text}));
}

std::vector<double> Section::reals(std::string_view key) const {
  return convert_all<double>(value_of(*this, data_->find(path_, index_), join_path(path_, key),
                                      {Type::reals, Type::real_or_reals}),
                             number_of);
}

std::vector<std::int64_t> Section::integers(std::string_view key) const {
  return convert_all<std::int64_t>(
      value_of(*this, data_->find(path_, index_), join_path(path_, key), {Type::integers}),
      exactly<std::int64_t>);
}

std::vector<bool> Section::flags(std::string_view key) const {
  return convert_all<bool>(
      value_of(*this, data_->find(path_, index_), join_path(path_, key), {Type::flags}),
      exactly<bool>);
}

std::vector<std::string> Section::texts(std::string_view key) const {
  return convert_all<std::string>(
      value_of(*this, data_->find(path_, index_), join_path(path_, key), {Type::texts}),
      exactly<std::string>);
}

std::vector<std::vector<std::string>> Section::matrix(std::string_view key) const {
  const auto as_text = [](const Value& v) {
    const auto* text = std::get_if<std::string>(&v.content);
    return text ? *text : fmt::format("{:.17g}", number_of(v));
  };
  return convert_all<std::vector<std::string>>(
      value_of(*this, data_->find(path_, index_), join_path(path_, key), {Type::matrix}),
      [&](const Value& row) { return convert_all<std::string>(row, as_text); });
}

std::filesystem::path Section::file(std::string_view key) const {
  const std::filesystem::path file = data_->file.parent_path() / text(key);
  std::error_code unreadable;  // a folder one may not enter counts as absent
  if (!std::filesystem::exists(file, unreadable)) {
    fail(key, fmt::format("there is no such file: '{}'", file.string()));
  }
  if (!std::filesystem::is_regular_file(file, unreadable)) {
    const bool folder = std::filesystem::is_directory(file, unreadable);
    fail(key, fmt::format("'{}' is {}", file.string(),
                          folder ? "a folder; a file is needed" : "not a file"));
  }
  return file;
}

std::vector<std::pair<std::string, std::string>> Section::entries() const {
  std::vector<std::pair<std::string, std::string>> all;
  if (const TableData* table = data_->find(path_, index_)) {
    for (const Entry& e : table->entries) {
      const auto* s = std::get_if<std::string>(&e.value.content);
      all.emplace_back(e.key, s ? *s : format_value(e.value));
    }
  }
  return all;
}

void Section::fail(std::string_view key, const std::string& message) const {
  const std::string name =
      index_ < 0 ? path_ : fmt::format("{}[{}]", path_, index_ + 1);  // counted from 1
  const std::string full = key.empty() ? name : join_path(name, key);
  throw InputError(fmt::format("{}: {}: {}", where(key), full, message));
}

std::string Section::where(std::string_view key) const {
  const TableData* table = data_->find(path_, index_);
  const Entry* entry = table ? table->find(key) : nullptr;
  return data_->where(entry ? entry->place : table ? table->place : Place{});
}

Case::Case(std::shared_ptr<const CaseData> data) : data_(std::move(data)) {}

Section Case::section(std::string_view table) const { return {data_, std::string(table), -1}; }

std::vector<Section> Case::sections(std::string_view table) const {
  std::vector<Section> all;
  for (int i = 0; i < data_->count(table); ++i) all.emplace_back(data_, std::string(table), i);
  return all;
}

Section Case::root() const { return section(""); }

const std::filesystem::path& Case::file() const { return data_->file; }

}  // namespace otto
