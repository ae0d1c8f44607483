#include "step_guess.h"

#include <algorithm>
#include <array>
#include <utility>

#include "otto/core/reproducible_sum.h"

namespace otto {

namespace {

constexpr std::size_t max_order = StepGuess::max_order;

/// w of every q.
constexpr std::array<std::array<double, max_order>, max_order> make_weights() {
  std::array<std::array<double, max_order>, max_order> w{};
  for (std::size_t q = 1; q <= max_order; ++q) {
    double binomial = 1;
    for (std::size_t j = 0; j < q; ++j) {
      binomial *= double(q - j) / double(j + 1);
      w[q - 1][j] = j % 2 == 0 ? binomial : -binomial;
    }
  }
  return w;
}
constexpr auto weights = make_weights();

constexpr std::size_t block = 256;  ///< cells at a time, which stay in the cache

/// out = sum_j w_j field_j.
void combine(std::span<const double* const> fields, std::span<const double> w,
             std::span<double> out) {
  for (std::size_t begin = 0; begin < out.size(); begin += block) {
    const std::size_t count = std::min(block, out.size() - begin);
    double* to = &out[begin];
    for (std::size_t k = 0; k < count; ++k) to[k] = w[0] * fields[0][begin + k];
    for (std::size_t j = 1; j < fields.size(); ++j) {
      const double* from = fields[j] + begin;
#pragma omp simd
      for (std::size_t k = 0; k < count; ++k) to[k] += w[j] * from[k];
    }
  }
}

}  // namespace

/// The order with the least error of what it says of `field`, its q-th difference backwards.
void StepGuess::choose(std::span<const double> field) {
  alignas(64) double difference[max_order + 1][block];
  const std::size_t orders = last_.size();
  std::array<ReproducibleSum, max_order> squares;
  for (std::size_t begin = 0; begin < field.size(); begin += block) {
    const std::size_t count = std::min(block, field.size() - begin);
    std::copy_n(&field[begin], count, difference[0]);
    for (std::size_t j = 0; j < orders; ++j)
      std::copy_n(&last_[j][begin], count, difference[j + 1]);
    for (std::size_t q = 1; q <= orders; ++q) {
      for (std::size_t j = 0; j + q <= orders; ++j) {
#pragma omp simd
        for (std::size_t k = 0; k < count; ++k) difference[j][k] -= difference[j + 1][k];
      }
      squares[q - 1].add(count, [&](std::size_t k) { return difference[0][k] * difference[0][k]; });
    }
  }
  const std::vector<double> errors = sums_of_all(comm_, std::span(squares).first(orders));
  const auto best = std::min_element(errors.begin(), errors.end());
  order_ = std::size_t(best - errors.begin()) + 1;
  since_ = 0;
}

void StepGuess::examine(std::span<const double> field) {
  if (!last_.empty() && (last_.size() < max_order || ++since_ == every)) choose(field);
}

/// Room for the newest field, at the front.
std::vector<double>& StepGuess::oldest() {
  if (last_.size() < max_order) last_.emplace_back();
  std::rotate(last_.begin(), last_.end() - 1, last_.end());
  return last_.front();
}

void StepGuess::add(std::span<const double> field) {
  if (proposed_) return;
  examine(field);
  oldest().assign(field.begin(), field.end());
}

void StepGuess::take(std::vector<double>& field) {
  if (proposed_) return;
  examine(field);
  const std::size_t size = field.size();
  std::swap(oldest(), field);
  field.resize(size);
}

void StepGuess::propose(std::vector<TimedField> nodes, double t) {
  nodes_ = std::move(nodes);
  at_ = t;
}

bool StepGuess::next(std::span<double> out) {
  proposed_ = !nodes_.empty();
  std::vector<const double*> fields;
  if (proposed_) {
    std::vector<double> w;
    for (const TimedField& a : nodes_) {
      fields.push_back(a.field->data());
      w.push_back(1);
      for (const TimedField& b : nodes_) {
        if (b.field != a.field) w.back() *= (at_ - b.time) / (a.time - b.time);
      }
    }
    nodes_.clear();
    combine(fields, w, out);
    return true;
  }
  if (last_.empty()) return false;
  const std::size_t q = std::min(order_, last_.size());
  for (std::size_t j = 0; j < q; ++j) fields.push_back(last_[j].data());
  combine(fields, weights[q - 1], out);
  return true;
}

}  // namespace otto
