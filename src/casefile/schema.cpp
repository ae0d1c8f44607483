// The JSON Schema (draft 2020-12) of the case file, and its translation into draft 4:
//
//   exclusiveMinimum: a      ->  minimum: a, exclusiveMinimum: true      (and the maximum likewise)
//   dependentSchemas         ->  dependencies
//   if: A, then: B           ->  anyOf: [{not: A}, B]

#include <cmath>
#include <nlohmann/json.hpp>

#include "otto/casefile/data.h"
#include "otto/casefile/describe.h"

namespace otto {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Value& value) {
  struct Convert {
    Json operator()(const Value::Foreign&) const { return nullptr; }
    Json operator()(bool b) const { return b; }
    Json operator()(std::int64_t i) const { return i; }
    Json operator()(double x) const { return x; }
    Json operator()(const std::string& s) const { return s; }
    Json operator()(const Value::Array& a) const {
      Json all = Json::array();
      for (const Value& v : a) all.push_back(to_json(v));
      return all;
    }
  };
  return std::visit(Convert{}, value.content);
}

const char* json_type(Type type) {
  switch (type) {
    case Type::integer:
    case Type::integers:
      return "integer";
    case Type::flag:
    case Type::flags:
      return "boolean";
    case Type::text:
    case Type::texts:
      return "string";
    default:
      return "number";
  }
}

Json single_schema(const Key& key) {
  if (key.type == Type::real_or_text) {
    Key number = key, text = key;
    number.type = Type::real;
    text.type = Type::text;
    text.range = any_number;
    Json of_number = single_schema(number);
    of_number.erase("enum");
    return {{"oneOf", {of_number, single_schema(text)}}};
  }
  if (key.type == Type::matrix) {
    return {{"oneOf", {{{"type", "number"}}, {{"type", "string"}}}}};
  }
  Json s = {{"type", json_type(key.type)}};
  if (!std::isinf(key.range.min))
    s[key.range.above ? "exclusiveMinimum" : "minimum"] = key.range.min;
  if (!std::isinf(key.range.max))
    s[key.range.below ? "exclusiveMaximum" : "maximum"] = key.range.max;
  for (const Choice& c : choices_of(key.path)) {
    if (!c.later) s["enum"].push_back(c.value);
  }
  return s;
}

std::string description(const Key& key) {
  std::string text = key.doc;
  if (!key.unit.empty()) text += " Unit: " + key.unit + ".";
  if (!key.equation.empty()) text += " Equation: " + key.equation;
  for (const Choice& c : choices_of(key.path)) {
    text += "\n" + c.value + ": " + c.doc;
    if (!c.equation.empty()) text += " " + c.equation;
  }
  return text;
}

Json key_schema(const Key& key) {
  Json s = {{"description", description(key)}};
  const Json entry = single_schema(key);
  const Json one = key.type == Type::matrix ? Json{{"type", "array"}, {"items", entry}} : entry;
  const Json many = {{"type", "array"}, {"items", one}};
  if (takes_single(key.type) && takes_array(key.type)) {
    s["oneOf"] = {one, many};
  } else {
    s.update(takes_array(key.type) ? many : one);
  }
  if (const Value* fallback = fallback_of(key)) s["default"] = to_json(*fallback);
  return s;
}

bool default_holds(const Key& key, const Condition& c) {
  const Key* sibling = find_key(std::string(table_of(key.path)) + "." + c.sibling);
  const Value* fallback = sibling ? fallback_of(*sibling) : nullptr;
  if (!fallback) return false;
  const auto* word = std::get_if<std::string>(&fallback->content);
  const std::string text = word ? *word : format_value(*fallback);
  return std::find(c.values.begin(), c.values.end(), text) != c.values.end();
}

// "This key only beside that value", and "with that value this key must be there".
void add_condition(Json& table, const Key& key) {
  const Condition c = condition_of(key);
  const std::string name(name_of(key.path));
  const Key* sibling = find_key(std::string(table_of(key.path)) + "." + c.sibling);
  Json values = Json::array();
  for (const std::string& v : c.values) {
    const bool text = !sibling || sibling->type == Type::text;
    const auto parsed = text ? std::nullopt : parse_toml_value(v);
    values.push_back(parsed ? to_json(*parsed) : Json(v));
  }
  Json holds = {{"properties", {{c.sibling, {{"enum", values}}}}}};
  if (!default_holds(key, c)) holds["required"] = {c.sibling};
  table["dependentSchemas"][name] = holds;
  if (key.required) table["allOf"].push_back({{"if", holds}, {"then", {{"required", {name}}}}});
}

Json keys_schema(const std::string& table) {
  Json s = {{"type", "object"}, {"properties", Json::object()}};
  for (const Key& key : keys_of_table(table)) {
    const std::string name(name_of(key.path));
    s["properties"][name] = key_schema(key);
    if (key.required && key.when.empty()) s["required"].push_back(name);
    if (!key.when.empty()) add_condition(s, key);
  }
  s["additionalProperties"] = false;
  return s;
}

Json table_schema(const Table& table) {
  if (table.open) {
    return {{"description", table.doc},
            {"type", "object"},
            {"additionalProperties", {{"type", {"string", "number", "boolean"}}}}};
  }
  Json s = {{"description", table.doc}};
  if (table.repeated) {
    s["type"] = "array";
    s["items"] = keys_schema(table.path);
    if (table.required) s["minItems"] = 1;
  } else {
    s.update(keys_schema(table.path));
  }
  return s;
}

}  // namespace

namespace {

Json whole_schema() {
  Json s = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
            {"title", "Otto case file"},
            {"description",
             "A Wasserstein gradient flow: mesh, energies, initial density, time "
             "stepping and output."}};
  s.update(keys_schema(""));
  for (const Table& table : declared_tables()) {
    const std::string owner(table_of(table.path)), name(name_of(table.path));
    Json& of = owner.empty() ? s : s["properties"][owner];  // declared before what it holds
    of["properties"][name] = table_schema(table);
    if (!table.required) continue;
    if (table.unless.empty()) {
      s["required"].push_back(table.path);
      continue;
    }
    s["anyOf"].push_back({{"required", {table.path}}});
    for (const std::string& key : table.unless) {
      const std::string other(table_of(key));
      s["anyOf"].push_back(
          {{"required", {other}},
           {"properties", {{other, {{"required", {std::string(name_of(key))}}}}}}});
    }
  }
  return s;
}

Json to_draft_4(const Json& s) {
  if (s.is_array()) {
    Json all = Json::array();
    for (const Json& entry : s) all.push_back(to_draft_4(entry));
    return all;
  }
  if (!s.is_object()) return s;
  if (s.contains("if")) return {{"anyOf", {{{"not", to_draft_4(s["if"])}}, to_draft_4(s["then"])}}};
  Json made = Json::object();
  for (const auto& [key, value] : s.items()) {
    if (value.is_number() && (key == "exclusiveMinimum" || key == "exclusiveMaximum")) {
      made[key == "exclusiveMinimum" ? "minimum" : "maximum"] = value;
      made[key] = true;
    } else if (key == "default" || key == "enum") {
      made[key] = value;
    } else {
      made[key == "dependentSchemas" ? "dependencies" : key] = to_draft_4(value);
    }
  }
  return made;
}

}  // namespace

std::string schema_text() { return whole_schema().dump(2) + "\n"; }

std::string schema_text_of_draft_4() {
  Json s = to_draft_4(whole_schema());
  s["$schema"] = "http://json-schema.org/draft-04/schema#";
  return s.dump(2) + "\n";
}

}  // namespace otto
