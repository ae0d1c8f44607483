/* Reads and writes that do less than they were asked to, or fail: preloaded (LD_PRELOAD) into a command by
   tests/restart/life.py. It strikes on regular files below OTTO_IO_FOLDER alone:

     OTTO_IO_FAULT=short   every read and write of more than one byte does about half of it
     OTTO_IO_FAULT=read    read number OTTO_IO_AFTER of a process and all after it fail with EIO
     OTTO_IO_FAULT=write   the same of writes
     OTTO_IO_FAULT=full    writes from that number on fail with ENOSPC */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long reads, writes;

static int below_folder(int file) {
  const char* folder = getenv("OTTO_IO_FOLDER");
  struct stat about;
  char link[64], path[4096];
  if (!folder || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strncmp(path, folder, strlen(folder)) == 0;
}

/* How much of an operation may be done; -1: it fails, errno is set. */
static ssize_t allowed(int file, size_t wanted, int writing) {
  const char *fault = getenv("OTTO_IO_FAULT"), *after = getenv("OTTO_IO_AFTER");
  if (!fault || wanted == 0 || !below_folder(file)) return (ssize_t)wanted;
  if (strcmp(fault, "short") == 0) return (ssize_t)(wanted - wanted / 2);
  const int mine = writing ? strcmp(fault, "read") != 0 : strcmp(fault, "read") == 0;
  long* count = writing ? &writes : &reads;
  if (!mine || (*count)++ < (after ? atol(after) : 0)) return (ssize_t)wanted;
  errno = strcmp(fault, "full") == 0 ? ENOSPC : EIO;
  return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define PLAIN(name, pointer, writing)                  \
  ssize_t name(int file, pointer data, size_t count) { \
    const ssize_t n = allowed(file, count, writing);   \
    return n < 0 ? n : REAL(name)(file, data, (size_t)n); \
  }
#define PLACED(name, pointer, offset, writing)                       \
  ssize_t name(int file, pointer data, size_t count, offset place) { \
    const ssize_t n = allowed(file, count, writing);                 \
    return n < 0 ? n : REAL(name)(file, data, (size_t)n, place);     \
  }
/* Of several pieces the first alone is cut. */
#define PIECES(name, parameters, arguments, writing)                       \
  ssize_t name parameters {                                                \
    const ssize_t n = allowed(file, count > 0 ? v[0].iov_len : 0, writing); \
    if (n < 0) return n;                                                   \
    if (count == 0 || (size_t)n == v[0].iov_len) return REAL(name) arguments; \
    const struct iovec first = {v[0].iov_base, (size_t)n};                              \
    v = &first;                                                            \
    count = 1;                                                             \
    return REAL(name) arguments;                                           \
  }

PLAIN(read, void*, 0)
PLAIN(write, const void*, 1)
PLACED(pread, void*, off_t, 0)
PLACED(pwrite, const void*, off_t, 1)
PLACED(pread64, void*, off64_t, 0)
PLACED(pwrite64, const void*, off64_t, 1)
PIECES(readv, (int file, const struct iovec* v, int count), (file, v, count), 0)
PIECES(writev, (int file, const struct iovec* v, int count), (file, v, count), 1)
PIECES(preadv, (int file, const struct iovec* v, int count, off_t at), (file, v, count, at), 0)
PIECES(pwritev, (int file, const struct iovec* v, int count, off_t at), (file, v, count, at), 1)
PIECES(preadv64, (int file, const struct iovec* v, int count, off64_t at), (file, v, count, at), 0)
PIECES(pwritev64, (int file, const struct iovec* v, int count, off64_t at), (file, v, count, at), 1)
