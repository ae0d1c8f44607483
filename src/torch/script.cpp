#include <fmt/format.h>

#include <cmath>

#include "guard.h"
#include "script_network.h"

namespace otto {

namespace {

std::string shape_words(const at::Tensor& t) {
  std::string words;
  for (const auto n : t.sizes()) words += (words.empty() ? "" : ", ") + std::to_string(n);
  return "(" + words + ")";
}

}  // namespace

std::vector<double> numbers(const at::Tensor& t) {
  const at::Tensor values = t.detach().to(at::kDouble).contiguous();
  const double* first = values.data_ptr<double>();
  return {first, first + values.numel()};
}

Script::Script(torch::jit::Module module, std::string name, int dimension)
    : module_(std::move(module)), name_(std::move(name)), dimension_(dimension) {
  module_.eval();
  collect();
  choose_type();
}

Script Script::copy() const {
  Script other = *this;
  other.module_ = module_.deepcopy();
  other.collect();
  return other;
}

void Script::collect() {
  theta_.clear();
  parameters_ = 0;
  for (const at::Tensor& p : module_.parameters()) {
    if (!p.requires_grad()) continue;
    theta_.push_back(p);
    parameters_ += p.numel();
  }
}

/// The type of the parameters; without any float64, or float32 where only that works (modules whose
/// parameters were frozen into constants).
void Script::choose_type() {
  bool any = false;
  for (const at::Tensor& p : module_.parameters()) {
    if (p.scalar_type() != at::kFloat && p.scalar_type() != at::kDouble) {
      throw InputError(fmt::format("holds parameters of type {}; float32 or float64 is needed",
                                   c10::toString(p.scalar_type())));
    }
    if (any && p.scalar_type() != type_) {
      throw InputError("mixes float32 and float64 parameters; one type is needed");
    }
    if (!at::isfinite(p.detach()).all().item<bool>()) {
      throw InputError("holds parameters that are not finite");
    }
    type_ = p.scalar_type();
    any = true;
  }
  if (any) return probe();
  try {
    probe();
  } catch (const InputError&) {
    type_ = at::kFloat;
    try {
      probe();
    } catch (const InputError&) {
      type_ = at::kDouble;
      probe();
    }
  }
}

void Script::probe() const {
  const torch::NoGradGuard no_grad;
  const auto d = std::size_t(dimension_);
  std::vector<double> rows(5 * d);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = 0.1 + 0.13 * double(i / d) - 0.07 * std::fmod(double(i % d), 16.0);
  }
  const std::vector<double> all = numbers((*this)(input(std::span<const double>(rows))));
  const double alone = numbers((*this)(input(std::span<const double>(rows).first(d))))[0];
  if (std::abs(all[0] - alone) > 1e-3 * (1 + std::abs(alone))) {
    throw InputError(fmt::format(
        "gives {} at a point by itself and {} in a batch of points; U must depend on its own "
        "point only",
        alone, all[0]));
  }
}

at::Tensor Script::input(std::span<const Point> points) const {
  // from_blob takes no const; the tensor is copied at once.
  auto* first = const_cast<double*>(points.data()->data());
  return at::from_blob(first, {std::int64_t(points.size()), dimension_}, {3, 1}, at::kDouble)
      .to(type_)
      .clone(at::MemoryFormat::Contiguous);
}

at::Tensor Script::input(std::span<const double> rows) const {
  auto* first = const_cast<double*>(rows.data());
  const std::int64_t n = std::int64_t(rows.size()) / dimension_;
  return at::from_blob(first, {n, dimension_}, at::kDouble).to(type_, false, true);
}

at::Tensor Script::operator()(const at::Tensor& x) const {
  const std::string shape = shape_words(x);
  const char* type = type_ == at::kFloat ? "float32" : "float64";
  at::Tensor U = translated(
      fmt::format("cannot be evaluated at points of {} dimension{}: its forward fails for an array "
                  "{} of {}",
                  dimension_, dimension_ == 1 ? "" : "s", shape, type),
      [&] {
        const c10::IValue out = module_.forward({x});
        if (!out.isTensor()) throw InputError("its forward returns no tensor");
        return out.toTensor();
      });
  if (U.dim() == 2 && U.size(1) == 1) U = U.squeeze(1);  // (n, 1), what a last linear layer gives
  if (U.dim() != 1 || U.size(0) != x.size(0)) {
    throw InputError(
        fmt::format("returns an array {} for points {}; ({}), one value per point whatever their "
                    "number, is needed",
                    shape_words(U), shape, x.size(0)));
  }
  if (U.scalar_type() != at::kFloat && U.scalar_type() != at::kDouble) {
    throw InputError(fmt::format("returns values of type {}; float32 or float64 is needed",
                                 c10::toString(U.scalar_type())));
  }
  return U;
}

void Script::get(std::span<double> theta) const {
  std::size_t at = 0;
  for (const at::Tensor& p : theta_) {
    for (const double value : numbers(p)) theta[at++] = value;
  }
}

void Script::set(std::span<const double> theta) {
  const torch::NoGradGuard no_grad;
  const auto values = pieces(theta);
  for (std::size_t i = 0; i < values.size(); ++i) theta_[i].copy_(values[i]);
}

std::vector<at::Tensor> Script::pieces(std::span<const double> s) const {
  std::vector<at::Tensor> out;
  std::size_t at = 0;
  for (const at::Tensor& p : theta_) {
    const auto n = std::size_t(p.numel());
    auto* first = const_cast<double*>(s.data() + at);
    out.push_back(at::from_blob(first, p.sizes(), at::kDouble).to(type_, false, true));
    at += n;
  }
  return out;
}

void Script::add_pieces(const std::vector<at::Tensor>& pieces, std::span<double> g) const {
  std::size_t at = 0;
  for (std::size_t i = 0; i < theta_.size(); ++i) {
    const auto n = std::size_t(theta_[i].numel());
    if (pieces[i].defined()) {
      const std::vector<double> values = numbers(pieces[i]);
      for (std::size_t k = 0; k < n; ++k) g[at + k] += values[k];
    }
    at += n;
  }
}

}  // namespace otto
