#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "otto/casefile/expression.h"
#include "otto/core/error.h"

namespace otto {
namespace {

double value(const std::string& text, const Point& p = {}, double t = 0) {
  double v = 0;
  Expression(text).evaluate(std::span(&p, 1), t, std::span(&v, 1));
  return v;
}

void expect_error(const std::string& text, const std::string& expected) {
  try {
    const Expression e(text);
    ADD_FAILURE() << "accepted: " << text;
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find(expected), std::string::npos)
        << text << "\n -> " << e.what();
  }
}

TEST(Expression, EvaluatesAsMathematicsDoes) {
  EXPECT_DOUBLE_EQ(value("2*(x^2-1)^2 + 2*y^2", {3, 2, 0}), 136);
  EXPECT_DOUBLE_EQ(value("-x^2", {3, 0, 0}), -9);
  EXPECT_DOUBLE_EQ(value("2^3^2"), 512);
  EXPECT_DOUBLE_EQ(value("2^-1"), 0.5);
  EXPECT_DOUBLE_EQ(value("1 - 2 - 3"), -4);
  EXPECT_DOUBLE_EQ(value("8/4/2"), 1);
  EXPECT_DOUBLE_EQ(value("log(x)", {std::exp(2.0), 0, 0}), 2);
  EXPECT_DOUBLE_EQ(value("log10(1000)"), 3);
  EXPECT_DOUBLE_EQ(value("1.5e-3 + 2E2 + .5"), 200.5015);
  EXPECT_DOUBLE_EQ(value("sin(pi/2) + cos(0) + tan(0)"), 2);
  EXPECT_DOUBLE_EQ(value("min(3, x, 2) + max(1, 5)", {1, 0, 0}), 6);
  EXPECT_DOUBLE_EQ(value("sign(-2) + sign(0) + abs(-3) + floor(1.7)"), 3);
  EXPECT_DOUBLE_EQ(value("erf(0.5)"), std::erf(0.5));
  EXPECT_DOUBLE_EQ(value("atan2(1, -1)"), 0.75 * std::numbers::pi);
  EXPECT_DOUBLE_EQ(value("x > 1 ? 10 : 20", {2, 0, 0}), 10);
  EXPECT_DOUBLE_EQ(value("(x <= 1) + (x >= 1) + (x == 1) + (x != 1)", {1, 0, 0}), 3);
  EXPECT_DOUBLE_EQ(value("x + 10*y + 100*z + 1000*t", {1, 2, 3}, 4), 4321);
  EXPECT_DOUBLE_EQ(value("x\n +\t1", {1, 0, 0}), 2);
  EXPECT_TRUE(std::isinf(value("1/x")));
  EXPECT_TRUE(std::isnan(value("sqrt(-1)")));
}

TEST(Expression, LongOnesWork) {
  std::string text = "0";
  double expected = 0;
  for (int i = 1; i <= 700; ++i) {
    text += "+sin(" + std::to_string(i) + "*x)";
    expected += std::sin(i * 0.3);
  }
  ASSERT_GT(text.size(), 7000u);
  EXPECT_NEAR(value(text, {0.3, 0, 0}), expected, 1e-12);
  std::string nested;
  for (int i = 0; i < 300; ++i) nested += "(x+";
  nested += "0" + std::string(300, ')');
  EXPECT_DOUBLE_EQ(value(nested, {1, 0, 0}), 300);
  expect_error(std::string(30000, '1'), "30000 characters");
}

TEST(Expression, EvaluatesInBulk) {
  const Expression e("x*y - t");
  std::vector<Point> points;
  for (int i = 0; i < 1000; ++i) points.push_back({0.1 * i, 2.0 - i, 0});
  std::vector<double> values(points.size());
  e.evaluate(points, 0.5, values);
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(values[i], points[i][0] * points[i][1] - 0.5);
  }
}

// Blocks of points and one point at a time are two evaluators of the same code.
TEST(Expression, BulkAgreesWithOnePointAtATime) {
  std::vector<Point> points;
  for (int i = 0; i < 1001; ++i) {
    points.push_back({-2 + 0.004 * i, std::sin(0.1 * i), 1.5 - 0.001 * i});
  }
  for (const char* text : {"0",
                           "x",
                           "-x",
                           "3*x + 1",
                           "x^2 + y^3 - z^4",
                           "(x+y)^2*(x-y)^5",
                           "(x*x+1)^-1.5",
                           "2^x",
                           "(x^2+y^2)^0",
                           "x^17",
                           "exp(-(x^2+y^2+z^2)/(2*0.05))/(2*pi*0.05)^1.5",
                           "min(x, y, z, t)",
                           "max(x, 0.5) - atan2(y, x)",
                           "abs(x) + sign(y) + floor(3*z)",
                           "x < y || y >= z && x != 0",
                           "(x <= 0) * (y > 0) + (x == y)",
                           "x > 0 ? y : z",
                           "t*x - x/t",
                           "log(1 + x^2) + erf(y)",
                           "1/(1 + exp(-(x - t)))",
                           "sqrt(x^2+1e-3)*cos(pi*y)*tanh(z)"}) {
    const Expression e(text);
    std::vector<double> values(points.size());
    e.evaluate(points, 0.75, values);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const std::array<double, 4> at{points[i][0], points[i][1], points[i][2], 0.75};
      const double one = e(at);
      ASSERT_NEAR(values[i], one, 1e-14 * (1 + std::abs(one))) << text << " at point " << i;
    }
  }
}

TEST(Expression, CopiesAndOtherVariables) {
  Expression a("r^2", {"r"});
  const Expression b = a;
  const double r = 3;
  EXPECT_EQ(b(std::span(&r, 1)), 9);
  a = Expression("r", {"r"});
  EXPECT_EQ(a(std::span(&r, 1)), 3);
  EXPECT_EQ(b.text(), "r^2");
  EXPECT_TRUE(b.uses("r"));
  EXPECT_FALSE(Expression("x + y").uses("t"));
  EXPECT_TRUE(Expression("x + 0*t").uses("t"));
  expect_error("r^2", "unknown name 'r'");
}

TEST(Expression, ErrorsNameTheWordItsPositionAndTheNearest) {
  expect_error("", "empty");
  expect_error("  ", "empty");
  expect_error("2*expp(x)",
               "unknown function 'expp' (position 3, near '2*expp(x)'); did you mean "
               "'exp'?");
  expect_error("x + u", "unknown name 'u' (position 5");
  expect_error("x + PI", "it is written pi");
  expect_error("x**2", "powers are written x^2");
  expect_error("|x|", "absolute values are written abs(x)");
  expect_error("x & 1", "'and' is &&");
  expect_error("!x", "a ? 0 : 1");
  expect_error("x % 2", "x - y*floor(x/y)");
  expect_error("np.sin(x)", "functions stand alone");
  expect_error("r^2", "sqrt(x^2 + y^2)");
  expect_error("x\xc2\xb2", "squares x^2");
  expect_error("1,5*x", "decimals are written 0.5");
  expect_error("x = 2", "equality is written ==");
  expect_error("2x", "an operator is missing");
  expect_error("x(1)", "'x' is not a function");
  expect_error("sin x", "needs its argument in parentheses");
  expect_error("sin(x", "closing parenthesis");
  expect_error("x)", "parenthesis does not fit");
  expect_error("x + ", "it ends where a value is needed");
  expect_error("*x", "has no value beside it");
  expect_error("x, y", "comma");
  expect_error("sin(x, y)", "too many arguments");
  expect_error("atan2(x)", "too few arguments");
  expect_error("min()", "");
  expect_error("x + \xc3\xa9", "position 5 holds a character that is not plain ASCII");
  expect_error("x # y", "'#'");
  expect_error("\"x\"", "has no meaning");
  expect_error("nan", "unknown name 'nan'");
  expect_error("1.2.3", "");
  expect_error("x ? 1", "");
}

}  // namespace
}  // namespace otto
