#pragma once
// Declarations in words: for messages, `otto explain`, the JSON Schema and the reference page.

#include <string>
#include <vector>

#include "otto/casefile/key.h"

namespace otto {

/// "a number", "an array of whole numbers", ...
std::string type_words(Type type);
bool takes_array(Type type);   ///< an array is admissible
bool takes_single(Type type);  ///< a lone value is admissible
/// "greater than 0 and at most 1"; "" where every number is admissible.
std::string range_words(const Range& range);
/// A value of the right kind, as TOML text.
std::string example_of(const Key& key);

/// `key.when` taken apart.
struct Condition {
  std::string sibling;              ///< a key of the same table
  std::vector<std::string> values;  ///< any of these
};
Condition condition_of(const Key& key);
/// 'kind = "a" or "b"'; "" without a condition.
std::string condition_words(const Key& key);

/// "[mesh]" or "[[energy]]".
std::string header_of(const Table& table);
/// The keys of one table, "" for those above the first table.
std::vector<Key> keys_of_table(const std::string& table);

/// The value `value` of the key `by` makes no use of the key `path` of another table ("jko" of
/// "time.scheme" none of "flux.kind"): its default is left out of the resolved case, which would be
/// refused with it.
void declare_unused(const std::string& path, const std::string& by, const std::string& value);

/// What is known about a key ("time.step"), a table ("time"), a choice ("tr_bdf2") or a bare key
/// name ("step"); "" lists the tables. Throws InputError with a suggestion on an unknown word.
std::string explain(const std::string& word);
/// The JSON Schema (draft 2020-12) of the case file.
std::string schema_text();
/// The same in the words of draft 4, which editors for TOML read.
std::string schema_text_of_draft_4();
/// The reference page of the case file (Markdown).
std::string reference_page();

}  // namespace otto
