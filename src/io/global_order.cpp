#include "otto/io/global_order.h"

#include <algorithm>

#include "otto/core/all_to_all.h"
#include "otto/core/error.h"
#include "otto/core/fault.h"

namespace otto {

GlobalOrder::GlobalOrder(const Mesh& mesh) : comm_(mesh.comm) {
  const std::int64_t n = mesh.global_cells, p = comm_.size(), r = comm_.rank();
  first_ = r * n / p;
  rows_ = (r + 1) * n / p - first_;
  std::vector<int> home(static_cast<std::size_t>(mesh.owned));
  comm_.together([&] {
    mine_counts_.assign(static_cast<std::size_t>(p), 0);
    for (std::size_t i = 0; i < home.size(); ++i) {
      const std::int64_t g = mesh.global[i];
      if (g < 0 || g >= n) throw InternalError("mesh: a global cell number is out of range");
      home[i] = static_cast<int>(((g + 1) * p - 1) / n);
      ++mine_counts_[static_cast<std::size_t>(home[i])];
    }
  });
  slab_counts_ = incoming_counts(comm_, mine_counts_);

  mine_.resize(home.size());
  std::vector<int> next = starts_of(mine_counts_);
  std::vector<std::int64_t> numbers(home.size());
  for (std::size_t i = 0; i < home.size(); ++i) {
    const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(home[i])]++);
    mine_[at] = static_cast<std::int64_t>(i);
    numbers[at] = mesh.global[i];
  }
  slab_ = all_to_all(comm_, numbers, mine_counts_, slab_counts_);
  comm_.together([&] {
    std::vector<char> seen(static_cast<std::size_t>(rows_), 0);
    for (auto& g : slab_) {
      g -= first_;
      if (seen[static_cast<std::size_t>(g)]++) {
        throw InternalError("mesh: two cells have the same global number");
      }
    }
    if (static_cast<std::int64_t>(slab_.size()) != rows_) {
      throw InternalError("mesh: a global cell number is missing");
    }
  });
}

std::vector<double> GlobalOrder::exchange(std::span<const double> values, int columns,
                                          bool forth) const {
  fault_point("global_order");
  const auto& from = forth ? mine_ : slab_;
  const auto& to = forth ? slab_ : mine_;
  const auto width = static_cast<std::size_t>(columns);
  std::vector<double> packed(from.size() * width);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto source = static_cast<std::size_t>(from[i]) * width;
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(source), width, &packed[i * width]);
  }
  if (comm_.size() > 1) {
    packed = all_to_all(comm_, packed, forth ? mine_counts_ : slab_counts_,
                        forth ? slab_counts_ : mine_counts_, columns);
  }
  std::vector<double> out(to.size() * width);
  for (std::size_t i = 0; i < to.size(); ++i) {
    std::copy_n(&packed[i * width], width, &out[static_cast<std::size_t>(to[i]) * width]);
  }
  return out;
}

std::vector<double> GlobalOrder::to_slab(std::span<const double> owned, int columns) const {
  return exchange(owned, columns, true);
}

std::vector<double> GlobalOrder::from_slab(std::span<const double> slab, int columns) const {
  return exchange(slab, columns, false);
}

}  // namespace otto
