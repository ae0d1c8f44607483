#include "otto/io/h5_trial.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "otto/core/confinement.h"
#include "otto/io/h5_handle.h"

namespace otto {

namespace {

constexpr std::array crashes{SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU};
constexpr double patience = 5;            // seconds of processor time for a small file
constexpr double bytes_per_second = 2e7;  // far below what any disk or decompression gives
constexpr std::uint64_t memory_bytes = 2ULL << 30;  // beyond what the program has: pieces are small

/// Crashes end the process without a word and without a core; so does work without end. It can do nothing but read.
void make_expendable(double size) {
  for (const int signal : crashes) std::signal(signal, SIG_DFL);
  close_descriptors_but(-1);
  confine({.cpu_seconds = patience + size / bytes_per_second, .memory_bytes = memory_bytes});
}

/// Reads a dataset in pieces; what cannot be read is passed over.
herr_t read_dataset(hid_t group, const char* name, const H5L_info_t*, void*) {
  constexpr hsize_t max_numbers = 1 << 20;  // numbers at once
  const hid_t data = H5Dopen2(group, name, H5P_DEFAULT);
  if (data < 0) return 0;
  const hid_t space = H5Dget_space(data);
  hsize_t extent[2] = {0, 1};
  const int axes = H5Sget_simple_extent_ndims(space);
  if (axes != 1 && axes != 2) return 0;
  H5Sget_simple_extent_dims(space, extent, nullptr);
  if (extent[1] == 0 || extent[1] > max_numbers) return 0;
  const hsize_t rows = std::max<hsize_t>(max_numbers / extent[1], 1);
  std::vector<double> values(rows * extent[1]);
  for (hsize_t first = 0; first < extent[0]; first += rows) {
    const hsize_t start[2] = {first, 0}, count[2] = {std::min(rows, extent[0] - first), extent[1]};
    const hsize_t length = count[0] * count[1];
    if (H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, nullptr) < 0) return 0;
    const hid_t memory = H5Screate_simple(1, &length, nullptr);
    const herr_t status =
        H5Dread(data, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, values.data());
    H5Sclose(memory);
    if (status < 0) return 0;
  }
  return 0;
}

void read_everything(const std::filesystem::path& file) {
  quiet_h5();
  const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (id >= 0) H5Lvisit(id, H5_INDEX_NAME, H5_ITER_NATIVE, read_dataset, nullptr);
}

}  // namespace

bool survives_h5(const std::filesystem::path& file) {
  std::error_code code;
  const auto size = static_cast<double>(std::filesystem::file_size(file, code));
  if (code) return true;
  const pid_t child = fork();
  if (child < 0) return true;  // no process to spare: read without a trial
  if (child == 0) {
    make_expendable(size);
    read_everything(file);
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return !WIFSIGNALED(status) || std::ranges::find(crashes, WTERMSIG(status)) == crashes.end();
}

}  // namespace otto
