// The convolution theorem on the torus of torus.h,
//
//   out = T^-1 [ (T w) (T rho) ],      T the real-to-complex discrete Fourier transform;
//
// w is even, w(-K) = w(K), so T w is real. And its counterpart for pairs of fields: the spectrum of
// C(z) = sum_K a_K b_(K - z) is (T a) conj(T b).

#include "convolution.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "torus.h"

namespace otto {

struct Convolution::Impl {
  explicit Impl(const Mesh& m) : mesh(m), torus(m) {}

  void set(const Weights& w) {
    torus.clear();
    mesh.comm.together([&] {
      torus.visit([&](auto places, auto offsets) {
        std::vector<double> values(offsets.size());
        w(offsets, values);
        for (const Torus::Place& p : places) {
          const auto part = std::span(values).subspan(p.first, p.count);
          torus.buffer()[p.at] = std::accumulate(part.begin(), part.end(), 0.0) / double(p.count);
        }
      });
    });
    torus.forward();
    factor.resize(torus.spectrum());
    for (std::size_t i = 0; i < factor.size(); ++i) {
      factor[i] = torus.buffer()[2 * i] / torus.cells();
    }
  }

  void apply(std::span<const double> rho, std::span<double> out) {
    torus.transform(rho);
    const std::span<double> z = torus.buffer();
    for (std::size_t i = 0; i < factor.size(); ++i) {
      z[2 * i] *= factor[i];
      z[2 * i + 1] *= factor[i];
    }
    torus.backward();
    torus.values(out);
  }

  const Mesh& mesh;
  Torus torus;
  std::vector<double> factor;  ///< T w / number of places
};

Convolution::Convolution(const Mesh& mesh, const Weights& w) : impl_(std::make_unique<Impl>(mesh)) {
  impl_->set(w);
}
Convolution::~Convolution() = default;

void Convolution::set(const Weights& w) { impl_->set(w); }

void Convolution::apply(std::span<const double> rho, std::span<double> out) const {
  impl_->apply(rho, out);
}

struct Correlation::Impl {
  explicit Impl(const Mesh& mesh)
      : torus(mesh), sum(2 * torus.spectrum(), 0.0), first(sum.size()) {}

  Torus torus;
  std::vector<double> sum, first;  ///< spectra: of C, of a
};

Correlation::Correlation(const Mesh& mesh) : impl_(std::make_unique<Impl>(mesh)) {}
Correlation::~Correlation() = default;

void Correlation::add(std::span<const double> a, std::span<const double> b) {
  Impl& o = *impl_;
  o.torus.transform(a);
  std::copy_n(o.torus.buffer().begin(), o.first.size(), o.first.begin());
  o.torus.transform(b);
  const std::span<const double> y = o.torus.buffer();
  const std::vector<double>& x = o.first;
  for (std::size_t i = 0; i < o.sum.size(); i += 2) {
    o.sum[i] += x[i] * y[i] + x[i + 1] * y[i + 1];
    o.sum[i + 1] += x[i + 1] * y[i] - x[i] * y[i + 1];
  }
}

void Correlation::clear() { std::ranges::fill(impl_->sum, 0.0); }

void Correlation::visit(const Visit& visit) {
  Impl& o = *impl_;
  std::ranges::copy(o.sum, o.torus.buffer().begin());
  o.torus.backward();
  const std::span<const double> C = o.torus.buffer();
  o.torus.visit([&](auto places, auto offsets) {
    for (const Torus::Place& p : places) {
      const double share = C[p.at] / (o.torus.cells() * double(p.count));
      for (std::size_t i = 0; i < p.count; ++i) visit(offsets[p.first + i], share);
    }
  });
}

}  // namespace otto
