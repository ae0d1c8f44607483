#include "seal.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "content_hash.h"
#include "otto/core/hash.h"

namespace otto {

using Json = nlohmann::ordered_json;

namespace {

// The hash stands first, at a fixed place, and is taken over the text with zeros in its place.
const std::string head = "{\n \"seal\": \"";
const std::string blank(16, '0');
constexpr int format = 1;

std::uint64_t parse_hash(const Json& j) { return std::stoull(j.get<std::string>(), nullptr, 16); }

Json field_json(const Seal::Field& f) {
  if (f.empty) return Json::object();
  return {{"offset", f.offset}, {"hash", hexadecimal(f.hash)}};
}

Seal::Field parse_field(const std::string& name, const Json& j) {
  Seal::Field f{.name = name};
  f.empty = j.empty();
  if (!f.empty) {
    f.offset = j.at("offset");
    f.hash = parse_hash(j.at("hash"));
  }
  return f;
}

}  // namespace

Json to_json(double x) {
  if (std::isfinite(x)) return x;
  return std::isnan(x) ? "nan" : x > 0 ? "inf" : "-inf";
}

double from_json(const Json& x) {
  if (!x.is_string()) return x.get<double>();
  const auto word = x.get<std::string>();
  constexpr double inf = std::numeric_limits<double>::infinity();
  return word == "nan" ? std::numeric_limits<double>::quiet_NaN() : word == "inf" ? inf : -inf;
}

std::string seal_text(const Seal& s) {
  Json j;
  j["seal"] = blank;
  j["format"] = format;
  j["checkpoint"] = s.name;
  j["time"] = s.time;
  j["step"] = s.step;
  j["ranks"] = s.ranks;
  j["version"] = s.version;
  j["revision"] = s.revision;
  j["data"] = {
      {"file", s.name + ".h5"}, {"bytes", s.size}, {"structure", hexadecimal(s.structure)}};
  j["mesh"] = {{"cells", s.cells}, {"hash", hexadecimal(s.mesh)}};
  j["fields"] = Json::object();
  for (const auto& f : s.fields) j["fields"][f.name] = field_json(f);
  j["numbers"] = s.numbers;
  j["case"] = Json::object();
  for (const auto& [key, value] : s.critical) j["case"][key] = value;
  std::string text = j.dump(1) + "\n";
  return text.replace(head.size(), blank.size(), hash_text(text));
}

Seal parse_seal(const std::string& text) {
  std::string bare = text;
  if (text.size() < head.size() + blank.size() || !text.starts_with(head)) {
    throw std::runtime_error("its seal is damaged");
  }
  bare.replace(head.size(), blank.size(), blank);
  if (text.substr(head.size(), blank.size()) != hash_text(bare)) {
    throw std::runtime_error("its seal is damaged");
  }
  const Json j = Json::parse(text);
  if (j.at("format") != format) throw std::runtime_error("another version of Otto wrote it");
  Seal s;
  s.name = j.at("checkpoint").get<std::string>();
  s.time = j.at("time");
  s.step = j.at("step");
  s.ranks = j.at("ranks");
  s.version = j.at("version").get<std::string>();
  s.revision = j.at("revision").get<std::string>();
  s.size = j.at("data").at("bytes");
  s.structure = parse_hash(j.at("data").at("structure"));
  s.cells = j.at("mesh").at("cells");
  s.mesh = parse_hash(j.at("mesh").at("hash"));
  for (const auto& [name, f] : j.at("fields").items()) s.fields.push_back(parse_field(name, f));
  s.numbers = j.at("numbers");
  for (const auto& [key, value] : j.at("case").items())
    s.critical.emplace_back(key, value.get<std::string>());
  return s;
}

}  // namespace otto
