#include "bulk_evaluator.h"

#include <algorithm>
#include <cmath>

namespace otto {

namespace {

template <class F>
void combine(double* a, const double* b, std::size_t n, F f) {
  for (std::size_t i = 0; i < n; ++i) a[i] = f(a[i], b[i]);
}

bool is_operator(mu::ECmdCode code) { return code <= mu::cmLOR; }

bool is_variable(mu::ECmdCode code) {
  return code == mu::cmVAR || (code >= mu::cmVARPOW2 && code <= mu::cmVARMUL);
}

// A constant and cmPOW in one step: most powers are small and whole.
constexpr mu::ECmdCode whole_power_of_top = mu::cmUNKNOWN;

// x^k for whole k >= 0 by squaring.
double whole_power(double x, int k) {
  double power = 1;
  for (; k > 0; k /= 2, x *= x) {
    if (k % 2 == 1) power *= x;
  }
  return power;
}

bool is_small_and_whole(double k) { return k >= 0 && k <= 16 && k == std::floor(k); }

}  // namespace

std::optional<BulkEvaluator::Step> BulkEvaluator::translate(
    const mu::SToken& token, std::span<const double* const, 4> variables) {
  Step step{.code = token.Cmd};
  if (is_operator(token.Cmd)) return step;
  if (token.Cmd == mu::cmVAL) {
    step.shift = token.Val.data2;
    return step;
  }
  if (token.Cmd == mu::cmFUNC) {
    step.function = token.Fun.cb;
    step.arguments = token.Fun.argc;  // negative: of a function of any number of arguments
    const bool callable = step.arguments == 1 || step.arguments == 2 || step.arguments < 0;
    return callable ? std::optional(step) : std::nullopt;
  }
  if (!is_variable(token.Cmd)) return std::nullopt;
  const auto* found = std::find(variables.data(), variables.data() + 4, token.Val.ptr);
  if (found == variables.data() + 4) return std::nullopt;
  step.variable = static_cast<int>(found - variables.data());
  step.factor = token.Val.data;
  step.shift = token.Val.data2;
  return step;
}

std::optional<BulkEvaluator> BulkEvaluator::make(const mu::Parser& parser,
                                                 std::span<const double* const, 4> variables) {
  const mu::ParserByteCode& code = parser.GetByteCode();
  BulkEvaluator bulk;
  for (const mu::SToken* token = code.GetBase(); token->Cmd != mu::cmEND; ++token) {
    const auto step = translate(*token, variables);
    if (!step) return std::nullopt;
    const bool constant = !bulk.steps_.empty() && bulk.steps_.back().code == mu::cmVAL;
    if (step->code == mu::cmPOW && constant && is_small_and_whole(bulk.steps_.back().shift)) {
      bulk.steps_.back().code = whole_power_of_top;
    } else {
      bulk.steps_.push_back(*step);
    }
  }
  bulk.inputs_.resize(4 * block);
  bulk.stack_.resize((code.GetMaxStackSize() + 1) * block);
  return bulk;
}

void BulkEvaluator::evaluate(std::span<const Point> points, double t, std::span<double> values) {
  for (std::size_t first = 0; first < points.size(); first += block) {
    const std::size_t n = std::min(block, points.size() - first);
    load(points.subspan(first, n), t);
    run(n);
    std::copy_n(stack_.data(), n, values.data() + first);
  }
}

void BulkEvaluator::load(std::span<const Point> points, double t) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    double* x = inputs_.data() + axis * block;
    for (std::size_t i = 0; i < points.size(); ++i) x[i] = points[i][axis];
  }
  std::fill_n(inputs_.data() + 3 * block, block, t);
}

double* BulkEvaluator::push() { return stack_.data() + block * height_++; }

void BulkEvaluator::run(std::size_t n) {
  height_ = 0;
  for (const Step& step : steps_) {
    if (step.code == mu::cmVAL) {
      std::fill_n(push(), n, step.shift);
    } else if (step.code == whole_power_of_top) {
      apply_power(static_cast<int>(step.shift), n);
    } else if (step.code == mu::cmFUNC) {
      apply_function(step, n);
    } else if (is_variable(step.code)) {
      apply_variable(step, n);
    } else {
      apply_operator(step.code, n);
    }
  }
}

void BulkEvaluator::apply_variable(const Step& step, std::size_t n) {
  const double* x = inputs_.data() + static_cast<std::size_t>(step.variable) * block;
  double* top = push();
  const auto fill = [&](auto f) {
    for (std::size_t i = 0; i < n; ++i) top[i] = f(x[i]);
  };
  switch (step.code) {
    case mu::cmVARPOW2:
      return fill([](double v) { return v * v; });
    case mu::cmVARPOW3:
      return fill([](double v) { return v * v * v; });
    case mu::cmVARPOW4:
      return fill([](double v) { return v * v * v * v; });
    case mu::cmVARMUL:
      return fill([&](double v) { return step.factor * v + step.shift; });
    default:
      return fill([](double v) { return v; });
  }
}

void BulkEvaluator::apply_operator(mu::ECmdCode code, std::size_t n) {
  --height_;
  const double* b = stack_.data() + block * height_;
  double* a = stack_.data() + block * (height_ - 1);
  switch (code) {
    case mu::cmADD:
      return combine(a, b, n, [](double x, double y) { return x + y; });
    case mu::cmSUB:
      return combine(a, b, n, [](double x, double y) { return x - y; });
    case mu::cmMUL:
      return combine(a, b, n, [](double x, double y) { return x * y; });
    case mu::cmDIV:
      return combine(a, b, n, [](double x, double y) { return x / y; });
    case mu::cmPOW:
      return combine(a, b, n, [](double x, double y) { return std::pow(x, y); });
    case mu::cmLE:
      return combine(a, b, n, [](double x, double y) { return double(x <= y); });
    case mu::cmGE:
      return combine(a, b, n, [](double x, double y) { return double(x >= y); });
    case mu::cmLT:
      return combine(a, b, n, [](double x, double y) { return double(x < y); });
    case mu::cmGT:
      return combine(a, b, n, [](double x, double y) { return double(x > y); });
    case mu::cmEQ:
      return combine(a, b, n, [](double x, double y) { return double(x == y); });
    case mu::cmNEQ:
      return combine(a, b, n, [](double x, double y) { return double(x != y); });
    case mu::cmLAND:
      return combine(a, b, n, [](double x, double y) { return double(x && y); });
    default:
      return combine(a, b, n, [](double x, double y) { return double(x || y); });
  }
}

void BulkEvaluator::apply_power(int k, std::size_t n) {
  double* a = stack_.data() + block * (height_ - 1);
  if (k == 2) return combine(a, a, n, [](double x, double y) { return x * y; });
  for (std::size_t i = 0; i < n; ++i) a[i] = whole_power(a[i], k);
}

void BulkEvaluator::apply_function(const Step& step, std::size_t n) {
  const auto count = static_cast<std::size_t>(std::abs(step.arguments));
  height_ -= count - 1;
  double* a = stack_.data() + block * (height_ - 1);
  if (step.arguments == 1) {
    for (std::size_t i = 0; i < n; ++i) a[i] = step.function.call_fun<1>(a[i]);
  } else if (step.arguments == 2) {
    for (std::size_t i = 0; i < n; ++i) a[i] = step.function.call_fun<2>(a[i], a[block + i]);
  } else {
    std::vector<double> arguments(count);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < count; ++j) arguments[j] = a[j * block + i];
      a[i] = step.function.call_multfun(arguments.data(), static_cast<int>(count));
    }
  }
}

}  // namespace otto
