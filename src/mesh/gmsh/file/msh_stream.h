#pragma once
// The numbers and words of a Gmsh file, written as text or in binary, behind one set of calls.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace otto::gmsh {

class MshStream {
 public:
  /// The whole file. Throws InputError where it cannot be read.
  explicit MshStream(const std::filesystem::path& file);

  void set_binary(bool binary) { binary_ = binary; }
  [[nodiscard]] bool binary() const { return binary_; }

  /// The next word, in text at any time.
  std::string_view word();
  /// What is left of the present line, in text at any time.
  std::string_view line();
  [[nodiscard]] bool at_end();

  /// Numbers in the way the file writes them; `what` names them in messages.
  std::int32_t integer(const char* what);
  std::int64_t size(
      const char* what);  ///< a count or a number of a node or element, never negative
  double real(const char* what);
  /// A count of things of at least `bytes` each: one that the file cannot hold is refused.
  std::int64_t count(const char* what, std::int64_t min_bytes);
  /// A number written as text even in binary files.
  std::int64_t text_integer(const char* what);
  /// Skips the line end before binary data begins.
  void begin_binary();
  /// Leaves a section: to behind "$EndNAME".
  void end_section(std::string_view name);
  /// The same for a section that nobody reads.
  void skip_section(std::string_view name);

  /// InputError "FILE:LINE: message" (in binary files "FILE, byte N: message").
  [[noreturn]] void fail(const std::string& message) const;

 private:
  std::int32_t text_int(const char* what);
  template <class T>
  T raw(const char* what);

  std::filesystem::path file_;
  std::string content_;
  std::size_t at_ = 0;
  bool binary_ = false;
};

}  // namespace otto::gmsh
