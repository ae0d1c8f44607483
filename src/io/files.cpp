#include "otto/io/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "otto/core/error.h"
#include "otto/core/fault.h"

namespace otto {

namespace {

/// 0 or the errno of the failure.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const std::size_t room = fault_room(text.size());
    if (room == 0) return ENOSPC;
    const ssize_t n = ::write(descriptor, text.data(), room);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

/// fsync where the file system has it; 0 or an errno.
int sync(int descriptor) {
  return ::fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
}

/// The same for a file or folder by its name.
int sync_name(const std::filesystem::path& name) {
  const int descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  const int error = sync(descriptor);
  ::close(descriptor);
  return error;
}

/// 0 or the errno of the failure.
int rename_part(const std::filesystem::path& part, const std::filesystem::path& file,
                bool durable) {
  if (::rename(part.c_str(), file.c_str()) != 0) return errno;
  return durable ? sync_name(file.has_parent_path() ? file.parent_path() : ".") : 0;
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

void replace_file(const std::filesystem::path& file, std::string_view content, bool durable) {
  fault_point("replace_file");
  std::filesystem::path part = file;
  part += ".part";
  const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  int error = descriptor < 0 ? errno : write_all(descriptor, content);
  if (error == 0 && durable) error = sync(descriptor);
  if (descriptor >= 0 && ::close(descriptor) != 0 && error == 0) error = errno;
  if (error == 0) error = rename_part(part, file, durable);
  if (error == 0) return;
  if (descriptor >= 0) ::unlink(part.c_str());
  throw IoError(write_failure(file, error));
}

void publish_file(const std::filesystem::path& part, const std::filesystem::path& file,
                  bool durable) {
  fault_point("publish");
  int error = durable ? sync_name(part) : 0;
  if (error == 0) error = rename_part(part, file, durable);
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

void GrowingFile::open_at(const std::filesystem::path& file, long long length) {
  file_ = file;
  descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0 || ::ftruncate(descriptor_, length) != 0 ||
      ::lseek(descriptor_, length, SEEK_SET) < 0) {
    throw IoError(write_failure(file, errno));
  }
  written_ = length;
}

void GrowingFile::flush(bool durable) {
  if (descriptor_ < 0) return;
  int error = write_all(descriptor_, buffer_);
  if (error != 0) {
    if (::ftruncate(descriptor_, written_) == 0) ::lseek(descriptor_, written_, SEEK_SET);
    throw IoError(write_failure(file_, error));
  }
  written_ += static_cast<long long>(buffer_.size());
  buffer_.clear();
  error = durable ? sync(descriptor_) : 0;
  if (error != 0) throw IoError(write_failure(file_, error));
}

void GrowingFile::confirm() const {
  struct stat mine {};
  struct stat named {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &mine) != 0) return;
  if (::stat(file_.c_str(), &named) == 0 && named.st_dev == mine.st_dev &&
      named.st_ino == mine.st_ino)
    return;
  throw IoError(file_.string() +
                ": this file was moved or removed while Otto wrote into it; put it back, or run "
                "the command again");
}

}  // namespace otto
