#include "otto/particles/sample_split.h"

#include <fmt/format.h>

#include <cmath>

#include "otto/core/error.h"
#include "otto/core/random.h"
#include "otto/particles/walk.h"
#include "otto/tables/columns.h"
#include "otto/tables/number_table.h"

namespace otto {

namespace {

void check_dimension(const std::filesystem::path& file, std::int64_t d) {
  if (d <= max_particle_dimension) return;
  throw InputError(
      fmt::format("{}: rows of {} numbers; at most {} are taken, since their covariance "
                  "is needed",
                  file.string(), d, max_particle_dimension));
}

template <class Place>
Rows checked(std::vector<double> values, std::int64_t columns, const Place& place) {
  constexpr double largest = 1e100;  // sums of squares stay in the range of numbers
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::abs(values[i]) <= largest) continue;
    throw InputError(place(std::int64_t(i) / columns) + (std::isfinite(values[i])
                                                             ? " is beyond 1e100; rescale the data"
                                                             : " is not finite"));
  }
  return Eigen::Map<const Rows>(values.data(), std::int64_t(values.size()) / columns, columns);
}

Rows read_dataset(const std::filesystem::path& path, const ColumnFile& file,
                  const std::string& name) {
  const auto shape = file.shape(name);
  if (shape.rows == 0 || shape.columns == 0) file.fail(name + " is empty");
  check_dimension(path, shape.columns);
  return checked(file.read(name, 0, shape.rows), shape.columns, [&](std::int64_t row) {
    return fmt::format("{}: {}: row {}", path.string(), name, row + 1);
  });
}

Rows read_all(const std::filesystem::path& path) {
  const NumberTable table = read_number_table(path);
  if (table.rows() == 0) throw InputError(path.string() + ": holds no sample");
  check_dimension(path, std::int64_t(table.columns));
  if (table.columns <= 3) check_order(table, "", int(table.columns));
  return checked(table.numbers, std::int64_t(table.columns),
                 [&](std::int64_t row) { return table.place(std::size_t(row)); });
}

/// Rows of `all` whose number in [0, 1) lies in [from, to).
Rows share(const Rows& all, double from, double to, std::uint64_t seed) {
  std::vector<Eigen::Index> chosen;
  for (Eigen::Index i = 0; i < all.rows(); ++i) {
    const double u = uniform_number(seed, Purpose::resampling, i, 1, 1);
    if (u >= from && u < to) chosen.push_back(i);
  }
  return all(chosen, Eigen::all);
}

void split_rows(const Rows& all, const SplitOptions& o, SampleSplit& s) {
  if (o.heldout <= 0) {
    s.test = all;
    s.split = false;
    return;
  }
  s.validation = share(all, 0, o.heldout / 2, o.seed);
  s.test = share(all, o.heldout / 2, o.heldout, o.seed);
  s.train = share(all, o.heldout, 1, o.seed);
}

}  // namespace

SampleSplit read_split(const std::filesystem::path& path, const SplitOptions& o) {
  SampleSplit s;
  if (!is_hdf5(path)) {
    split_rows(read_all(path), o, s);
    s.noise = std::max(o.noise, 0.0);
    return s;
  }
  const ColumnFile file(path);
  s.noise = o.noise >= 0 ? o.noise : file.attribute("noise").value_or(0);
  if (!(s.noise >= 0 && std::isfinite(s.noise))) file.fail("its attribute noise is no deviation");
  const std::string train = file.has("/train") ? "/train" : "/samples";
  if (!file.has(train)) file.fail("has neither /train nor /samples, the rows of a density");
  const Rows all = read_dataset(path, file, train);
  const bool test = file.has("/test"), validation = file.has("/validation");
  if (!test && !validation) {
    split_rows(all, o, s);
    return s;
  }
  s.train = all;
  s.test = read_dataset(path, file, test ? "/test" : "/validation");
  if (validation) s.validation = read_dataset(path, file, "/validation");
  for (const Rows* part : {&s.test, &s.validation}) {
    if (part->rows() > 0 && part->cols() != all.cols()) {
      file.fail(fmt::format("{} has {} columns, another part has {}; all need the same", train,
                            all.cols(), part->cols()));
    }
  }
  return s;
}

Rows with_noise(const Rows& rows, double noise, int copies, std::uint64_t seed) {
  if (noise == 0) return rows;
  Rows all(rows.rows() * copies, rows.cols());
  Vector xi(rows.cols());
  for (int copy = 0; copy < copies; ++copy) {
    for (Eigen::Index i = 0; i < rows.rows(); ++i) {
      normal_numbers(seed, Purpose::noise, i, std::uint64_t(copy), as_span(xi));
      all.row(copy * rows.rows() + i) = rows.row(i) + noise * xi.transpose();
    }
  }
  return all;
}

void check_spread(const Rows& rows, double noise) {
  if (rows.rows() < 2) {
    throw InputError(fmt::format("{} sample{} to train on; two are the least", rows.rows(),
                                 rows.rows() == 1 ? "" : "s"));
  }
  if (noise > 0) return;
  for (Eigen::Index a = 0; a < rows.cols(); ++a) {
    if (rows.col(a).minCoeff() != rows.col(a).maxCoeff()) continue;
    throw InputError(
        fmt::format("coordinate {} is {} in every sample, which no density has; give "
                    "a noise, or leave the coordinate out",
                    a + 1, rows(0, a)));
  }
  if (rows.rows() <= rows.cols()) {
    throw InputError(
        fmt::format("{} samples span no volume in {} dimensions; give a noise, or more "
                    "than {} samples",
                    rows.rows(), rows.cols(), rows.cols()));
  }
}

}  // namespace otto
