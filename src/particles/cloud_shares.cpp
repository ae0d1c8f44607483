// Shares of weighted particles, and what a checkpoint keeps of a cloud.

#include <cmath>
#include <limits>

#include "cloud.h"
#include "otto/particles/annealing.h"

namespace otto {

namespace {

constexpr double worth = 0.5;  ///< least share of the particles' number they must be worth

}  // namespace

void Cloud::reweigh(const std::vector<Vector>& before) {
  std::vector<Vector> D;
  double top = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < mine_.size(); ++k) {
    D.push_back(before[k] - mine_[k].U);
    top = std::max(top, D[k].maxCoeff());
  }
  top = comm_.max(top);
  const auto sum = tree_sum(comm_, blocks_, 3, [&](std::int64_t b, std::span<double> s) {
    const auto k = std::size_t(b - blocks_.first_block);
    for (Eigen::Index i = 0; i < D[k].size(); ++i) {
      const double e = std::exp(D[k][i] - top), w = shares_[k][i] * e;
      s[0] += w;
      s[1] += w * e;
      s[2] += w * w;
    }
  });
  check(std::isfinite(sum[0]) && sum[0] > 0 ? 0 : 1);
  for (std::size_t k = 0; k < mine_.size(); ++k) {
    for (Eigen::Index i = 0; i < D[k].size(); ++i) {
      shares_[k][i] *= std::exp(D[k][i] - top) / sum[0];
    }
  }
  log_z_ += top + std::log(sum[0]);
  tracked_ = tracked_ && sum[0] * sum[0] >= worth * sum[1];  // what equal shares would be worth
  effective_ = sum[0] * sum[0] / sum[2] / double(o_.particles);
  if (effective_ < worth) resample();
}

void Cloud::resample() {
  std::vector<double> mine;
  for (const Vector& w : shares_) mine.insert(mine.end(), w.data(), w.data() + w.size());
  std::vector<double> log_share = gather(comm_, std::span<const double>(mine));
  for (double& w : log_share) w = std::log(w);
  const auto all = all_places();
  const Eigen::Map<const Rows> z(all.data(), o_.particles, reference_.dimension());
  place(resampled(z, log_share, o_.particles, o_.seed + taken_), taken_);
  equal_shares();
}

void Cloud::place(const Rows& z, std::uint64_t number) {
  comm_.together([&] {
    mine_.clear();
    for (std::int64_t b = blocks_.first_block; b < blocks_.end_block; ++b) {
      mine_.push_back(
          walk_.place(blocks_.begin(b), z.middleRows(blocks_.begin(b), blocks_.length(b)), number));
    }
  });
}

double Cloud::tracked_log_z() const {
  return weighted_ && tracked_ ? log_z_ : std::numeric_limits<double>::quiet_NaN();
}

std::vector<double> Cloud::all_places() const {
  std::vector<double> mine;
  for (const Particles& p : mine_) mine.insert(mine.end(), p.z.data(), p.z.data() + p.z.size());
  return gather(comm_, std::span<const double>(mine));
}

void Cloud::keep(Archive& a, const std::string& name,
                 const std::function<std::span<double>(std::size_t)>& of_block) {
  std::vector<double> mine;
  for (std::size_t k = 0; k < mine_.size(); ++k) {
    const auto part = of_block(k);
    mine.insert(mine.end(), part.begin(), part.end());
  }
  std::vector<double> all = gather(comm_, std::span<const double>(mine));
  a.numbers(name, all);
  if (!a.loading()) return;
  const std::size_t each = all.size() / std::size_t(o_.particles);
  for (std::size_t k = 0; k < mine_.size(); ++k) {
    const auto begin = std::size_t(blocks_.begin(blocks_.first_block + std::int64_t(k))) * each;
    std::ranges::copy_n(all.begin() + std::ptrdiff_t(begin), std::ptrdiff_t(of_block(k).size()),
                        of_block(k).begin());
  }
}

void Cloud::remember_ladders(Archive& a) {
  std::vector<double> mine;
  for (const Ladders& l : ladders_) {
    const auto state = l.state();
    mine.insert(mine.end(), state.begin(), state.end());
  }
  std::vector<double> all = gather(comm_, std::span<const double>(mine));
  a.numbers("ladders", all);
  if (!a.loading()) return;
  const auto R = std::size_t(o_.replicas), d = std::size_t(reference_.dimension());
  comm_.together([&] {
    std::size_t begin =
        (std::size_t(blocks_.begin(blocks_.first_block)) * d + std::size_t(blocks_.first_block)) *
        R;  // of every block before: places of all replicas and R lengths
    for (Ladders& l : ladders_) {
      const std::size_t length = (std::size_t(l.ladders()) * d + 1) * R;
      l.restore(std::span(all).subspan(begin, length));
      begin += length;
    }
  });
}

void Cloud::remember(Archive& a) {
  a.number("h", h_);
  a.number("taken", taken_);
  if (tempered_) return remember_ladders(a);
  std::vector<double> z = all_places();
  a.numbers("z", z);
  if (a.loading()) {
    place(Eigen::Map<const Rows>(z.data(), o_.particles, reference_.dimension()), 0);
  }
  if (o_.kernel == "underdamped") keep(a, "v", [&](std::size_t k) { return as_span(mine_[k].v); });
  if (!weighted_) return;
  keep(a, "U", [&](std::size_t k) { return as_span(mine_[k].U); });
  keep(a, "shares", [&](std::size_t k) { return as_span(shares_[k]); });
  a.number("effective", effective_);
  a.number("tracked_log_z", log_z_);
  a.number("tracked", tracked_);
}

}  // namespace otto
