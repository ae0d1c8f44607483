// The points of a sweep: values of its axes, names and folders of its runs.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sweep.h"

namespace otto {

namespace {

[[noreturn]] void fail(const std::string& words, const std::string& message) {
  throw InputError(fmt::format("command line: --over {}: {}", words, message));
}

/// The parts between separators that are not within brackets.
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (c == separator && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

template <class Number>
std::optional<Number> number(const std::string& text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

/// START:END:COUNT[:log]
std::vector<std::string> range(const std::string& words, const std::vector<std::string>& parts) {
  const bool log = parts.size() == 4 && parts[3] == "log";
  if (parts.size() != 3 && !log) fail(words, "a range is START:END:COUNT or START:END:COUNT:log");
  const auto start = number<double>(parts[0]), end = number<double>(parts[1]);
  const auto count = number<int>(parts[2]);
  if (!start || !end || !std::isfinite(*start) || !std::isfinite(*end)) {
    fail(words, "START and END must be numbers, as in 0.2:2:20");
  }
  if (!count || *count < 1 || *count > max_sweep_runs) {
    fail(words, fmt::format("COUNT must be a whole number from 1 to {}", max_sweep_runs));
  }
  if (log && !(*start > 0 && *end > 0)) fail(words, "equal ratios need positive ends");
  std::vector<std::string> values;
  for (int i = 0; i < *count; ++i) {
    const double s = *count == 1 ? 0 : double(i) / (*count - 1);
    const double value = log ? *start * std::pow(*end / *start, s) : *start + s * (*end - *start);
    values.push_back(fmt::format("{:.12g}", value));  // 0.3, not 0.30000000000000004
  }
  return values;
}

std::string last_word(const std::string& key) { return key.substr(key.rfind('.') + 1); }

/// What a file's name can hold without quoting.
std::string plain(std::string text) {
  for (char& c : text) {
    const bool good =
        std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '+' || c == '-' || c == '_';
    if (!good) c = '_';
  }
  return text;
}

}  // namespace

SweepAxis parse_sweep_axis(const std::string& words) {
  const auto equals = words.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == words.size()) {
    fail(words,
         "it is written KEY=START:END:COUNT or KEY=A,B,C, as in energy.temperature=0.2:2:20");
  }
  SweepAxis axis{.key = words.substr(0, equals), .values = {}};
  const std::string rest = words.substr(equals + 1);
  const auto parts = split(rest, ':');
  axis.values = parts.size() > 1 ? range(words, parts) : split(rest, ',');
  for (std::size_t i = 0; i < axis.values.size(); ++i) {
    const auto& value = axis.values[i];
    if (value.empty()) fail(words, "a value is missing between two commas");
    if (std::find(axis.values.begin(), axis.values.begin() + std::ptrdiff_t(i), value) !=
        axis.values.begin() + std::ptrdiff_t(i)) {
      fail(words, fmt::format("the value {} comes twice", value));
    }
  }
  return axis;
}

std::vector<SweepRun> sweep_runs(const std::vector<SweepAxis>& axes) {
  std::vector<SweepRun> runs(1);
  for (const SweepAxis& axis : axes) {
    const auto same = std::ranges::count_if(
        axes, [&](const SweepAxis& a) { return last_word(a.key) == last_word(axis.key); });
    const std::string key = plain(same == 1 ? last_word(axis.key) : axis.key);
    std::vector<SweepRun> grown;
    for (const SweepRun& run : runs) {
      for (const std::string& value : axis.values) {
        SweepRun& next = grown.emplace_back(run);
        next.values.push_back(value);
        next.settings.push_back(fmt::format("{}={}", axis.key, value));
        if (!next.name.empty()) next.name += ',';
        next.name += fmt::format("{}={}", key, plain(value));
      }
    }
    runs = std::move(grown);
  }
  return runs;
}

void read_sweep_summary(SweepRun& run, const std::string& text) {
  auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return;
  run.status = json.value("status", "");
  run.reason = json.value("reason", "");
  run.summary = std::move(json);
}

}  // namespace otto
