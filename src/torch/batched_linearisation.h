#pragma once
// U linearised batch by batch. A Piece is what is kept of one batch:
//
//   Piece(script, points)
//   value(out)                            U
//   apply(script, s, dU)                  dU = J s, s in the shapes of theta
//   add_adjoint(script, c, g)             g += J^T c
//   layers(script), add_moments(l, c, hh, DD)      as of Linearisation
//   bytes_per_point(script)               room it takes

#include <algorithm>

#include "guard.h"
#include "script_network.h"

namespace otto {

/// Bytes that the pieces of all Linearisations of this process may keep; those beyond are made anew
/// for every product.
inline constexpr double kept_bytes = 1.5e9;
inline double bytes_in_use = 0;

template <class Piece>
class BatchedLinearisation final : public Linearisation {
 public:
  BatchedLinearisation(const Script& script, std::span<const Point> points)
      : script_(script.copy()), points_(points.begin(), points.end()), value_(points.size()) {
    const double each = Piece::bytes_per_point(script_);
    in_batches(points_, batch_size, [&](std::size_t first, std::span<const Point> batch) {
      Piece piece(script_, batch);
      piece.value(std::span(value_).subspan(first, batch.size()));
      const double bytes = each * double(batch.size());
      if (first != batch_size * kept_.size() || bytes_in_use + bytes > kept_bytes) return;
      kept_.push_back(std::move(piece));
      bytes_ += bytes;
      bytes_in_use += bytes;
    });
  }
  ~BatchedLinearisation() override { bytes_in_use -= bytes_; }
  BatchedLinearisation(const BatchedLinearisation&) = delete;
  BatchedLinearisation& operator=(const BatchedLinearisation&) = delete;

  std::span<const double> value() const override { return value_; }

  void apply(std::span<const double> s, std::span<double> dU) const override {
    const auto pieces = script_.pieces(s);
    over_pieces([&](std::size_t first, std::size_t count, const Piece& piece) {
      piece.apply(script_, pieces, dU.subspan(first, count));
    });
  }

  void add_adjoint(std::span<const double> c, std::span<double> g) const override {
    over_pieces([&](std::size_t first, std::size_t count, const Piece& piece) {
      piece.add_adjoint(script_, c.subspan(first, count), g);
    });
  }

  std::vector<LayerShape> layers() const override { return Piece::layers(script_); }
  void add_moments(std::size_t layer, std::span<const double> c, std::span<double> hh,
                   std::span<double> DD) const override {
    over_pieces([&](std::size_t first, std::size_t count, const Piece& piece) {
      piece.add_moments(layer, c.subspan(first, count), hh, DD);
    });
  }

 private:
  template <class Work>
  void over_pieces(const Work& work) const {
    try {
      translated(script_.name() + ": cannot be differentiated", [&] {
        std::size_t number = 0;
        in_batches(points_, batch_size, [&](std::size_t first, std::span<const Point> batch) {
          if (number < kept_.size()) {
            work(first, batch.size(), kept_[number++]);
          } else {
            work(first, batch.size(), Piece(script_, batch));
          }
        });
      });
    } catch (const InputError& e) {
      throw InternalError(e.what());
    }
  }

  Script script_;
  std::vector<Point> points_;
  std::vector<double> value_;
  std::vector<Piece> kept_;
  double bytes_ = 0;  ///< of these
};

}  // namespace otto
