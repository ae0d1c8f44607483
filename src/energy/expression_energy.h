#pragma once
// A function of x, y, z and t written in the case file.

#include "otto/casefile/expression.h"
#include "otto/casefile/section.h"
#include "otto/energy/free_energy.h"

namespace otto {

/// Compiles the expression `text` of `section`.`key`; what is wrong with it is reported there.
/// `dimension` of the mesh: a coordinate beyond it is an error too, for it would silently be 0.
Expression read_expression(const Section& section, const std::string& key, const std::string& text,
                           int dimension);

class ExpressionEnergy final : public ExternalEnergy {
 public:
  explicit ExpressionEnergy(Expression expression) : expression_(std::move(expression)) {}
  void evaluate(std::span<const Point> points, double t, std::span<double> values) const override {
    expression_.evaluate(points, t, values);
  }
  bool depends_on_time() const override { return expression_.uses("t"); }

 private:
  Expression expression_;
};

}  // namespace otto
