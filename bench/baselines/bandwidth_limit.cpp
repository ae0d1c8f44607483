// What one core can do with the linear Fokker-Planck equation on a box when nothing is general:
//
//   d_t rho = div(grad rho + rho grad V) on [-2,2]^d, no flux,   V = 2 (x^2 - 1)^2 + 2 y^2 (+ 2 z^2),
//
// from the Gaussian at (-1, 0, 0) of variance 0.05, by implicit Euler and the square-root flux. In
// w = rho exp(V/2) the matrix of a step has constant off-diagonals,
//
//   (A w)_K = D_K w_K - c sum_L w_L,    D_K = 1 + c sum_L exp(-(V_L - V_K)/2),    c = dt/h^2,
//
// so that one array, D, is all of it. CG in double to a relative residual of 1e-8 from the previous
// step, preconditioned by one multigrid cycle in float: levels computed anew, sums of children down,
// copies up, Chebyshev sweeps of degree 2 over [0.7, 2] (the spectrum of A/D lies
// below 2); polynomials in A/D commute, so the cycle is symmetric.
//
// bandwidth_limit DIMENSION CELLS STEPS TIME [FILE]      one core; FILE gets the density, x fastest

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace {

constexpr double lower = -2, width = 4;

double external(const double* x, int d) {
  const double well = x[0] * x[0] - 1;
  double v = 2 * well * well;
  for (int a = 1; a < 3; ++a) v += a >= d ? 0 : 2 * x[a] * x[a];
  return v;
}

/// Aligned storage that starts at zero.
template <class T>
struct Array {
  explicit Array(std::size_t n) : data(static_cast<T*>(std::aligned_alloc(64, bytes(n)))) {
    if (!data) throw std::bad_alloc();
    std::memset(data, 0, bytes(n));
  }
  Array(Array&& other) noexcept : data(std::exchange(other.data, nullptr)) {}
  Array(const Array&) = delete;
  ~Array() { std::free(data); }
  static std::size_t bytes(std::size_t n) { return (n * sizeof(T) + 63) / 64 * 64; }
  T* data;
};

/// Cells (1..n)^d inside a rim of zeros; rows along x are contiguous.
struct Grid {
  Grid(int dimension, int cells)
      : d(dimension), n(cells), depth(d == 3 ? n : 1), row((n + 2 + 15) / 16 * 16),
        plane(row * (n + 2)), size(static_cast<std::size_t>(plane) * (d == 3 ? n + 2 : 1)) {}
  /// Start of row (j, k), both counted from 0; x then runs over [1, n].
  long at(int j, int k) const { return (d == 3 ? (k + 1) * plane : 0) + (j + 1) * row; }
  void centre(int i, int j, int k, double* x) const {
    const int index[3] = {i, j, k};
    for (int a = 0; a < 3; ++a) x[a] = lower + width * (index[a] + 0.5) / n;
  }
  int d, n, depth;
  long row, plane;
  std::size_t size;
};

template <class F>
void each_row(const Grid& g, F f) {
  for (int k = 0; k < g.depth; ++k)
    for (int j = 0; j < g.n; ++j) f(j, k, g.at(j, k));
}

/// Sum over the neighbours of cell i of a row; D is 2 or 3.
template <int D, class T>
inline T neighbours(const T* x, int i, long row, long plane) {
  T s = x[i - 1] + x[i + 1] + x[i - row] + x[i + row];
  if constexpr (D == 3) s += x[i - plane] + x[i + plane];
  return s;
}

template <class T>
void fill_diagonal(const Grid& g, double dt, T* diagonal) {
  const double h = width / g.n, c = dt / (h * h);
  each_row(g, [&](int j, int k, long at) {
    for (int i = 0; i < g.n; ++i) {
      const int here[3] = {i, j, k};
      double x[3] = {}, sum = 0;
      g.centre(i, j, k, x);
      const double v = external(x, g.d);
      for (int a = 0; a < g.d; ++a)
        for (int side = -1; side <= 1; side += 2) {
          if (here[a] + side < 0 || here[a] + side >= g.n) continue;
          double y[3] = {x[0], x[1], x[2]};
          y[a] += side * h;
          sum += std::exp(-0.5 * (external(y, g.d) - v));
        }
      diagonal[at + i + 1] = static_cast<T>(1 + c * sum);
    }
  });
}

/// One level of the float cycle.
struct Level {
  Level(int d, int n, double dt)
      : g(d, n), c(static_cast<float>(dt * n * n / (width * width))), diagonal(g.size),
        inverse(g.size), x(g.size), y(g.size), b(g.size) {
    fill_diagonal(g, dt, diagonal.data);
    for (std::size_t q = 0; q < g.size; ++q)
      inverse.data[q] = diagonal.data[q] > 0 ? 1 / diagonal.data[q] : 0;
  }
  Grid g;
  float c;
  Array<float> diagonal, inverse, x, y, b;
};

// Richardson parameters 1/root of the Chebyshev polynomial of degree 2 on [0.7, 2].
constexpr float mid = 1.35F, half = 0.65F * 0.70710678F;
constexpr float small_step = 1 / (mid + half), large_step = 1 / (mid - half);

template <int D>
void sweep(Level& l, float step) {
  each_row(l.g, [&](int, int, long at) {
    const float *x = l.x.data + at, *b = l.b.data + at, *d = l.diagonal.data + at,
                *inverse = l.inverse.data + at;
    float* y = l.y.data + at;
    for (int i = 1; i <= l.g.n; ++i)
      y[i] = x[i] + step * inverse[i] *
                        (b[i] - d[i] * x[i] + l.c * neighbours<D>(x, i, l.g.row, l.g.plane));
  });
  std::swap(l.x.data, l.y.data);
}

/// Children of a coarse row: fine rows (2j + q, 2k + r).
template <int D>
void restrict_residual(const Level& fine, Level& coarse) {
  each_row(coarse.g, [&](int j, int k, long to) {
    float* sum = coarse.b.data + to;
    std::fill(sum + 1, sum + 1 + coarse.g.n, 0.0F);
    for (int r = 0; r < (D == 3 ? 2 : 1); ++r)
      for (int q = 0; q < 2; ++q) {
        const long at = fine.g.at(2 * j + q, 2 * k + r);
        const float *x = fine.x.data + at, *b = fine.b.data + at, *d = fine.diagonal.data + at;
        for (int i = 1; i <= coarse.g.n; ++i)
          for (int p = 2 * i - 1; p <= 2 * i; ++p)
            sum[i] += b[p] - d[p] * x[p] +
                      fine.c * neighbours<D>(x, p, fine.g.row, fine.g.plane);
      }
    for (int i = 1; i <= coarse.g.n; ++i) sum[i] *= D == 3 ? 0.125F : 0.25F;
  });
}

template <int D>
void add_correction(Level& fine, const Level& coarse) {
  each_row(fine.g, [&](int j, int k, long at) {
    float* x = fine.x.data + at;
    const float* y = coarse.x.data + coarse.g.at(j / 2, k / 2);
    for (int i = 1; i <= coarse.g.n; ++i) {
      x[2 * i - 1] += y[i];
      x[2 * i] += y[i];
    }
  });
}

template <int D>
void cycle(std::vector<Level>& levels, std::size_t at) {
  Level& l = levels[at];
  each_row(l.g, [&](int, int, long start) {
    for (int i = 1; i <= l.g.n; ++i)
      l.x.data[start + i] = small_step * l.inverse.data[start + i] * l.b.data[start + i];
  });
  sweep<D>(l, large_step);
  if (at + 1 == levels.size()) {
    for (int pass = 0; pass < 10; ++pass) {
      sweep<D>(l, small_step);
      sweep<D>(l, large_step);
    }
    return;
  }
  restrict_residual<D>(l, levels[at + 1]);
  cycle<D>(levels, at + 1);
  add_correction<D>(l, levels[at + 1]);
  sweep<D>(l, large_step);
  sweep<D>(l, small_step);
}

struct Solver {
  Solver(int d, int n, double dt)
      : g(d, n), c(dt * n * n / (width * width)), diagonal(g.size), w(g.size), r(g.size), p(g.size),
        Ap(g.size) {
    fill_diagonal(g, dt, diagonal.data);
    levels.emplace_back(d, n, dt);
    for (int cells = n; cells % 2 == 0 && cells >= 64; cells /= 2)
      levels.emplace_back(d, cells / 2, dt);
  }
  template <int D>
  int step();

  Grid g;
  double c;
  Array<double> diagonal, w, r, p, Ap;
  std::vector<Level> levels;
};

/// Solves A w = w_old in place; returns the iterations.
template <int D>
int Solver::step() {
  const int n = g.n;
  double bb = 0, rr = 0, rz = 0;
  each_row(g, [&](int, int, long at) {
    const double *x = w.data + at, *d = diagonal.data + at;
    double *e = r.data + at, sb = 0, sr = 0;
    for (int i = 1; i <= n; ++i) {
      e[i] = x[i] - d[i] * x[i] + c * neighbours<D>(x, i, g.row, g.plane);
      sb += x[i] * x[i];
      sr += e[i] * e[i];
    }
    bb += sb;
    rr += sr;
  });
  const double cells = std::pow(n, D), goal = 1e-16 * bb;
  int iterations = 0;
  for (; rr > goal && iterations < 200; ++iterations) {
    const double size = std::sqrt(rr / cells);  // keeps floats in range
    each_row(g, [&](int, int, long at) {
      for (int i = 1; i <= n; ++i)
        levels[0].b.data[at + i] = static_cast<float>(r.data[at + i] / size);
    });
    cycle<D>(levels, 0);
    double new_rz = 0, pAp = 0;
    each_row(g, [&](int, int, long at) {
      const float* z = levels[0].x.data + at;
      const double* e = r.data + at;
      double s = 0;
      for (int i = 1; i <= n; ++i) s += z[i] * e[i];
      new_rz += s;
    });
    new_rz *= size;
    const double beta = iterations > 0 ? new_rz / rz : 0;
    rz = new_rz;
    each_row(g, [&](int, int, long at) {
      const float* z = levels[0].x.data + at;
      double* q = p.data + at;
      for (int i = 1; i <= n; ++i) q[i] = size * z[i] + beta * q[i];
    });
    each_row(g, [&](int, int, long at) {
      const double *q = p.data + at, *d = diagonal.data + at;
      double *a = Ap.data + at, s = 0;
      for (int i = 1; i <= n; ++i) {
        a[i] = d[i] * q[i] - c * neighbours<D>(q, i, g.row, g.plane);
        s += a[i] * q[i];
      }
      pAp += s;
    });
    const double alpha = rz / pAp;
    rr = 0;
    each_row(g, [&](int, int, long at) {
      double *x = w.data + at, *e = r.data + at, s = 0;
      const double *q = p.data + at, *a = Ap.data + at;
      for (int i = 1; i <= n; ++i) {
        x[i] += alpha * q[i];
        e[i] -= alpha * a[i];
        s += e[i] * e[i];
      }
      rr += s;
    });
  }
  return iterations;
}

void start(Solver& s) {
  const double h = width / s.g.n, wide = std::sqrt(2 * 0.05), mean[3] = {-1, 0, 0};
  double mass = 0;
  const auto visit = [&](auto f) {
    each_row(s.g, [&](int j, int k, long at) {
      for (int i = 0; i < s.g.n; ++i) {
        double x[3] = {};
        s.g.centre(i, j, k, x);
        f(x, s.w.data[at + i + 1]);
      }
    });
  };
  visit([&](const double* x, double& w) {
    w = 1;
    for (int a = 0; a < s.g.d; ++a)
      w *= (std::erf((x[a] - mean[a] + h / 2) / wide) - std::erf((x[a] - mean[a] - h / 2) / wide)) /
           (2 * h);
    mass += w * std::pow(h, s.g.d);
  });
  visit([&](const double* x, double& w) { w *= std::exp(0.5 * external(x, s.g.d)) / mass; });
}

void write_density(const Solver& s, const char* name) {
  std::FILE* file = std::fopen(name, "wb");
  if (!file) std::exit(4);
  std::vector<double> line(static_cast<std::size_t>(s.g.n));
  each_row(s.g, [&](int j, int k, long at) {
    for (int i = 0; i < s.g.n; ++i) {
      double x[3] = {};
      s.g.centre(i, j, k, x);
      line[static_cast<std::size_t>(i)] =
          s.w.data[at + i + 1] * std::exp(-0.5 * external(x, s.g.d));
    }
    std::fwrite(line.data(), sizeof(double), line.size(), file);
  });
  std::fclose(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "bandwidth_limit DIMENSION CELLS STEPS TIME [FILE]\n");
    return 2;
  }
  const int d = std::atoi(argv[1]), n = std::atoi(argv[2]), steps = std::atoi(argv[3]);
  Solver s(d, n, std::atof(argv[4]) / steps);
  start(s);
  long iterations = 0;
  const auto before = std::chrono::steady_clock::now();
  for (int k = 0; k < steps; ++k) iterations += d == 3 ? s.step<3>() : s.step<2>();
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - before;
  std::printf("stepping %.4f s, %.2f iterations per step\n", spent.count(),
              static_cast<double>(iterations) / steps);
  if (argc > 5) write_density(s, argv[5]);
}
