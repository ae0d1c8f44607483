#pragma once
// Plain files, written so that a failure is seen, named, and leaves nothing half done.

#include <filesystem>
#include <string>
#include <string_view>

namespace otto {

/// Replaces the content of `file`: written to `file.part`, then renamed over it; `durable` waits
/// for the disk before and after. Throws IoError naming the file; the earlier content stays then.
/// Not collective.
void replace_file(const std::filesystem::path& file, std::string_view content,
                  bool durable = false);

/// Makes a folder with its parents. Throws IoError naming it.
void make_folder(const std::filesystem::path& folder);

/// Renames `part` to `file`; `durable` waits until its content and its name are on the disk. Throws
/// IoError and removes `part`.
void publish_file(const std::filesystem::path& part, const std::filesystem::path& file,
                  bool durable);

/// "FILE: cannot write: No space left on device (what to do)" for an errno value.
[[nodiscard]] std::string write_failure(const std::filesystem::path& file, int error);

/// A text file that grows. What was flushed stays whole: a failed flush cuts the file back to the
/// last one that succeeded.
class GrowingFile {
 public:
  GrowingFile() = default;
  ~GrowingFile();
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  /// Creates or empties the file. Throws IoError.
  void open(const std::filesystem::path& file);
  /// Opens a file to grow from its first `length` bytes on; what follows them is cut off. Throws
  /// IoError.
  void open_at(const std::filesystem::path& file, long long length);
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  void append(std::string_view text) { buffer_ += text; }
  [[nodiscard]] std::string& buffer() { return buffer_; }
  /// Hands the buffer to the operating system; `durable` waits for the disk. Throws IoError.
  void flush(bool durable = false);
  /// Throws IoError where the file is no longer there under its name, and what was written into it with it.
  void confirm() const;

 private:
  std::filesystem::path file_;
  std::string buffer_;
  int descriptor_ = -1;
  long long written_ = 0;
};

}  // namespace otto
