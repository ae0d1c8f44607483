#pragma once
// A case: the validated, resolved content of a case file.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "otto/casefile/section.h"
#include "otto/core/comm.h"

namespace otto {

/// The tables of a validated case; a value, cheap to copy.
class Case {
 public:
  /// From what the parser made of a file; see parse_case and read_case.
  explicit Case(std::shared_ptr<const CaseData> data);
  [[nodiscard]] Section section(std::string_view table) const;                ///< present or not
  [[nodiscard]] std::vector<Section> sections(std::string_view table) const;  ///< of `[[table]]`
  [[nodiscard]] Section root() const;                       ///< top-level keys such as `title`
  [[nodiscard]] const std::filesystem::path& file() const;  ///< where it was read
  /// A key and its value.
  struct Settled {
    std::string key;     ///< "time.step", "energy[2].kind" (entries of an array count from 1)
    std::string value;   ///< as TOML text, file names as written
    bool given = false;  ///< else the default
    bool file = false;   ///< names a file
  };
  /// Every key that has a value, in the order of the declarations.
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
