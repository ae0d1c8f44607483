#include "batch.h"

#include "otto/particles/walk.h"

namespace otto {

namespace {

constexpr std::uint64_t feistel_rounds = 4;  ///< as many as make a pseudorandom permutation strong

}  // namespace

std::int64_t shuffled(std::int64_t place, std::int64_t n, std::uint64_t epoch, std::uint64_t seed) {
  int half = 1;  // bits of each half
  while ((std::int64_t{1} << (2 * half)) < n) ++half;
  const std::int64_t size = std::int64_t{1} << half;
  std::int64_t value = place;
  do {
    std::int64_t left = value / size, right = value % size;
    for (std::uint64_t round = 0; round < feistel_rounds; ++round) {
      const double u =
          uniform_number(seed, Purpose::shuffle, right, epoch * feistel_rounds + round, 1);
      left ^= std::int64_t(u * double(size));
      std::swap(left, right);
    }
    value = left * size + right;
  } while (value >= n);
  return value;
}

Rows Batch::unit_noise(std::int64_t block, std::uint64_t draw) const {
  Rows xi(blocks_.length(block), train_.cols());
  for (Eigen::Index i = 0; i < xi.rows(); ++i) {
    normal_numbers(seed_, Purpose::batch, blocks_.begin(block) + i, draw,
                   {xi.data() + i * xi.cols(), std::size_t(xi.cols())});
  }
  return xi;
}

Rows Batch::rows(std::int64_t block, std::uint64_t draw) const {
  const std::int64_t n = train_.rows();
  Rows x(blocks_.length(block), train_.cols());
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    const std::int64_t drawn = std::int64_t(draw) * blocks_.count + blocks_.begin(block) + i;
    x.row(i) = train_.row(shuffled(drawn % n, n, std::uint64_t(drawn / n), seed_));
  }
  if (noise_ != 0) x += noise_ * unit_noise(block, draw);
  return x;
}

}  // namespace otto
