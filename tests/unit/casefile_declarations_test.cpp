// Contract of every declaration, whoever made it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "otto/casefile/case.h"
#include "otto/casefile/data.h"
#include "otto/casefile/describe.h"
#include "otto/core/error.h"

namespace otto {
namespace {

bool is_word(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '_';
  });
}

bool is_sentence(const std::string& s) { return s.size() > 4 && s.ends_with('.'); }

TEST(Declarations, KeysAreComplete) {
  for (const Key& key : declared_keys()) {
    EXPECT_TRUE(is_word(name_of(key.path))) << key.path;
    EXPECT_TRUE(table_of(key.path).empty() || find_table(table_of(key.path)))
        << key.path << " belongs to no declared table";
    EXPECT_TRUE(is_sentence(key.doc)) << key.path << ": " << key.doc;
    EXPECT_FALSE(key.required && !key.fallback.empty()) << key.path << ": required, yet a default";
    if (!key.when.empty()) {
      const Condition c = condition_of(key);
      const std::string sibling = std::string(table_of(key.path)) + "." + c.sibling;
      EXPECT_TRUE(find_key(sibling)) << key.path << ": " << key.when;
      const auto choices = choices_of(sibling);
      for (const std::string& value : c.values) {
        const bool known = std::any_of(choices.begin(), choices.end(),
                                       [&](const Choice& x) { return x.value == value; });
        EXPECT_TRUE(choices.empty() || known) << key.path << ": " << value << " is no choice";
      }
    }
  }
}

TEST(Declarations, ChoicesBelongToTextKeysAndAreDistinct) {
  std::set<std::string> seen;
  for (const Choice& choice : declared_choices()) {
    const Key* key = find_key(choice.path);
    ASSERT_TRUE(key) << choice.path;
    EXPECT_TRUE(key->type == Type::text || key->type == Type::texts ||
                key->type == Type::real_or_text)
        << choice.path;
    const bool unit = choice.path.starts_with("units.");  // as everybody writes them
    EXPECT_TRUE(unit || is_word(choice.value)) << choice.path << " " << choice.value;
    EXPECT_TRUE(is_sentence(choice.doc)) << choice.path << " " << choice.value;
    EXPECT_TRUE(seen.insert(choice.path + "=" + choice.value).second) << choice.value << " twice";
  }
}

TEST(Declarations, TablesAreDistinct) {
  std::set<std::string> seen;
  for (const Table& table : declared_tables()) {
    EXPECT_TRUE(is_word(name_of(table.path))) << table.path;
    EXPECT_TRUE(table_of(table.path).empty() || find_table(table_of(table.path))) << table.path;
    EXPECT_TRUE(is_sentence(table.doc)) << table.path;
    EXPECT_TRUE(seen.insert(table.path).second) << table.path << " twice";
  }
}

// Each default is itself a valid value: written out beside what it goes with, it is accepted.
TEST(Declarations, DefaultsAreValid) {
  for (const Key& key : declared_keys()) {
    if (key.fallback.empty()) continue;
    CaseData data;
    TableData table{.path = std::string(table_of(key.path))};
    const Table* declared = find_table(table.path);
    table.repeated = declared && declared->repeated;
    table.entries.push_back({std::string(name_of(key.path)), *fallback_of(key), {}});
    data.tables = {table};
    try {
      validate(data);
    } catch (const InputError& e) {
      const std::string message = e.what();
      const bool about_others = message.find(" goes with ") != std::string::npos ||
                                message.find(" needs ") != std::string::npos;
      EXPECT_TRUE(about_others) << message;
    }
  }
}

TEST(Declarations, EverythingCanBeExplained) {
  for (const Table& table : declared_tables()) {
    EXPECT_NE(explain(table.path).find(table.doc), std::string::npos);
  }
  for (const Key& key : declared_keys()) {
    EXPECT_NE(explain(key.path).find(key.doc), std::string::npos);
    EXPECT_NE(explain(std::string(name_of(key.path))).find(key.doc), std::string::npos);
  }
  for (const Choice& choice : declared_choices()) {
    EXPECT_NE(explain(choice.value).find(choice.doc), std::string::npos);
  }
  EXPECT_THROW(explain("nothing_of_that_name"), InputError);
}

/// Where the schema describes the keys of a table.
const nlohmann::json& schema_of(const nlohmann::json& schema, const std::string& table) {
  if (table.empty()) return schema;
  const std::string name(name_of(table));
  const std::string parent(table_of(table));
  const auto& here = schema_of(schema, parent).at("properties").at(name);
  return find_table(table)->repeated ? here.at("items") : here;
}

TEST(Declarations, SchemaHoldsEveryKey) {
  const auto schema = nlohmann::json::parse(schema_text());
  EXPECT_EQ(schema["additionalProperties"], false);
  for (const Key& key : declared_keys()) {
    const std::string table(table_of(key.path)), name(name_of(key.path));
    const auto& owner = schema_of(schema, table);
    ASSERT_TRUE(owner.at("properties").contains(name)) << key.path;
    const auto& entry = owner.at("properties").at(name);
    EXPECT_EQ(entry.at("description").get<std::string>().find(key.doc), 0u);
    EXPECT_EQ(entry.contains("default"), !key.fallback.empty());
  }
}

}  // namespace
}  // namespace otto
