#pragma once
// A compiled expression evaluated for blocks of points at a time, so that the compiler can
// vectorise each operation instead of interpreting the whole expression once per point.

#include <muParser.h>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "otto/core/point.h"

namespace otto {

class BulkEvaluator {
 public:
  /// Takes over muParser's reverse Polish code. `variables` are the addresses of x, y, z and t as
  /// the parser knows them (null: not a variable of the expression). Nothing where the code holds
  /// what is not evaluated in blocks (a ? b : c).
  static std::optional<BulkEvaluator> make(const mu::Parser& parser,
                                           std::span<const double* const, 4> variables);

  /// values[i] at points[i]; the spans have equal sizes.
  void evaluate(std::span<const Point> points, double t, std::span<double> values);

 private:
  struct Step {
    mu::ECmdCode code;
    int variable = 0;              // 0-3: x, y, z, t
    double factor = 0, shift = 0;  // a value, or those of factor * variable + shift
    mu::generic_callable_type function{};
    int arguments = 0;
  };
  static constexpr std::size_t block = 256;  // points; a stack of 8 such blocks fits the L1 cache

  static std::optional<Step> translate(const mu::SToken& token,
                                       std::span<const double* const, 4> variables);
  void load(std::span<const Point> points, double t);
  void run(std::size_t n);
  double* push();
  void apply_variable(const Step& step, std::size_t n);
  void apply_operator(mu::ECmdCode code, std::size_t n);
  void apply_power(int k, std::size_t n);
  void apply_function(const Step& step, std::size_t n);

  std::vector<Step> steps_;
  std::vector<double> inputs_;  // x, y, z, t of a block, one after the other
  std::vector<double> stack_;
  std::size_t height_ = 0;  // blocks on the stack
};

}  // namespace otto
