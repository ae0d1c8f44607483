#pragma once
// The nearest valid word to one that is not valid.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "otto/casefile/data.h"

namespace otto {

/// Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions
/// and transpositions of neighbours each count 1. Capitals count as small letters, '-' as '_'.
int edit_distance(std::string_view a, std::string_view b);

/// A word that could have been meant; a smaller `handicap` wins among equally near ones. Half an
/// edit each: 1 is less than one edit away.
struct Candidate {
  std::string word;
  int handicap = 0;
};
/// The nearest candidate's position, or -1 where none is near enough to be worth saying.
int nearest(std::string_view word, std::span<const Candidate> candidates);
/// The end of a sentence: "; did you mean 'X'?", or "." where nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> valid);
std::string did_you_mean(std::string_view word, std::span<const Candidate> candidates);

/// The declared key nearest to `name` written in `table`: keys of that table first, then the same
/// word in other tables. `written` (may be null) is the table as the user wrote it: keys that apply
/// there and are not given yet are likelier. Returns a path, or "" where nothing is near.
std::string suggest_key(std::string_view table, std::string_view name,
                        const TableData* written = nullptr);

/// "a, b and c".
std::string list_words(std::span<const std::string> words);

}  // namespace otto
