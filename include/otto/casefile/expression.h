#pragma once
// Expressions of the case file in x, y, z, t (muParser).

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "otto/core/point.h"

namespace otto {

/// A compiled expression. Not thread-safe; copyable (recompiles).
/// Functions: sin cos tan asin acos atan atan2 sinh cosh tanh exp log (natural) log10 sqrt abs
/// min max sign floor erf; operators ^ + - * / ( ) and comparisons; constants pi.
class Expression {
 public:
  /// Throws InputError naming the word and its position inside the expression. `variables` are the
  /// admissible names; by default x, y, z, t.
  explicit Expression(std::string text, std::vector<std::string> variables = {"x", "y", "z", "t"});
  Expression(const Expression&);
  Expression& operator=(const Expression&);
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] bool uses(const std::string& variable) const;
  /// Values at many points; `values.size() == points.size()`. May be nan or inf: callers check.
  void evaluate(std::span<const Point> points, double t, std::span<double> values) const;
  /// One value, of the variables in the order given to the constructor.
  [[nodiscard]] double operator()(std::span<const double> variables) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
