#include "otto/casefile/suggest.h"

#include <algorithm>
#include <cctype>
#include <tuple>

namespace otto {

namespace {

char folded(char c) {
  if (c == '-' || c == ' ') return '_';
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

// Worth suggesting: one edit always, more the longer the words are.
int admissible(std::size_t length) { return std::max(1, static_cast<int>(length) / 3); }

// "temp" for "temperature": the beginning of a word counts as near.
bool is_beginning(std::string_view word, std::string_view of) {
  return word.size() >= 3 && word.size() < of.size() &&
         std::equal(word.begin(), word.end(), of.begin(),
                    [](char a, char b) { return folded(a) == folded(b); });
}

}  // namespace

int edit_distance(std::string_view a, std::string_view b) {
  const std::size_t n = b.size();
  std::vector<int> before_last(n + 1), last(n + 1), row(n + 1);
  for (std::size_t j = 0; j <= n; ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= n; ++j) {
      const bool same = folded(a[i - 1]) == folded(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
          folded(a[i - 2]) == folded(b[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[n];
}

int nearest(std::string_view word, std::span<const Candidate> candidates) {
  using Score = std::tuple<int, int, std::size_t>;
  int best = -1;
  Score best_score;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::string& valid = candidates[i].word;
    if (valid.empty() || word.empty()) continue;
    const std::size_t longer = std::max(word.size(), valid.size());
    const std::size_t shorter = std::min(word.size(), valid.size());
    const int max_distance = admissible(longer);
    // The lengths alone settle most candidates.
    const bool possible = longer - shorter <= static_cast<std::size_t>(max_distance);
    int distance = possible ? edit_distance(word, valid) : max_distance + 1;
    if (distance > max_distance) {
      if (!is_beginning(word, valid)) continue;
      distance = 2;
    }
    const int first_differs = folded(word[0]) == folded(valid[0]) ? 0 : 1;
    const Score score{2 * distance + candidates[i].handicap, first_differs, longer - shorter};
    if (best < 0 || score < best_score) {
      best = static_cast<int>(i);
      best_score = score;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const Candidate> candidates) {
  const int best = nearest(word, candidates);
  if (best < 0) return ".";
  return "; did you mean '" + candidates[static_cast<std::size_t>(best)].word + "'?";
}

std::string did_you_mean(std::string_view word, std::span<const std::string> valid) {
  std::vector<Candidate> candidates;
  for (const std::string& v : valid) candidates.push_back({v});
  return did_you_mean(word, candidates);
}

namespace {

/// Those of the tables that come first, first: of keys equally near, the one of [time] is meant
/// rather than the one of [particles].
std::vector<Key> keys_in_reading_order() {
  const auto rank = [](const Key& key) {
    const auto& tables = declared_tables();
    const std::string_view owner = table_of(key.path);
    return owner.empty() ? tables.begin() : std::ranges::find(tables, owner, &Table::path);
  };
  std::vector<Key> keys = declared_keys();
  std::ranges::stable_sort(keys, {}, rank);
  return keys;
}

}  // namespace

std::string suggest_key(std::string_view table, std::string_view name, const TableData* written) {
  std::vector<Candidate> candidates;
  std::vector<std::string> paths;
  for (const Key& key : keys_in_reading_order()) {
    int handicap = 0;
    if (table_of(key.path) != table) {
      handicap = 2;
    } else if (written && (!applies(key, *written) || written->find(name_of(key.path)))) {
      handicap = 1;
    }
    candidates.push_back({std::string(name_of(key.path)), handicap});
    paths.push_back(key.path);
  }
  const int best = nearest(name, candidates);
  return best < 0 ? "" : paths[static_cast<std::size_t>(best)];
}

std::string list_words(std::span<const std::string> words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? " and " : ", ";
    list += words[i];
  }
  return list;
}

}  // namespace otto
