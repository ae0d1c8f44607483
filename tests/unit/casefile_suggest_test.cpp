// Every one-edit typo of every declared word, and how often the right word is suggested first.

#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "otto/casefile/describe.h"
#include "otto/casefile/suggest.h"

namespace otto {
namespace {

const std::string letters = "abcdefghijklmnopqrstuvwxyz_";

std::set<std::string> one_edit_typos(const std::string& word) {
  std::set<std::string> typos;
  for (std::size_t i = 0; i <= word.size(); ++i) {
    for (const char c : letters) typos.insert(word.substr(0, i) + c + word.substr(i));
    if (i == word.size()) break;
    const std::string head = word.substr(0, i), tail = word.substr(i + 1);
    typos.insert(head + tail);
    for (const char c : letters) typos.insert(head + c + tail);
    if (i + 1 < word.size()) typos.insert(head + word[i + 1] + word[i] + word.substr(i + 2));
  }
  typos.erase(word);
  typos.erase("");
  return typos;
}

bool belongs_to_tests(const std::string& path) {
  const auto table = table_of(path);
  return table == "sample" || table == "part";
}

// The table as it would be written where the key applies.
TableData surroundings(const Key& key) {
  TableData table{.path = std::string(table_of(key.path))};
  const Key* k = &key;
  while (!k->when.empty()) {
    const Condition c = condition_of(*k);
    table.entries.push_back({c.sibling, {.content = c.values.front(), .place = {}}, {}});
    k = find_key(table.path.empty() ? c.sibling : table.path + "." + c.sibling);
    if (!k) break;
  }
  return table;
}

struct Count {
  int right = 0, all = 0;
  [[nodiscard]] double percent() const { return 100.0 * right / all; }
};

TEST(Suggestion, OneEditTyposOfEveryKeyFindTheKey) {
  Count alone, in_place;
  for (const Key& key : declared_keys()) {
    if (belongs_to_tests(key.path)) continue;
    const std::string table(table_of(key.path));
    const TableData written = surroundings(key);
    for (const std::string& typo : one_edit_typos(std::string(name_of(key.path)))) {
      if (find_key(table.empty() ? typo : table + "." + typo)) continue;  // another valid key
      alone.right += suggest_key(table, typo) == key.path;
      in_place.right += suggest_key(table, typo, &written) == key.path;
      ++alone.all;
      ++in_place.all;
    }
  }
  std::printf("%d typos of keys: right one first in %.2f %% alone, %.2f %% in its table\n",
              alone.all, alone.percent(), in_place.percent());
  EXPECT_GE(alone.percent(), 95);
  EXPECT_GE(in_place.percent(), 95);
}

// Words of one kind compete with each other: tables, or the choices of one key.
Count count_words(const std::vector<std::string>& words) {
  std::vector<Candidate> candidates;
  for (const std::string& w : words) candidates.push_back({w});
  const std::set<std::string> valid(words.begin(), words.end());
  Count count;
  for (const std::string& word : words) {
    for (const std::string& typo : one_edit_typos(word)) {
      if (valid.contains(typo)) continue;
      const int best = nearest(typo, candidates);
      count.right += best >= 0 && words[static_cast<std::size_t>(best)] == word;
      ++count.all;
    }
  }
  return count;
}

TEST(Suggestion, OneEditTyposOfTablesAndChoicesFindTheWord) {
  std::vector<std::string> tables;
  for (const Table& t : declared_tables()) tables.push_back(t.path);
  Count count = count_words(tables);
  for (const Key& key : declared_keys()) {
    std::vector<std::string> values;
    for (const Choice& c : choices_of(key.path)) values.push_back(c.value);
    const Count part = count_words(values);
    count.right += part.right;
    count.all += part.all;
  }
  std::printf("%d typos of tables and choices: right one first in %.2f %%\n", count.all,
              count.percent());
  EXPECT_GE(count.percent(), 95);
}

TEST(Suggestion, Distance) {
  EXPECT_EQ(edit_distance("step", "step"), 0);
  EXPECT_EQ(edit_distance("stpe", "step"), 1);
  EXPECT_EQ(edit_distance("stp", "step"), 1);
  EXPECT_EQ(edit_distance("steps", "step"), 1);
  EXPECT_EQ(edit_distance("stop", "step"), 1);
  EXPECT_EQ(edit_distance("TR-BDF2", "tr_bdf2"), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(Suggestion, FarWordsAreNotSuggested) {
  const std::vector<std::string> words{"mesh", "time"};
  EXPECT_EQ(did_you_mean("qqqq", words), ".");
  EXPECT_EQ(did_you_mean("tiem", words), "; did you mean 'time'?");
  EXPECT_EQ(did_you_mean("temp", std::vector<std::string>{"temperature"}),
            "; did you mean 'temperature'?");
}

}  // namespace
}  // namespace otto
