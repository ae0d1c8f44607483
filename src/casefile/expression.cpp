// Expressions on muParser. Names and characters are checked here first, so that a message can name
// the word, its position and the nearest valid word; muParser then checks the structure.

#include "otto/casefile/expression.h"

#include <fmt/format.h>
#include <muParser.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <optional>

#include "bulk_evaluator.h"
#include "otto/casefile/case.h"
#include "otto/casefile/suggest.h"
#include "otto/casefile/versions.h"
#include "otto/core/caution.h"
#include "otto/core/error.h"

namespace otto {

namespace {

// ---- functions ----------------------------------------------------------------------------------

double sign(double x) { return (x > 0) - (x < 0); }

double smallest(const double* x, int n) { return n > 0 ? *std::min_element(x, x + n) : NAN; }
double largest(const double* x, int n) { return n > 0 ? *std::max_element(x, x + n) : NAN; }

using OneArgument = double (*)(double);
struct Function {
  const char* name;
  OneArgument call;
};
constexpr std::array<Function, 19> functions{{{"sin", std::sin},
                                              {"cos", std::cos},
                                              {"tan", std::tan},
                                              {"asin", std::asin},
                                              {"acos", std::acos},
                                              {"atan", std::atan},
                                              {"sinh", std::sinh},
                                              {"cosh", std::cosh},
                                              {"tanh", std::tanh},
                                              {"exp", std::exp},
                                              {"log", std::log},
                                              {"log10", std::log10},
                                              {"sqrt", std::sqrt},
                                              {"abs", std::fabs},
                                              {"sign", sign},
                                              {"floor", std::floor},
                                              {"ceil", std::ceil},
                                              {"erf", std::erf},
                                              {"erfc", std::erfc}}};

/// Words of other languages, and how the same is written here.
struct Foreign {
  const char *word, *here;
};
constexpr Foreign foreign[] = {{"ln", "the natural logarithm is written log(x)"},
                               {"log2", "write log(x)/log(2)"},
                               {"pow", "powers are written x^2"},
                               {"power", "powers are written x^2"},
                               {"sqr", "squares are written x^2"},
                               {"square", "squares are written x^2"},
                               {"cbrt", "write sign(x)*abs(x)^(1/3)"},
                               {"e", "write exp(1), and exp(x) for e^x"},
                               {"E", "write exp(1), and exp(x) for e^x"},
                               {"fabs", "the absolute value is written abs(x)"},
                               {"mod", "write x - y*floor(x/y)"},
                               {"fmod", "write x - y*floor(x/y)"},
                               {"round", "write floor(x + 0.5)"},
                               {"if", "write a ? b : c"},
                               {"where", "write a ? b : c"},
                               {"heaviside", "write x > 0 ? 1 : 0"},
                               {"arcsin", "it is written asin(x)"},
                               {"arccos", "it is written acos(x)"},
                               {"arctan", "it is written atan(x)"},
                               {"arctan2", "it is written atan2(y, x)"},
                               {"and", "write &&"},
                               {"or", "write ||"},
                               {"not", "write a ? 0 : 1"},
                               {"np", "functions stand alone: sin(x), exp(x)"},
                               {"numpy", "functions stand alone: sin(x), exp(x)"},
                               {"math", "functions stand alone: sin(x), exp(x)"},
                               {"r", "the distance from 0 is written sqrt(x^2 + y^2)"},
                               {"inf", "values must be finite"},
                               {"nan", "values must be finite"},
                               {"Pi", "it is written pi"},
                               {"PI", "it is written pi"}};

std::vector<std::string> function_names() {
  std::vector<std::string> names{"atan2", "min", "max"};
  for (const Function& f : functions) names.emplace_back(f.name);
  return names;
}

void define_words(mu::Parser& parser) {
  parser.ClearFun();
  parser.ClearConst();
  parser.ClearPostfixOprt();
  for (const Function& f : functions) parser.DefineFun(f.name, f.call);
  parser.DefineFun("atan2", static_cast<double (*)(double, double)>(std::atan2));
  parser.DefineFun("min", smallest);
  parser.DefineFun("max", largest);
  parser.DefineConst("pi", std::numbers::pi);
}

// ---- names and characters -----------------------------------------------------------------------

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// "near '...x + foo*y...'" around a position.
std::string near(const std::string& text, std::size_t position) {
  constexpr std::size_t around = 12;
  const std::size_t from = position > around ? position - around : 0;
  const std::string piece = text.substr(from, 2 * around);
  return fmt::format("position {}, near '{}{}{}'", position + 1, from > 0 ? "..." : "", piece,
                     from + piece.size() < text.size() ? "..." : "");
}

// Past a number such as 12, .5, 1.5e-3.
std::size_t skip_number(const std::string& s, std::size_t i) {
  while (i < s.size() && (is_digit(s[i]) || s[i] == '.')) ++i;
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    std::size_t j = i + 1;
    if (j < s.size() && (s[j] == '+' || s[j] == '-')) ++j;
    if (j < s.size() && is_digit(s[j])) {
      while (j < s.size() && is_digit(s[j])) ++j;
      return j;
    }
  }
  return i;
}

struct Words {
  std::vector<std::string> variables, names;
};

void check_word(const std::string& text, std::size_t from, std::size_t to, const Words& words) {
  const std::string word = text.substr(from, to - from);
  const auto known = [&](const std::vector<std::string>& list) {
    return std::find(list.begin(), list.end(), word) != list.end();
  };
  const auto open = text.find_first_not_of(' ', to);
  const bool called = open != std::string::npos && text[open] == '(';
  if (known(words.variables) || word == "pi") {
    if (!called) return;
    throw InputError(fmt::format("'{}' is not a function ({}); a product is written {}*(...)", word,
                                 near(text, from), word));
  }
  if (known(words.names)) {
    if (called) return;
    throw InputError(fmt::format("the function '{}' needs its argument in parentheses ({})", word,
                                 near(text, from)));
  }
  for (const auto& [other, here] : foreign) {
    if (word != other) continue;
    throw InputError(fmt::format("unknown {} '{}' ({}): {}", called ? "function" : "name", word,
                                 near(text, from), here));
  }
  std::vector<std::string> valid = called ? words.names : words.variables;
  if (!called) valid.insert(valid.end(), {"pi"});
  throw InputError(fmt::format(
      "unknown {} '{}' ({}){} The {} are {}.", called ? "function" : "name", word, near(text, from),
      did_you_mean(word, valid), called ? "functions" : "names", list_words(valid)));
}

void check_character(const std::string& text, std::size_t i) {
  const char c = text[i];
  const char next = i + 1 < text.size() ? text[i + 1] : ' ';
  const char last = i > 0 ? text[i - 1] : ' ';
  if (static_cast<unsigned char>(c) >= 0x80) {
    throw InputError(
        fmt::format("position {} holds a character that is not plain ASCII; "
                    "expressions are written with letters, digits and + - * / ^ ( ), "
                    "squares x^2 and the number pi",
                    i + 1));
  }
  if (c == '*' && next == '*') {
    throw InputError(fmt::format("'**' ({}): powers are written x^2", near(text, i)));
  }
  if (c == '=' && next != '=' && std::string("=<>!").find(last) == std::string::npos) {
    throw InputError(fmt::format("'=' ({}): equality is written ==", near(text, i)));
  }
  if ((c == '|' || c == '&') && next != c && last != c) {
    throw InputError(
        fmt::format("'{}' ({}): absolute values are written abs(x); 'or' is ||, 'and' is &&", c,
                    near(text, i)));
  }
  if (c == '!' && next != '=') {
    throw InputError(fmt::format("'!' ({}): not a is written a ? 0 : 1", near(text, i)));
  }
  if (c == '%') {
    throw InputError(
        fmt::format("'%' ({}): the rest of x/y is written x - y*floor(x/y)", near(text, i)));
  }
  if (std::string("+-*/^(),<>=!&|?: ").find(c) == std::string::npos) {
    throw InputError(fmt::format("'{}' ({}) has no meaning in an expression", c, near(text, i)));
  }
}

/// Numbers that a double cannot hold; others that are none are told with the structure.
void check_number(const std::string& text, std::size_t from, std::size_t to) {
  const std::string number = text.substr(from, to - from);
  const double value = std::strtod(number.c_str(), nullptr);
  const bool zero = number.find_first_of("123456789") >= number.find_first_of("eE");
  if (std::isfinite(value) && (zero || std::abs(value) >= std::numeric_limits<double>::min())) {
    return;
  }
  throw InputError(
      fmt::format("the number {} ({}) is out of range: sizes of 1e-307 to 1e308 are possible",
                  number, near(text, from)));
}

void check_words(const std::string& text, const std::vector<std::string>& variables) {
  const Words words{variables, function_names()};
  for (std::size_t i = 0; i < text.size();) {
    if (is_digit(text[i]) || text[i] == '.') {
      const std::size_t end = skip_number(text, i);
      check_number(text, i, end);
      i = end;
    } else if (is_letter(text[i])) {
      std::size_t end = i;
      while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]))) ++end;
      check_word(text, i, end, words);
      i = end;
    } else {
      check_character(text, i++);
    }
  }
}

// ---- structure ----------------------------------------------------------------------------------

std::string explain(const mu::ParserError& error, const std::string& text) {
  const auto position = std::min(static_cast<std::size_t>(std::max(error.GetPos(), 0)),
                                 text.empty() ? 0 : text.size() - 1);
  const std::string at = near(text, position);
  const std::string& token = error.GetToken();
  switch (error.GetCode()) {
    case mu::ecUNEXPECTED_EOF:
      return "it ends where a value is needed";
    case mu::ecMISSING_PARENS:
      return "a closing parenthesis ')' is missing";
    case mu::ecUNEXPECTED_PARENS:
      return fmt::format("a parenthesis does not fit ({})", at);
    case mu::ecUNEXPECTED_OPERATOR:
      return fmt::format("the operator '{}' has no value beside it ({})", token, at);
    case mu::ecUNEXPECTED_VAL:
    case mu::ecUNEXPECTED_VAR:
    case mu::ecUNEXPECTED_FUN:
    case mu::ecUNASSIGNABLE_TOKEN:
      return fmt::format("an operator is missing before '{}' ({}); products are written 2*x", token,
                         at);
    case mu::ecUNEXPECTED_ARG_SEP:
    case mu::ecUNEXPECTED_ARG:
      return fmt::format("a comma does not fit ({}); decimals are written 0.5", at);
    case mu::ecTOO_MANY_PARAMS:
      return fmt::format("'{}' is given too many arguments", token);
    case mu::ecTOO_FEW_PARAMS:
      return fmt::format("'{}' is given too few arguments", token);
    default:
      return fmt::format("it cannot be understood ({})", at);
  }
}

constexpr std::size_t max_characters = mu::MaxLenExpression - 1;

std::string checked(std::string text, const std::vector<std::string>& variables) {
  for (char& c : text) {
    if (c == '\n' || c == '\t' || c == '\r') c = ' ';
  }
  if (text.find_first_not_of(' ') == std::string::npos) {
    throw InputError("the expression is empty; write for instance \"0\"");
  }
  if (text.size() > max_characters) {
    throw InputError(fmt::format("the expression has {} characters; {} are possible", text.size(),
                                 max_characters));
  }
  check_words(text, variables);
  return text;
}

}  // namespace

struct Expression::Impl {
  std::string text;
  std::vector<std::string> names;
  std::vector<double> values;  // of the variables; the parser reads them here
  mu::Parser parser;
  std::optional<BulkEvaluator> bulk;

  Impl(std::string text_, std::vector<std::string> names_)
      : text(std::move(text_)), names(std::move(names_)), values(names.size(), 0.0) {
    const std::string clean = checked(text, names);
    try {
      define_words(parser);
      for (std::size_t i = 0; i < names.size(); ++i) parser.DefineVar(names[i], &values[i]);
      parser.SetExpr(clean);
      parser.Eval();  // compiles
    } catch (const mu::ParserError& error) {
      throw InputError(explain(error, clean));
    }
    if (parser.GetNumResults() != 1) {
      throw InputError(
          "a comma separates two expressions where one is needed; decimals are written 0.5");
    }
    const std::array<const double*, 4> known{value_of("x"), value_of("y"), value_of("z"),
                                             value_of("t")};
    bulk = BulkEvaluator::make(parser, known);
  }

  double* value_of(const char* name) {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? nullptr
                                : &values[static_cast<std::size_t>(found - names.begin())];
  }
};

Expression::Expression(std::string text, std::vector<std::string> variables)
    : impl_(std::make_unique<Impl>(std::move(text), std::move(variables))) {}
Expression::Expression(const Expression& other)
    : impl_(std::make_unique<Impl>(other.impl_->text, other.impl_->names)) {}
Expression& Expression::operator=(const Expression& other) {
  if (this != &other) impl_ = std::make_unique<Impl>(other.impl_->text, other.impl_->names);
  return *this;
}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

const std::string& Expression::text() const { return impl_->text; }

bool Expression::uses(const std::string& variable) const {
  return impl_->parser.GetUsedVar().count(variable) > 0;
}

void Expression::evaluate(std::span<const Point> points, double t, std::span<double> values) const {
  if (values.size() != points.size()) throw InternalError("Expression::evaluate: sizes differ");
  if (impl_->bulk) return impl_->bulk->evaluate(points, t, values);
  double unused = 0;
  const auto slot = [&](const char* name) {
    double* known = impl_->value_of(name);
    return known ? known : &unused;
  };
  double *x = slot("x"), *y = slot("y"), *z = slot("z");
  *slot("t") = t;
  for (std::size_t i = 0; i < points.size(); ++i) {
    *x = points[i][0];
    *y = points[i][1];
    *z = points[i][2];
    values[i] = impl_->parser.Eval();
  }
}

double Expression::operator()(std::span<const double> variables) const {
  if (variables.size() != impl_->values.size()) {
    throw InternalError("Expression: wrong number of variables");
  }
  std::copy(variables.begin(), variables.end(), impl_->values.begin());
  return impl_->parser.Eval();
}

Expression read_expression(const Section& section, std::string_view key,
                           std::vector<std::string> variables) {
  const std::string text = section.text(key);
  try {
    return Expression(text, std::move(variables));
  } catch (const InputError& error) {
    section.fail(key, error.what());
  }
}

std::vector<Expression> read_expressions(const Section& section, std::string_view key,
                                         std::vector<std::string> variables) {
  std::vector<Expression> all;
  for (const std::string& text : section.texts(key)) {
    try {
      all.emplace_back(text, variables);
    } catch (const InputError& error) {
      section.fail(key, fmt::format("entry {}: {}", all.size() + 1, error.what()));
    }
  }
  return all;
}

std::string muparser_version() {
  const std::string full = mu::Parser().GetVersion(mu::pviBRIEF);
  return full.substr(0, full.find(' '));
}

void check_axes(const Section& section, std::string_view key, const Expression& expression,
                int dimension) {
  const std::array<std::string, 3> axes{"x", "y", "z"};
  for (std::size_t a = std::size_t(dimension); a < axes.size(); ++a) {
    if (!expression.uses(axes[a])) continue;
    caution(fmt::format("{}: {} uses {}, which is 0 everywhere: the mesh has {} only",
                        section.where(key), key, axes[a],
                        dimension == 1 ? "the axis x" : "the axes x and y"));
  }
}

}  // namespace otto
