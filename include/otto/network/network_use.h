#pragma once
// The networks of a case, shared by the terms that evaluate them and by those who report on them.

#include <filesystem>
#include <memory>
#include <span>

#include "otto/network/network_module.h"

namespace otto {

class NetworkUse {
 public:
  NetworkUse(std::filesystem::path file, NetworkFile read, bool external)
      : file_(std::move(file)), read_(std::move(read)), external_(external) {}

  /// values[i] = U(points[i]). Never communicates. Throws InputError naming the file.
  void evaluate(std::span<const Point> points, std::span<double> values) const;

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] const NetworkFunction& network() const { return *read_.network; }
  [[nodiscard]] const std::string& hash() const { return read_.hash; }
  /// Of an external energy, not of a kernel, whose arguments are differences.
  [[nodiscard]] bool external() const { return external_; }
  /// Spent in evaluate() on this rank.
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  std::filesystem::path file_;
  NetworkFile read_;
  bool external_;
  mutable double seconds_ = 0;
};

}  // namespace otto
