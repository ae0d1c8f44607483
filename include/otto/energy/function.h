#pragma once
// A function of x, y, z and t as a case gives it.

#include <array>
#include <memory>
#include <span>
#include <string>

#include "otto/energy/free_energy.h"

namespace otto {

class Section;

/// Cheap to copy; all copies share the function.
class Function {
 public:
  /// `uses`: which of x, y, z and t it depends on.
  Function(std::shared_ptr<const ExternalEnergy> values, std::array<bool, 4> uses,
           std::string text);

  /// values[i] = f(points[i], t); may be nan or inf.
  void evaluate(std::span<const Point> points, double t, std::span<double> values) const {
    values_->evaluate(points, t, values);
  }
  [[nodiscard]] const std::array<bool, 4>& uses() const { return uses_; }
  [[nodiscard]] bool uses_axis(std::size_t axis) const { return uses_[axis]; }
  [[nodiscard]] bool depends_on_time() const { return uses_[3]; }
  [[nodiscard]] bool constant() const;
  /// Of a constant.
  [[nodiscard]] double value() const;
  [[nodiscard]] const std::string& text() const { return text_; }  ///< as written

 private:
  std::shared_ptr<const ExternalEnergy> values_;
  std::array<bool, 4> uses_;
  std::string text_;
};

/// The constant 1.
Function one();

/// factor f.
Function scaled(const Function& f, double factor);

/// Compiles the expression `text` of `section`.`key`, where errors are told; a coordinate that a mesh of that
/// dimension does not have is a caution.
Function read_function(const Section& section, const std::string& key, const std::string& text,
                       int dimension);

}  // namespace otto
