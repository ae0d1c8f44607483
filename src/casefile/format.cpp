// Values as TOML text.

#include <fmt/format.h>

#include <cmath>

#include "otto/casefile/data.h"

namespace otto {

namespace {

std::string format_real(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  std::string text = fmt::format("{}", x);  // shortest that reads back to x
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string format_text(const std::string& s) {
  std::string quoted = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

struct Formatter {
  std::string operator()(const Value::Foreign& f) const { return f.what; }
  std::string operator()(bool b) const { return b ? "true" : "false"; }
  std::string operator()(std::int64_t i) const { return std::to_string(i); }
  std::string operator()(double x) const { return format_real(x); }
  std::string operator()(const std::string& s) const { return format_text(s); }
  std::string operator()(const Value::Array& a) const {
    std::string text = "[";
    for (const Value& entry : a) text += (text.size() > 1 ? ", " : "") + format_value(entry);
    return text + "]";
  }
};

}  // namespace

std::string format_value(const Value& value) { return std::visit(Formatter{}, value.content); }

}  // namespace otto
