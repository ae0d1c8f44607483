// Energies as data against their formulas in long double, their slopes against differences, and files that are not
// what they should be.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <numbers>

#include "otto/core/error.h"
#include "otto/core/random.h"
#include "otto/network/layer_network.h"

namespace otto {
namespace {

using Long = long double;
using Vector = std::vector<Long>;

NumberArray drawn(std::vector<std::int64_t> shape, std::uint64_t seed, double size = 1) {
  std::int64_t n = 1;
  for (const auto extent : shape) n *= extent;
  NumberArray a{std::move(shape), {}, false};
  for (std::int64_t i = 0; i < n; ++i) {
    a.values.push_back(size * RandomAt(seed, 1, std::uint64_t(i)).normal()[0]);
  }
  return a;
}

Vector times(const NumberArray& W, const Vector& x) {
  const std::size_t rows = W.values.size() / x.size();
  Vector y(rows);
  for (std::size_t o = 0; o < rows; ++o) {
    for (std::size_t k = 0; k < x.size(); ++k) y[o] += Long(W.values[o * x.size() + k]) * x[k];
  }
  return y;
}

/// The functions as their definitions have them.
const std::pair<const char*, std::function<Long(Long)>> functions[] = {
    {"silu", [](Long a) { return a / (1 + std::exp(-a)); }},
    {"tanh", [](Long a) { return std::tanh(a); }},
    {"relu", [](Long a) { return a > 0 ? a : 0.0L; }},
    {"sigmoid", [](Long a) { return 1 / (1 + std::exp(-a)); }},
    {"softplus", [](Long a) { return std::log1p(std::exp(a)); }},
    {"gelu", [](Long a) { return a * std::erfc(-a / std::numbers::sqrt2_v<Long>) / 2; }},
    {"elu", [](Long a) { return a > 0 ? a : std::expm1(a); }},
    {"sin", [](Long a) { return std::sin(a); }}};

/// d = 2: affine, fourier with 5 frequencies, dense 13, dense 6 without bias, dense 1.
struct Net {
  explicit Net(const std::string& activation) {
    auto& a = file.arrays;
    a["c"] = drawn({2}, 1);
    a["s"] = drawn({2}, 2);
    a["B"] = drawn({2, 5}, 3, 8);
    a["W0"] = drawn({13, 12}, 4, 0.5);
    a["b0"] = drawn({13}, 5);
    a["W1"] = drawn({6, 13}, 6, 0.5);
    a["w"] = drawn({6}, 7);
    layers = fmt::format(
        R"([{{"kind": "affine", "center": "c", "scale": "s"}}, {{"kind": "fourier", "frequency": "B"}},
            {{"kind": "dense", "weight": "W0", "bias": "b0", "activation": "{0}"}},
            {{"kind": "dense", "weight": "W1", "activation": "{0}"}},
            {{"kind": "dense", "weight": "w"}}])",
        activation);
  }
  [[nodiscard]] Long value(const std::function<Long(Long)>& f, Long x, Long y) {
    auto& a = file.arrays;
    const Vector at = {x, y};
    Vector h;
    for (std::size_t i = 0; i < 2; ++i) {
      h.push_back((at[i] - Long(a["c"].values[i])) * Long(a["s"].values[i]));
    }
    Vector p(5);
    for (std::size_t k = 0; k < 5; ++k) {
      for (std::size_t i = 0; i < 2; ++i) p[k] += h[i] * Long(a["B"].values[i * 5 + k]);
    }
    for (const Long q : p) h.push_back(std::sin(q));
    for (const Long q : p) h.push_back(std::cos(q));
    h = times(a["W0"], h);
    for (std::size_t o = 0; o < h.size(); ++o) h[o] = f(h[o] + Long(a["b0"].values[o]));
    h = times(a["W1"], h);
    for (Long& z : h) z = f(z);
    return times(a["w"], h)[0];
  }
  [[nodiscard]] std::unique_ptr<NetworkFunction> read() const {
    return read_layer_network(layer_network_bytes(file, layers), 2);
  }
  NamedArrays file;
  std::string layers;
};

std::vector<Point> cloud(std::size_t n) {
  std::vector<Point> points(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto u = RandomAt(9, 1, i).normal();
    points[i] = {3 * u[0], 3 * u[1], 0};
  }
  return points;
}

TEST(Layers, AreTheirFormulas) {
  const std::vector<Point> points = cloud(61);
  for (const auto& function : functions) {
    const char* name = function.first;
    const auto& f = function.second;
    Net net(name);
    const auto U = net.read();
    std::vector<double> values(points.size());
    std::vector<Point> slopes(points.size());
    U->evaluate(points, values);
    U->gradient(points, slopes);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Long x = points[i][0], y = points[i][1];
      const Long exact = net.value(f, x, y);
      EXPECT_NEAR(values[i], double(exact), 2e-14 * std::max(1.0, std::abs(double(exact)))) << name;
      constexpr Long h = 1e-6L;
      const auto difference = [&](Long dx, Long dy) {
        return double((net.value(f, x + dx, y + dy) - net.value(f, x - dx, y - dy)) / (2 * h));
      };
      const double gx = difference(h, 0), gy = difference(0, h);
      const double scale = 1 + std::hypot(gx, gy);
      EXPECT_NEAR(slopes[i][0], gx, 1e-8 * scale) << name;
      EXPECT_NEAR(slopes[i][1], gy, 1e-8 * scale) << name;
    }
  }
}

/// The bits of a point do not depend on its neighbours or its place.
TEST(Layers, TreatEveryPointAlike) {
  for (const char* name : {"silu", "tanh"}) {
    const auto U = Net(name).read();
    const std::vector<Point> points = cloud(37);
    std::vector<double> all(points.size()), one(1);
    std::vector<Point> slopes(points.size()), slope(1);
    U->evaluate(points, all);
    U->gradient(points, slopes);
    for (std::size_t i = 0; i < points.size(); ++i) {
      U->evaluate({&points[i], 1}, one);
      U->gradient({&points[i], 1}, slope);
      EXPECT_EQ(one[0], all[i]);
      EXPECT_EQ(slope[0], slopes[i]);
    }
  }
}

TEST(Layers, AQuadraticFormUsesItsSymmetricPart) {
  NamedArrays file;
  file.arrays["A"] = {{2, 2}, {2, 1, 0, 3}, false};
  const auto U =
      read_layer_network(layer_network_bytes(file, R"([{"kind": "quadratic", "matrix": "A"}])"), 2);
  const std::vector<Point> at = {{1, 2, 0}};
  std::vector<double> value(1);
  std::vector<Point> slope(1);
  U->evaluate(at, value);
  U->gradient(at, slope);
  EXPECT_DOUBLE_EQ(value[0], 0.5 * (2 + 2 + 12));
  EXPECT_DOUBLE_EQ(slope[0][0], 2 + 0.5 * 2);
  EXPECT_DOUBLE_EQ(slope[0][1], 0.5 * 1 + 6);
}

TEST(Safetensors, RoundTrip) {
  NamedArrays file;
  file.arrays["a"] = drawn({3, 2}, 1);
  file.arrays["b"] = {{2}, {0.5, -1.25}, true};
  file.metadata["k"] = "v";
  const NamedArrays back = parse_safetensors(safetensors_bytes(file));
  EXPECT_EQ(back.metadata, file.metadata);
  for (const auto& [name, a] : file.arrays) {
    EXPECT_EQ(back.arrays.at(name).values, a.values);
    EXPECT_EQ(back.arrays.at(name).shape, a.shape);
    EXPECT_EQ(back.arrays.at(name).single, a.single);
  }
}

std::string raw(const std::string& header, std::size_t data) {
  const std::uint64_t n = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &n, 8);
  return bytes + header + std::string(data, '\0');
}

TEST(Safetensors, RefusesWhatIsNotOne) {
  const std::pair<std::string, const char*> files[] = {
      {"", "shorter"},
      {raw("{", 0), "JSON"},
      {raw("[]", 0), "JSON"},
      {raw("{}", 0).substr(0, 9), "cut short"},
      {raw(R"({"a": 3})", 0), "lacks its shape"},
      {raw(R"({"a": {"dtype": "F64", "shape": [1]}})", 8), "lacks its data_offsets"},
      {raw(R"({"a": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}})", 8), "type I64"},
      {raw(R"({"a": {"dtype": "F64", "shape": [2], "data_offsets": [0, 8]}})", 8), "by its shape"},
      {raw(R"({"a": {"dtype": "F64", "shape": [-1], "data_offsets": [0, 8]}})", 8), "whole"},
      {raw(R"({"a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}})", 4), "cut short"},
      {raw(R"({"a": {"dtype": "F64", "shape": [1], "data_offsets": [8, 16]}})", 16), "hole"},
      {raw(R"({"a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}})", 16), "left over"},
      {raw(R"({"a": {"dtype": "F64", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]}})",
           0),
       "larger"},
      {raw(R"({"__metadata__": {"k": 1}})", 0), "not text"},
      {raw(R"({"a": 1, "a": 2})", 0), "twice"},
      {raw(R"({"a": {"shape": )" + std::string(300000, '[') + std::string(300000, ']') + "}}", 0),
       "deeply"}};
  for (const auto& [bytes, word] : files) {
    try {
      (void)parse_safetensors(bytes);
      ADD_FAILURE() << word;
    } catch (const InputError& e) {
      EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
    }
  }
}

TEST(Layers, RefuseWhatDoesNotFit) {
  NamedArrays file;
  file.arrays["w"] = drawn({1, 2}, 1);
  file.arrays["b"] = drawn({3}, 1);
  file.arrays["n"] = {{1, 2}, {1, std::nan("")}, false};
  file.arrays["W"] = drawn({3, 2}, 1);
  const std::pair<const char*, const char*> lists[] = {
      {R"([])", "list of layers"},
      {R"([{"kind": "dense", "weight": "v"}])", "does not hold"},
      {R"([{"kind": "sparse"}])", "kind 'sparse'"},
      {R"([{"kind": "dense", "weight": "w", "bias": "b"}])", "does not fit"},
      {R"([{"kind": "dense", "weight": "w", "activation": "swish"}])", "there are silu"},
      {R"([{"kind": "dense", "weight": "n"}])", "not finite"},
      {R"([{"kind": "dense", "weight": "W"}])", "3 outputs"},
      {R"([{"kind": "dense", "weight": "W"}, {"kind": "dense", "weight": "w"}])",
       "behind one of 3"},
      {R"([{"kind": "quadratic", "matrix": "w"}])", "square"},
      {R"([{"kind": "dense", "weight": "w", "activaton": "tanh"}])", "'activaton'"},
      {R"([{"kind": "dense", "weight": [[[[[[[[1]]]]]]]]}])", "deeply"},
      {R"([3])", "not a JSON object"}};
  for (const auto& [list, word] : lists) {
    try {
      (void)read_layer_network(layer_network_bytes(file, list), 2);
      ADD_FAILURE() << word;
    } catch (const InputError& e) {
      EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
    }
  }
  const std::string good = layer_network_bytes(file, R"([{"kind": "dense", "weight": "w"}])");
  EXPECT_THROW((void)read_layer_network(good, 3), InputError);
  std::string damaged = good;
  damaged[damaged.size() - 3] = char(damaged[damaged.size() - 3] ^ 1);
  EXPECT_THROW((void)read_layer_network(damaged, 2), InputError);
}

}  // namespace
}  // namespace otto
