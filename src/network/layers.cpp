#include "layers.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>
#include <string_view>

#include "activations.h"
#include "lane_kernels.h"
#include "otto/core/error.h"

namespace otto {

namespace {

using Json = nlohmann::json;

std::vector<double> transposed(const std::vector<double>& W, std::size_t rows) {
  const std::size_t columns = rows > 0 ? W.size() / rows : 0;
  std::vector<double> t(W.size());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) t[j * rows + i] = W[i * columns + j];
  }
  return t;
}

/// z = (x - center) scale, unit by unit.
class Affine final : public Layer {
 public:
  Affine(std::vector<double> center, std::vector<double> scale)
      : Layer(center.size(), center.size()), center_(std::move(center)), scale_(std::move(scale)) {}

  void forward(const double* in, double* out, double*) const override {
    for (std::size_t i = 0; i < center_.size() * lanes; ++i) {
      out[i] = (in[i] - center_[i / lanes]) * scale_[i / lanes];
    }
  }
  void backward(const double*, const double*, const double*, double* d_out,
                double* d_in) const override {
    for (std::size_t i = 0; i < scale_.size() * lanes; ++i) d_in[i] = d_out[i] * scale_[i / lanes];
  }

 private:
  std::vector<double> center_, scale_;
};

/// h = [z, sin p, cos p], p = B^T z; B is d x k.
class Fourier final : public Layer {
 public:
  Fourier(std::size_t d, std::size_t k, const std::vector<double>& B)
      : Layer(d, d + 2 * k), k_(k), forward_(k, d, transposed(B, d), {}), back_(d, k, B, {}) {}

  std::size_t in_rows() const override { return back_.written() / lanes; }
  std::size_t kept_rows() const override { return forward_.written() / lanes; }

  void forward(const double* in, double* out, double* kept) const override {
    const std::size_t d = inputs() * lanes, k = k_ * lanes;
    std::copy_n(in, d, out);
    lane_kernels().dense(forward_, in, kept);
    double *sine = out + d, *cosine = sine + k;
    lane_kernels().sine_cosine(kept, k, sine, cosine);
    for (std::size_t i = 0; i < k; ++i) {
      if (std::abs(kept[i]) <= max_angle) continue;
      sine[i] = std::sin(kept[i]);
      cosine[i] = std::cos(kept[i]);
    }
  }
  void backward(const double*, const double* out, const double*, double* d_out,
                double* d_in) const override {
    const std::size_t d = inputs() * lanes, k = k_ * lanes;
    const double *sine = out + d, *cosine = sine + k;
    double *d_sine = d_out + d, *d_cosine = d_sine + k;
    for (std::size_t i = 0; i < k; ++i) d_sine[i] = d_sine[i] * cosine[i] - d_cosine[i] * sine[i];
    lane_kernels().dense(back_, d_sine, d_in);
    for (std::size_t i = 0; i < d; ++i) d_in[i] += d_out[i];
  }

 private:
  std::size_t k_;
  PackedLayer forward_, back_;
};

/// h = f(a), a = W x + b.
class Dense final : public Layer {
 public:
  Dense(std::size_t outputs, std::size_t inputs, const std::vector<double>& W,
        const std::vector<double>& b, const Activation* f)
      : Layer(inputs, outputs),
        f_(f),
        forward_(outputs, inputs, W, b),
        back_(inputs, outputs, transposed(W, outputs), {}) {}

  std::size_t out_rows() const override { return forward_.written() / lanes; }
  std::size_t in_rows() const override { return back_.written() / lanes; }
  std::size_t kept_rows() const override { return f_ ? outputs() : 0; }

  void forward(const double* in, double* out, double* kept) const override {
    lane_kernels().dense(forward_, in, out);
    if (f_) apply(*f_, {out, outputs() * lanes}, {kept, outputs() * lanes});
  }
  void backward(const double*, const double*, const double* kept, double* d_out,
                double* d_in) const override {
    if (f_) {
      for (std::size_t i = 0; i < outputs() * lanes; ++i) d_out[i] *= kept[i];
    }
    lane_kernels().dense(back_, d_out, d_in);
  }

 private:
  const Activation* f_;
  PackedLayer forward_, back_;
};

/// U = 1/2 x^T A x.
class Quadratic final : public Layer {
 public:
  Quadratic(std::size_t d, const std::vector<double>& A)
      : Layer(d, 1), symmetric_(d, d, symmetric(A, d), {}) {}

  std::size_t kept_rows() const override { return symmetric_.written() / lanes; }

  void forward(const double* in, double* out, double* kept) const override {
    lane_kernels().dense(symmetric_, in, kept);
    std::fill_n(out, lanes, 0.0);
    for (std::size_t i = 0; i < inputs() * lanes; ++i) out[i % lanes] += 0.5 * in[i] * kept[i];
  }
  void backward(const double*, const double*, const double* kept, double* d_out,
                double* d_in) const override {
    for (std::size_t i = 0; i < inputs() * lanes; ++i) d_in[i] = kept[i] * d_out[i % lanes];
  }

 private:
  static std::vector<double> symmetric(const std::vector<double>& A, std::size_t d) {
    std::vector<double> S(A.size());
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < d; ++j) S[i * d + j] = (A[i * d + j] + A[j * d + i]) / 2;
    }
    return S;
  }
  PackedLayer symmetric_;
};

/// What a declaration says, and the arrays it names.
class Declaration {
 public:
  Declaration(const Json& declared, const NamedArrays& file) : declared_(declared), file_(file) {
    if (!declared_.is_object()) throw InputError("declares a layer that is not a JSON object");
  }
  /// Refuses keys that a layer of its kind does not have: misspelt ones would change the energy without a word.
  void allow(std::initializer_list<std::string_view> keys) const {
    for (const auto& [key, value] : declared_.items()) {
      if (key == "kind" || std::ranges::find(keys, key) != keys.end()) continue;
      throw InputError(fmt::format("declares a layer of the kind '{}' with the key '{}'; it has {}",
                                   word("kind"), key, fmt::join(keys, ", ")));
    }
  }
  [[nodiscard]] std::string word(const char* key) const {
    if (!declared_.contains(key)) return "";
    if (!declared_[key].is_string())
      throw InputError(fmt::format("declares a layer whose '{}' is not a word", key));
    return declared_[key].get<std::string>();
  }
  /// The array named by `key`, with this many axes; for two axes a single one counts as one row.
  [[nodiscard]] NumberArray array(const char* key, std::size_t axes) const {
    const std::string name = word(key);
    const auto found = file_.arrays.find(name);
    if (found == file_.arrays.end()) {
      throw InputError(
          fmt::format("declares a layer of the kind '{}' whose {} '{}' it does not hold",
                      word("kind"), key, name));
    }
    NumberArray a = found->second;
    if (axes == 2 && a.shape.size() == 1) a.shape.insert(a.shape.begin(), 1);
    if (a.shape.size() != axes || a.values.empty()) {
      throw InputError(fmt::format("'{}' should have {} {} and numbers in them", name, axes,
                                   axes == 1 ? "axis" : "axes"));
    }
    if (!std::ranges::all_of(a.values, [](double x) { return std::isfinite(x); })) {
      throw InputError(fmt::format("'{}' holds a number that is not finite", name));
    }
    return a;
  }
  void require(bool fits, const char* key, const std::string& what) const {
    if (!fits) throw InputError(fmt::format("'{}' does not fit: {}", word(key), what));
  }

 private:
  const Json& declared_;
  const NamedArrays& file_;
};

std::unique_ptr<Layer> make_affine(const Declaration& d) {
  d.allow({"center", "scale"});
  NumberArray center = d.array("center", 1), scale = d.array("scale", 1);
  d.require(center.values.size() == scale.values.size(), "scale", "one number for each of center");
  return std::make_unique<Affine>(std::move(center.values), std::move(scale.values));
}

std::unique_ptr<Layer> make_fourier(const Declaration& d) {
  d.allow({"frequency"});
  const NumberArray B = d.array("frequency", 2);
  return std::make_unique<Fourier>(std::size_t(B.shape[0]), std::size_t(B.shape[1]), B.values);
}

std::unique_ptr<Layer> make_dense(const Declaration& d) {
  d.allow({"weight", "bias", "activation"});
  const NumberArray W = d.array("weight", 2);
  std::vector<double> b;
  if (!d.word("bias").empty()) {
    b = d.array("bias", 1).values;
    d.require(b.size() == std::size_t(W.shape[0]), "bias", "one number for each row of weight");
  }
  const std::string f = d.word("activation");
  return std::make_unique<Dense>(std::size_t(W.shape[0]), std::size_t(W.shape[1]), W.values, b,
                                 f.empty() ? nullptr : &find_activation(f));
}

std::unique_ptr<Layer> make_quadratic(const Declaration& d) {
  d.allow({"matrix"});
  const NumberArray A = d.array("matrix", 2);
  d.require(A.shape[0] == A.shape[1], "matrix", "it should be square");
  return std::make_unique<Quadratic>(std::size_t(A.shape[0]), A.values);
}

}  // namespace

std::unique_ptr<Layer> make_layer(const Json& declared, const NamedArrays& file,
                                  std::size_t inputs) {
  const Declaration declaration(declared, file);
  static const std::map<std::string, std::unique_ptr<Layer> (*)(const Declaration&)> kinds = {
      {"affine", make_affine},
      {"fourier", make_fourier},
      {"dense", make_dense},
      {"quadratic", make_quadratic}};
  const std::string kind = declaration.word("kind");
  const auto found = kinds.find(kind);
  if (found == kinds.end()) {
    throw InputError(fmt::format(
        "declares a layer of the kind '{}'; there are affine, fourier, dense, quadratic", kind));
  }
  std::unique_ptr<Layer> layer = found->second(declaration);
  if (inputs > 0 && layer->inputs() != inputs) {
    throw InputError(fmt::format("declares a layer '{}' of {} inputs behind one of {} outputs",
                                 kind, layer->inputs(), inputs));
  }
  return layer;
}

}  // namespace otto
