#include "otto/energy/function.h"

#include <algorithm>

#include "expression_energy.h"

namespace otto {

namespace {

class ScaledFunction final : public ExternalEnergy {
 public:
  ScaledFunction(Function f, double factor) : f_(std::move(f)), factor_(factor) {}
  void evaluate(std::span<const Point> points, double t, std::span<double> values) const override {
    f_.evaluate(points, t, values);
    for (double& v : values) v *= factor_;
  }
  [[nodiscard]] bool depends_on_time() const override { return f_.depends_on_time(); }

 private:
  Function f_;
  double factor_;
};

}  // namespace

Function::Function(std::shared_ptr<const ExternalEnergy> values, std::array<bool, 4> uses,
                   std::string text)
    : values_(std::move(values)), uses_(uses), text_(std::move(text)) {}

bool Function::constant() const {
  return std::ranges::none_of(uses_, [](bool used) { return used; });
}

double Function::value() const {
  const Point origin{};
  double value = 0;
  evaluate({&origin, 1}, 0, {&value, 1});
  return value;
}

Function one() { return {std::make_shared<ExpressionEnergy>(Expression("1")), {}, "1"}; }

Function scaled(const Function& f, double factor) {
  if (factor == 1) return f;
  return {std::make_shared<ScaledFunction>(f, factor), f.uses(), f.text()};
}

Function read_function(const Section& section, const std::string& key, const std::string& text,
                       int dimension) {
  Expression expression = read_expression(section, key, text, dimension);
  const std::array<bool, 4> uses{expression.uses("x"), expression.uses("y"), expression.uses("z"),
                                 expression.uses("t")};
  return {std::make_shared<ExpressionEnergy>(std::move(expression)), uses, text};
}

}  // namespace otto
