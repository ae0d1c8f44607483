#pragma once
// The four kinds of failure, each with the exit status the command line promises.

#include <stdexcept>
#include <string>

namespace otto {

/// Exit statuses of every command (the contract of the program).
enum class ExitStatus : int {
  done = 0,
  bad_input = 2,  ///< the case, a file it names, or the command line is wrong
  numerical = 3,  ///< a solve or a step failed
  io = 4,         ///< a file could not be written or read back
  internal = 5,   ///< a defect of the program itself
  stopped = 75,   ///< stopped on request (signal, wall time); may be resumed
};

/// Base of all failures: a message that says where, what, and what to do.
class Error : public std::runtime_error {
 public:
  /// `agreed`: every rank throws the same.
  Error(ExitStatus status, const std::string& message, bool agreed = false)
      : std::runtime_error(message), status_(status), agreed_(agreed) {}
  /// What the program would exit with.
  [[nodiscard]] ExitStatus status() const noexcept { return status_; }
  /// Every rank is known to throw this same error (Comm::together).
  [[nodiscard]] bool agreed() const noexcept { return agreed_; }

 private:
  ExitStatus status_;
  bool agreed_;
};

/// The case, a file it names or an argument is wrong.
struct InputError : Error {
  /// With a message that says where, what, and what to do.
  explicit InputError(const std::string& m) : Error(ExitStatus::bad_input, m) {}
};
/// A solve or a step failed.
struct NumericalError : Error {
  /// With a message that says which, and why.
  explicit NumericalError(const std::string& m) : Error(ExitStatus::numerical, m) {}
};
/// A file could not be written or read back.
struct IoError : Error {
  /// With a message that names the file.
  explicit IoError(const std::string& m) : Error(ExitStatus::io, m) {}
};
/// A defect of Otto itself.
struct InternalError : Error {
  /// With a message for those who mend it.
  explicit InternalError(const std::string& m) : Error(ExitStatus::internal, m) {}
};

/// The Error an exception amounts to: itself, "not enough memory", or an internal error.
Error as_error(const std::exception& e);

}  // namespace otto
