#pragma once
// Expressions of the case file in x, y, z, t (muParser).

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "otto/core/point.h"

namespace otto {

class Section;

/// A compiled expression. Not thread-safe; copyable (recompiles).
/// Functions: sin cos tan asin acos atan atan2 sinh cosh tanh exp log (natural) log10 sqrt abs
/// min max sign floor ceil erf erfc; operators ^ + - * / ( ), comparisons, && || and a ? b : c; constant pi.
/// As everywhere in mathematics -x^2 is -(x^2); 2^3^2 is 2^(3^2). At most 20 000 characters.
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

/// The expression of a text key; errors carry the place of the key (Section::fail).
Expression read_expression(const Section& section, std::string_view key,
                           std::vector<std::string> variables = {"x", "y", "z", "t"});
/// The expressions of an array-of-texts key.
std::vector<Expression> read_expressions(const Section& section, std::string_view key,
                                         std::vector<std::string> variables = {"x", "y", "z", "t"});

/// A caution (otto/core/caution.h) where the expression uses a coordinate that the mesh does not have
/// and that is 0 in every cell.
void check_axes(const Section& section, std::string_view key, const Expression& expression,
                int dimension);

}  // namespace otto
