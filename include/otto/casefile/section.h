#pragma once
// One table of a case file, as the code that declares its keys reads it.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace otto {

struct CaseData;  // the parsed file with its source positions (casefile/data.h)

/// One table of a case, already validated: every key is declared, of its type and in its range.
/// A getter of a key that has neither a value nor a default throws InputError ("needs ...").
/// Asking for an undeclared key is an InternalError. Never communicates.
class Section {
 public:
  /// Made by Case::section and Case::sections. `index`: which entry of an array of tables; else -1.
  Section(std::shared_ptr<const CaseData> data, std::string path, int index);

  [[nodiscard]] bool present() const;                              ///< the user wrote this table
  [[nodiscard]] bool has(std::string_view key) const;              ///< a value or a default exists
  [[nodiscard]] bool given(std::string_view key) const;            ///< the user wrote this key
  [[nodiscard]] double real(std::string_view key) const;           ///< Type::real
  [[nodiscard]] std::int64_t integer(std::string_view key) const;  ///< Type::integer
  [[nodiscard]] bool flag(std::string_view key) const;             ///< Type::flag
  [[nodiscard]] std::string text(std::string_view key) const;      ///< Type::text
  [[nodiscard]] std::vector<double> reals(std::string_view key) const;           ///< Type::reals
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view key) const;  ///< Type::integers
  [[nodiscard]] std::vector<bool> flags(std::string_view key) const;             ///< Type::flags
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;      ///< Type::texts
  /// Of a key of Type::real_or_text: whether it holds a text, to be read with text(), or a number.
  [[nodiscard]] bool holds_text(std::string_view key) const;
  /// The rows of a matrix, numbers as text; a rectangle is not promised.
  [[nodiscard]] std::vector<std::vector<std::string>> matrix(std::string_view key) const;
  /// A file name of the case: relative ones are relative to the case file's folder.
  [[nodiscard]] std::filesystem::path file(std::string_view key) const;
  /// Keys of an open table as (name, value as text) pairs, in file order.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> entries() const;

  /// Throws InputError "FILE:LINE:COL: table.key: MESSAGE" at the key (or its table).
  [[noreturn]] void fail(std::string_view key, const std::string& message) const;
  /// "FILE:LINE:COL" of the key (or of its table where the key is not written).
  [[nodiscard]] std::string where(std::string_view key) const;

 private:
  std::shared_ptr<const CaseData> data_;
  std::string path_;
  int index_;  // entry of an array of tables, -1 for a plain table
};

}  // namespace otto
