#include "otto/io/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "otto/core/error.h"

namespace otto {

namespace {

/// 0 or the errno of the failure.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(descriptor, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

/// fsync where the file system has it; 0 or an errno.
int sync_file(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const int error = ::fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
  ::close(descriptor);
  return error;
}

}  // namespace

std::string write_failure(const std::filesystem::path& file, int error) {
  const char* advice = "";
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    advice = "; free some space or choose another folder with -o";
  } else if (error == EACCES || error == EROFS || error == EPERM) {
    advice = "; choose a folder you may write to with -o";
  }
  return file.string() + ": cannot write: " + std::strerror(error) + advice;
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (!code && std::filesystem::is_directory(folder)) return;
  throw IoError(folder.string() + ": cannot create this folder: " +
                (code ? code.message() : "a file of that name is in the way") +
                "; choose another one with -o");
}

void replace_file(const std::filesystem::path& file, std::string_view content) {
  std::filesystem::path part = file;
  part += ".part";
  const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  int error = descriptor < 0 ? errno : write_all(descriptor, content);
  if (descriptor >= 0 && ::close(descriptor) != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(part.c_str(), file.c_str()) != 0) error = errno;
  if (error == 0) return;
  if (descriptor >= 0) ::unlink(part.c_str());
  throw IoError(write_failure(file, error));
}

void publish_file(const std::filesystem::path& part, const std::filesystem::path& file,
                  bool durable) {
  int error = durable ? sync_file(part) : 0;
  if (error == 0 && ::rename(part.c_str(), file.c_str()) != 0) error = errno;
  if (error == 0) return;
  ::unlink(part.c_str());
  throw IoError(write_failure(file, error));
}

GrowingFile::~GrowingFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void GrowingFile::open(const std::filesystem::path& file) {
  file_ = file;
  descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw IoError(write_failure(file, errno));
  written_ = 0;
}

void GrowingFile::flush() {
  if (descriptor_ < 0 || buffer_.empty()) return;
  const int error = write_all(descriptor_, buffer_);
  if (error != 0) {
    if (::ftruncate(descriptor_, written_) == 0) ::lseek(descriptor_, written_, SEEK_SET);
    throw IoError(write_failure(file_, error));
  }
  written_ += static_cast<long long>(buffer_.size());
  buffer_.clear();
}

}  // namespace otto
