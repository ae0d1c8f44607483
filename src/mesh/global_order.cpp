#include "otto/mesh/global_order.h"

#include <algorithm>

#include "otto/core/all_to_all.h"
#include "otto/core/error.h"
#include "otto/core/fault.h"

namespace otto {

namespace {

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

/// Goes through all groups of a side at once, up to one row of their slabs after the other.
class GlobalOrder::Walk {
 public:
  explicit Walk(const Side& side) : side_(side), next_(starts_of(side.run_counts)), ends_(next_) {
    for (std::size_t r = 0; r < ends_.size(); ++r) ends_[r] += side.run_counts[r];
    done_.assign(ends_.size(), 0);
  }
  /// Visits (at, row, count) of what lies below `bound`, by group; returns the cells of each.
  template <class Visit>
  std::vector<int> to(std::int64_t bound, const Visit& visit) {
    std::vector<int> cells(ends_.size(), 0);
    for (std::size_t r = 0; r < ends_.size(); ++r) {
      for (; next_[r] < ends_[r]; ++next_[r], done_[r] = 0) {
        const Run& run = side_.runs[index(next_[r])];
        const std::int64_t room = bound - run.row;
        const auto stop = static_cast<std::int32_t>(std::min<std::int64_t>(run.count, room));
        if (stop <= done_[r]) break;
        visit(run.at + done_[r], run.row + done_[r], stop - done_[r]);
        cells[r] += stop - done_[r];
        done_[r] = stop;
        if (stop < run.count) break;
      }
    }
    return cells;
  }

 private:
  const Side& side_;
  std::vector<int> next_, ends_;    // runs of each group
  std::vector<std::int32_t> done_;  // cells of run next_ that were visited
};

GlobalOrder::GlobalOrder(const Mesh& mesh, std::int64_t unit)
    : comm_(mesh.comm), cells_(mesh.global_cells), unit_(unit) {
  first_ = start_of(comm_.rank());
  rows_ = start_of(comm_.rank() + 1) - first_;
  comm_.together([&] { find_runs(mesh); });
  share_runs();
  comm_.together([&] { check_slab(); });
  const auto is_slab = [&](const Run& run) {
    return run.at == 0 && run.row == 0 && run.count == rows_;
  };
  const bool mine = mesh.owned == rows_ && std::ranges::all_of(mine_.runs, is_slab);
  straight_ = !comm_.any(!mine);
}

/// The first number of a rank's slab.
std::int64_t GlobalOrder::start_of(std::int64_t rank) const {
  const std::int64_t units = (cells_ + unit_ - 1) / unit_;
  return std::min(rank * units / comm_.size() * unit_, cells_);
}

/// The runs of owned cells, cut where slabs end.
void GlobalOrder::find_runs(const Mesh& mesh) {
  const std::int64_t n = cells_, p = comm_.size(), units = (n + unit_ - 1) / unit_;
  mine_.run_counts.assign(index(p), 0);
  mine_.cell_counts.assign(index(p), 0);
  std::vector<std::int64_t> numbers;  // of the first cells
  std::int64_t next = -1, end = -1;   // the number that goes on with a run; where its slab ends
  for (std::int32_t i = 0; i < mesh.owned; ++i) {
    const std::int64_t g = mesh.global[index(i)];
    if (g < 0 || g >= n) throw InternalError("mesh: a global cell number is out of range");
    if (g != next || g == end) {
      const std::int64_t home = ((g / unit_ + 1) * p - 1) / units;
      end = start_of(home + 1);
      mine_.runs.push_back({i, static_cast<std::int32_t>(g - start_of(home)), 0});
      numbers.push_back(g);
      ++mine_.run_counts[index(home)];
    }
    ++mine_.runs.back().count;
    next = g + 1;
  }
  if (!std::ranges::is_sorted(numbers)) {
    std::ranges::sort(mine_.runs, {}, [&](const Run& run) { return mesh.global[index(run.at)]; });
  }
  auto run = mine_.runs.begin();
  for (std::size_t home = 0; home < mine_.run_counts.size(); ++home) {
    for (int k = 0; k < mine_.run_counts[home]; ++k) mine_.cell_counts[home] += (run++)->count;
  }
}

/// Tells every slab what it is made of. Collective.
void GlobalOrder::share_runs() {
  slab_.cell_counts = incoming_counts(comm_, mine_.cell_counts);
  slab_.run_counts = incoming_counts(comm_, mine_.run_counts);
  std::vector<std::int64_t> told;
  told.reserve(2 * mine_.runs.size());
  for (const Run& run : mine_.runs) told.insert(told.end(), {run.row, run.count});
  told = all_to_all(comm_, told, mine_.run_counts, slab_.run_counts, 2);
  slab_.runs.reserve(told.size() / 2);
  for (std::size_t i = 0; i < told.size(); i += 2) {
    const auto row = static_cast<std::int32_t>(told[i]);
    slab_.runs.push_back({row, row, static_cast<std::int32_t>(told[i + 1])});
  }
}

void GlobalOrder::check_slab() const {
  std::vector<Run> runs = slab_.runs;
  std::ranges::sort(runs, {}, &Run::row);
  std::int64_t next = 0;
  for (const Run& run : runs) {
    if (run.row < next) throw InternalError("mesh: two cells have the same global number");
    if (run.row > next) break;
    next += run.count;
  }
  if (next != rows_) throw InternalError("mesh: a global cell number is missing");
}

std::vector<double> GlobalOrder::exchange(std::span<const double> values, int columns,
                                          bool forth) const {
  fault_point("global_order");
  if (straight_) return {values.begin(), values.begin() + rows_ * columns};
  const Side &from = forth ? mine_ : slab_, &to = forth ? slab_ : mine_;
  std::vector<double> packed;
  packed.reserve(values.size());
  for (const Run& run : from.runs) {
    const auto part = values.subspan(index(std::int64_t{run.at} * columns),
                                     index(std::int64_t{run.count} * columns));
    packed.insert(packed.end(), part.begin(), part.end());
  }
  packed = all_to_all(comm_, packed, from.cell_counts, to.cell_counts, columns);
  std::vector<double> out(packed.size());
  auto next = packed.begin();
  for (const Run& run : to.runs) {
    const auto end = next + std::int64_t{run.count} * columns;
    std::copy(next, end, out.begin() + std::int64_t{run.at} * columns);
    next = end;
  }
  return out;
}

std::vector<double> GlobalOrder::to_slab(std::span<const double> owned, int columns) const {
  return exchange(owned, columns, true);
}

std::vector<double> GlobalOrder::from_slab(std::span<const double> slab, int columns) const {
  return exchange(slab, columns, false);
}

void GlobalOrder::stream(std::span<const double> owned, const Sink& sink, int columns,
                         std::int64_t max_rows) const {
  fault_point("global_order");
  const std::int64_t units = (cells_ + unit_ - 1) / unit_, p = comm_.size();
  const std::int64_t longest = (units + p - 1) / p * unit_;  // of all slabs
  Walk sending(mine_), arriving(slab_);
  std::vector<double> out, piece;
  for (std::int64_t begin = 0; begin < longest; begin += max_rows) {
    const std::int64_t end = std::min(begin + max_rows, rows_), count = std::max(end - begin, {});
    if (straight_) {
      if (count > 0)
        sink(first_ + begin, owned.subspan(index(begin * columns), index(count * columns)));
      continue;
    }
    out.clear();
    const auto outgoing = sending.to(begin + max_rows, [&](auto at, auto, auto n) {
      const auto part =
          owned.subspan(index(std::int64_t{at} * columns), index(std::int64_t{n} * columns));
      out.insert(out.end(), part.begin(), part.end());
    });
    Walk ahead = arriving;
    const auto incoming = ahead.to(begin + max_rows, [](auto, auto, auto) {});
    const auto in = all_to_all(comm_, out, outgoing, incoming, columns);
    piece.resize(index(count * columns));
    auto next = in.begin();
    arriving.to(begin + max_rows, [&](auto, auto row, auto n) {
      std::copy_n(next, n * columns, piece.begin() + (row - begin) * columns);
      next += n * columns;
    });
    if (count > 0) sink(first_ + begin, piece);
  }
}

}  // namespace otto
