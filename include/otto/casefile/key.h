#pragma once
// Every key of the case file is declared once, beside the code that reads it. The parser, the
// error messages, the JSON Schema, `otto explain`, the reference page and the resolved case are
// all generated from these declarations.

#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace otto {

/// `real_or_reals`: a number or an array of numbers, read with Section::reals (a lone number is an
/// array of one), so that both `variance = 0.05` and `variance = [0.1, 0.2]` work. `matrix`: an
/// array of rows of numbers or expressions, read with Section::matrix. `real_or_text`: a number, or a
/// text that stands for one; Section::holds_text tells which.
enum class Type {
  real,
  integer,
  flag,
  text,
  reals,
  integers,
  flags,
  texts,
  real_or_reals,
  real_or_text,
  matrix
};

/// Values a number (or each entry of an array of numbers) may take.
struct Range {
  double min = -std::numeric_limits<double>::infinity();  ///< itself allowed unless `above`
  double max = std::numeric_limits<double>::infinity();   ///< itself allowed unless `below`
  bool above = false;                                     ///< strictly greater than `min`
  bool below = false;                                     ///< strictly less than `max`
};
inline constexpr Range any_number{};                       ///< the default
inline constexpr Range positive{.min = 0, .above = true};  ///< x > 0
inline constexpr Range non_negative{.min = 0};             ///< x >= 0

/// One declared key.
struct Key {
  std::string path;           ///< "time.step"; entries of `[[energy]]` are "energy.kind"
  Type type = Type::real;     ///< what the value must be
  std::string doc;            ///< one sentence, ending in a full stop
  std::string fallback = {};  ///< default as TOML text ("0.01", "\"box\"", "[1, 2]"); "" = none
  bool required = false;      ///< an error if its table is present (or required) without it
  Range range = any_number;   ///< for numbers and arrays of numbers
  std::string when = {};      ///< "kind=external": allowed only beside this value; "" = always.
                              ///< Alternatives by '|': "kind=gaussian|gibbs"
  std::string unit = {};      ///< "" = dimensionless
  std::string equation = {};  ///< the formula it stands in, plain text
  bool file = false;          ///< a file name: relative ones are relative to the case's folder
};

/// One admissible value of a text key that names a registered thing (a scheme, a flux, a library
/// potential). A text key with at least one choice accepts only its choices.
struct Choice {
  std::string path;           ///< the key, e.g. "time.scheme"
  std::string value;          ///< e.g. "tr_bdf2"
  std::string doc;            ///< one sentence
  std::string equation = {};  ///< the formula it stands for, plain text
  bool later = false;  ///< a name kept for a later version: choosing it is an error that says so
};

/// One declared table. `repeated` is an array of tables (`[[energy]]`).
struct Table {
  std::string path;       ///< "mesh", "energy"; a table inside another "diffusion.region"
  std::string doc;        ///< one sentence
  bool required = false;  ///< an error without it
  bool repeated = false;  ///< written `[[path]]`, any number of times
  bool open = false;      ///< any key allowed ([petsc])
  std::vector<std::string> unless = {};  ///< keys of other tables beside which it is not required
};

/// Put one of these at namespace scope in the .cpp that reads the keys.
struct Declare {
  /// Adds to what is declared. A key declared twice, but for one with two conditions on the same
  /// other key, is an InternalError when the declarations are first asked for.
  Declare(std::initializer_list<Table> tables, std::initializer_list<Key> keys,
          std::initializer_list<Choice> choices = {});
};

/// Everything declared, sorted by path (tables first seen first).
const std::vector<Table>& declared_tables();
const std::vector<Key>& declared_keys();        ///< sorted by path
const std::vector<Choice>& declared_choices();  ///< of all keys
/// nullptr where nothing of that path is declared.
const Key* find_key(std::string_view path);
const Table* find_table(std::string_view path);  ///< nullptr where there is none
/// Of one key; none where it takes any text.
std::vector<Choice> choices_of(std::string_view path);

}  // namespace otto
