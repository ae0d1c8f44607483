#pragma once
// A case: the validated, resolved content of a case file.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "otto/core/comm.h"

namespace otto {

struct CaseData;  // the parsed file with its source positions (casefile/data.h)

/// One table of a case, already validated: every key is declared, of its type and in its range.
/// A getter of a key that has neither a value nor a default throws InputError ("needs ...").
/// Asking for an undeclared key is an InternalError. Never communicates.
class Section {
 public:
  Section(std::shared_ptr<const CaseData> data, std::string path, int index);

  [[nodiscard]] bool present() const;                    ///< the user wrote this table
  [[nodiscard]] bool has(std::string_view key) const;    ///< a value or a default exists
  [[nodiscard]] bool given(std::string_view key) const;  ///< the user wrote this key
  [[nodiscard]] double real(std::string_view key) const;
  [[nodiscard]] std::int64_t integer(std::string_view key) const;
  [[nodiscard]] bool flag(std::string_view key) const;
  [[nodiscard]] std::string text(std::string_view key) const;
  [[nodiscard]] std::vector<double> reals(std::string_view key) const;
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view key) const;
  [[nodiscard]] std::vector<bool> flags(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  /// The rows of a matrix; a rectangle is not promised.
  [[nodiscard]] std::vector<std::vector<double>> matrix(std::string_view key) const;
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

class Case {
 public:
  explicit Case(std::shared_ptr<const CaseData> data);
  [[nodiscard]] Section section(std::string_view table) const;                ///< present or not
  [[nodiscard]] std::vector<Section> sections(std::string_view table) const;  ///< of `[[table]]`
  [[nodiscard]] Section root() const;  ///< top-level keys such as `title`
  [[nodiscard]] const std::filesystem::path& file() const;
  /// Every key that has a value, in the order of the declarations: "time.step", "energy[2].kind"
  /// (entries of an array of tables count from 1), the value as TOML text, file names as written.
  struct Settled {
    std::string key, value;
    bool given = false;  ///< else the default
    bool file = false;   ///< names a file
  };
  [[nodiscard]] std::vector<Settled> settled() const;
  /// The whole case as TOML, every key written out, defaults marked.
  [[nodiscard]] std::string resolved() const;

 private:
  std::shared_ptr<const CaseData> data_;
};

/// Reads and validates a case file. `settings` are "table.key=value" overrides; "energy[1].key"
/// addresses an entry of an array of tables. Throws InputError with file:line:column, the
/// offending word and the nearest valid one. Not collective.
Case parse_case(const std::string& text, const std::filesystem::path& file,
                std::span<const std::string> settings = {});

/// Collective: rank 0 reads the file, every rank gets the same case or the same InputError.
Case read_case(const Comm& comm, const std::filesystem::path& file,
               std::span<const std::string> settings = {});

}  // namespace otto
