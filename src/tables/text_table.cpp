// Columns of text: CSV, blanks, PLUMED's grids.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <numbers>
#include <optional>
#include <sstream>
#include <string_view>

#include "otto/casefile/utf8.h"
#include "otto/core/error.h"
#include "otto/tables/number_table.h"

namespace otto {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

struct Word {
  std::string text;
  std::size_t column;  ///< from 1
};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// A number as programs print it; NaN for what they print where there is none.
std::optional<double> parse_number(const std::string& text) {
  const std::size_t sign = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  const std::string word = lower(text.substr(sign));
  if (word.empty()) return sign == 0 ? std::optional(nothing) : std::nullopt;
  if (word == "nan" || word == "na" || word == "n/a" || word == "null") return nothing;
  double value = 0;
  const char *begin = text.data() + (text[0] == '+' ? 1 : 0), *end = text.data() + text.size();
  if (word[0] == '+' || word[0] == '-') return std::nullopt;  // two signs
  const auto read = std::from_chars(begin, end, value);
  if (read.ptr != end || begin == end) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) {  // too small is 0, too large is infinite
    return std::strtod(text.c_str(), nullptr);
  }
  if (read.ec != std::errc{}) return std::nullopt;
  return value;
}

/// The words of a line: between commas, semicolons or tabs where there are some, else blanks.
std::vector<Word> split(const std::string& line) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  char separator = ' ';
  for (const char c : {';', ',', '\t'}) {
    const auto first = line.find_first_not_of(" \t"), last = line.find_last_not_of(" \t");
    if (first == std::string::npos) break;
    const auto found = line.find(c, c == '\t' ? first : 0);
    if (found != std::string::npos && (c != '\t' || found < last)) {
      separator = c;
      break;
    }
  }
  std::vector<Word> words;
  std::size_t at = 0;
  while (at <= line.size()) {
    std::size_t end = 0;
    if (separator == ' ' || separator == '\t') {  // several blanks separate as one does
      while (at < line.size() && blank(line[at])) ++at;
      if (at == line.size()) break;
      end = at;
      while (end < line.size() && !blank(line[end])) ++end;
    } else {
      end = std::min(line.find(separator, at), line.size());
    }
    std::size_t from = at, to = end;
    while (from < to && blank(line[from])) ++from;
    while (to > from && blank(line[to - 1])) --to;
    if (to - from >= 2 && line[from] == '"' && line[to - 1] == '"') ++from, --to;
    words.push_back({line.substr(from, to - from), from + 1});
    at = end + 1;
  }
  return words;
}

std::vector<std::string> texts(const std::vector<Word>& words) {
  std::vector<std::string> all;
  for (const Word& word : words) all.push_back(word.text);
  return all;
}

/// Names, not numbers: every word starts as a name does.
bool are_names(const std::vector<Word>& words) {
  return !words.empty() && std::ranges::all_of(words, [](const Word& w) {
    return !w.text.empty() && !parse_number(w.text);
  });
}

class TextReader {
 public:
  explicit TextReader(const std::filesystem::path& file) { table_.file = file; }

  NumberTable read() {
    std::ifstream in(table_.file, std::ios::binary);
    if (!in) fail("cannot be opened");
    std::string line;
    while (std::getline(in, line)) {
      ++line_;
      if (find_not_utf8(line) != std::string::npos) {
        fail_here(find_not_utf8(line) + 1, "is no text in UTF-8");
      }
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
      if (line_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
      take(line);
    }
    if (in.bad()) fail("cannot be read");
    if (table_.numbers.empty()) fail("holds no row of numbers");
    set_periods();
    return std::move(table_);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw InputError(fmt::format("{}: {}", table_.file.string(), message));
  }
  [[noreturn]] void fail_here(std::size_t column, const std::string& message) const {
    throw InputError(fmt::format("{}:{}:{}: {}", table_.file.string(), line_, column, message));
  }

  void take(const std::string& line) {
    if (line.starts_with("#!")) return take_plumed(split("  " + line.substr(2)));
    const auto mark = line.find('#');
    const std::string content = line.substr(0, mark);
    if (content.find_first_not_of(" \t") == std::string::npos) {
      if (mark != std::string::npos && table_.numbers.empty()) {
        comment_ = split(line.substr(mark + 1));
      }
      return;
    }
    if (content[0] == '@' || content[0] == '%') return;  // Grace, LaTeX and MATLAB
    const std::vector<Word> words = split(content);
    if (table_.numbers.empty() && table_.names.empty() && are_names(words)) {
      table_.names = texts(words);
      return;
    }
    take_row(words);
  }

  void take_row(const std::vector<Word>& words) {
    if (table_.numbers.empty()) {
      table_.columns = words.size();
      if (table_.names.empty() && comment_.size() == words.size() && are_names(comment_)) {
        table_.names = texts(comment_);
      }
      if (!table_.names.empty() && table_.names.size() != words.size()) {
        fail_here(1, fmt::format("a row of {} numbers under {} names ({})", words.size(),
                                 table_.names.size(), fmt::join(table_.names, ", ")));
      }
    } else if (words.size() != table_.columns) {
      fail_here(1, fmt::format("a row of {} numbers; the first one (line {}) has {}", words.size(),
                               table_.lines[0], table_.columns));
    }
    for (const Word& word : words) {
      const auto value = parse_number(word.text);
      if (!value) {
        const bool comma = word.text.find(',') != std::string::npos;
        fail_here(word.column, fmt::format("'{}' is not a number{}", word.text.substr(0, 40),
                                           comma ? "; decimals are written with a point" : ""));
      }
      table_.numbers.push_back(*value);
    }
    table_.lines.push_back(line_);
  }

  void take_plumed(const std::vector<Word>& words) {
    if (words.size() > 1 && words[0].text == "FIELDS") {
      if (!table_.numbers.empty()) {
        fail_here(1,
                  "a second '#! FIELDS'; one grid is read, so write the last one to a file of "
                  "its own");
      }
      table_.names = texts(words);
      table_.names.erase(table_.names.begin());
    } else if (words.size() == 3 && words[0].text == "SET") {
      set_[words[1].text] = words[2];
      set_line_[words[1].text] = line_;
    }
  }

  /// A bound as PLUMED writes it: a number, or a multiple of pi ("-pi", "2*pi").
  double bound(const std::string& key) {
    const Word& word = set_.at(key);
    std::string text = word.text;
    double factor = 1;
    if (text.ends_with("pi")) {
      factor = std::numbers::pi;
      text.resize(text.size() - 2);
      if (text.ends_with('*')) text.pop_back();
      if (text.empty() || text == "-" || text == "+") text += '1';
    }
    const auto value = parse_number(text);
    if (!value || !std::isfinite(*value)) {
      line_ = set_line_.at(key);
      fail_here(word.column, fmt::format("{} = '{}' is not a number", key, word.text));
    }
    return factor * *value;
  }

  std::size_t bins(const std::string& key) {
    if (!set_.contains(key)) return 0;
    const double n = bound(key);
    if (n < 1 || n > 1e9 || n != std::floor(n)) {
      line_ = set_line_.at(key);
      fail_here(set_.at(key).column, fmt::format("{} = {} is no number of bins", key, n));
    }
    return std::size_t(n);
  }

  /// The first fields that have bounds are coordinates.
  void set_periods() {
    for (const std::string& name : table_.names) {
      const bool bounded = set_.contains("min_" + name) && set_.contains("max_" + name);
      if (!bounded || table_.variables == 3) break;
      const auto repeats = set_.find("periodic_" + name);
      if (repeats != set_.end() && repeats->second.text == "true") {
        const double length = bound("max_" + name) - bound("min_" + name);
        if (!(length > 0)) fail(fmt::format("max_{0} is not above min_{0}", name));
        table_.period[std::size_t(table_.variables)] = length;
      }
      table_.bins[std::size_t(table_.variables)] = bins("nbins_" + name);
      ++table_.variables;
    }
  }

  NumberTable table_;
  std::size_t line_ = 0;
  std::vector<Word> comment_;
  std::map<std::string, Word> set_;
  std::map<std::string, std::size_t> set_line_;
};

}  // namespace

NumberTable read_text_table(const std::filesystem::path& file) { return TextReader(file).read(); }

}  // namespace otto
