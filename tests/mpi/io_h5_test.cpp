// HDF5 files written by all ranks: content, order, and what a full disk leaves behind.

#include <gtest/gtest.h>
#include <hdf5.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "otto/core/error.h"
#include "otto/io/h5_writer.h"
#include "otto/mesh/box.h"
#include "otto/mesh/global_order.h"
#include "otto/mesh/mesh.h"
#include "scratch.h"

using namespace otto;

namespace {

Mesh small_box(const Comm& world) {
  Box box;
  box.dimension = 3;
  box.nodes = {graded_nodes(-1, 1, 7, 2.0), graded_nodes(0, 3, 6, 1.0), graded_nodes(0, 1, 5, 0.5)};
  return make_box_mesh(world, box);
}

std::vector<double> read_doubles(const std::filesystem::path& file, const std::string& set) {
  const hid_t f = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  EXPECT_GE(f, 0);
  const hid_t d = H5Dopen2(f, set.c_str(), H5P_DEFAULT), s = H5Dget_space(d);
  std::vector<double> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(s)));
  EXPECT_GE(H5Dread(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
  H5Sclose(s);
  H5Dclose(d);
  H5Fclose(f);
  return values;
}

/// A file-size limit while it lives.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

H5Plan some_plan(const std::vector<double>& values) {
  H5Plan plan;
  plan.group("/cells");
  plan.attribute("/", "time", 0.5);
  plan.attribute("/", "words", std::string("one or two"));
  plan.dataset("/cells/values", std::span<const double>(values));
  return plan;
}

TEST(GlobalOrder, GoesThereAndBack) {
  const Comm world;
  const Mesh mesh = small_box(world);
  const GlobalOrder order(mesh);
  EXPECT_EQ(world.sum(order.rows()), mesh.global_cells);
  std::vector<double> mine(2 * static_cast<std::size_t>(mesh.owned));
  for (std::size_t i = 0; i < mine.size(); i += 2) {
    mine[i] = static_cast<double>(mesh.global[i / 2]);
    mine[i + 1] = mesh.center[i / 2][0];
  }
  const auto slab = order.to_slab(mine, 2);
  ASSERT_EQ(static_cast<std::int64_t>(slab.size()), 2 * order.rows());
  for (std::int64_t k = 0; k < order.rows(); ++k) {
    EXPECT_EQ(slab[2 * static_cast<std::size_t>(k)], static_cast<double>(order.first() + k));
  }
  EXPECT_EQ(order.from_slab(slab, 2), mine);
}

TEST(GlobalOrder, StreamsTheSlabInPieces) {
  const Comm world;
  Mesh mesh = small_box(world);
  const auto check = [&] {
    const GlobalOrder order(mesh);
    for (const auto& [columns, max] : {std::pair{1, 1}, {1, 7}, {2, 64}, {3, 1 << 17}}) {
      std::vector<double> mine;
      for (int i = 0; i < columns * mesh.owned; ++i) {
        mine.push_back(
            std::sin(double(columns * mesh.global[std::size_t(i / columns)] + i % columns)));
      }
      std::int64_t next = columns * order.first();
      order.stream(
          mine,
          [&](std::int64_t first, std::span<const double> piece) {
            EXPECT_EQ(columns * first, next);
            EXPECT_LE(std::ssize(piece), columns * max);
            for (const double x : piece) EXPECT_EQ(x, std::sin(double(next++)));
          },
          columns, max);
      EXPECT_EQ(next, columns * (order.first() + order.rows()));
    }
  };
  check();
  // numbers without any order, as an unstructured mesh may have them: 11 and n = 210 have no factor
  // in common
  for (auto& g : mesh.global) g = (11 * g + 5) % mesh.global_cells;
  check();
  // and the slabs themselves
  mesh.owned = static_cast<int>(GlobalOrder(mesh).rows());
  mesh.global.resize(static_cast<std::size_t>(mesh.owned));
  std::iota(mesh.global.begin(), mesh.global.end(), world.offset(mesh.owned));
  check();
}

TEST(GlobalOrder, RefusesNumbersThatAreNotAPermutation) {
  const Comm world;
  Mesh mesh = small_box(world);
  if (world.is_root()) mesh.global[0] = mesh.global[1];
  EXPECT_THROW(GlobalOrder{mesh}, Error);
}

TEST(H5Writer, RowsOfAllRanksInOrderAndExactly) {
  const Comm world;
  const ScratchFolder scratch(world);
  const auto file = scratch.path() / "a.h5";
  const int mine = 3 + 2 * world.rank();  // ranks of different size
  const std::int64_t before = world.offset(mine);
  std::vector<double> values(static_cast<std::size_t>(2 * mine));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::sin(static_cast<double>(2 * before) + static_cast<double>(i));
  }
  H5Plan plan;
  plan.dataset("/x", std::span<const double>(values), 2);
  write_h5(world, file, plan);
  const auto read = read_doubles(file, "/x");
  ASSERT_EQ(static_cast<std::int64_t>(read.size()), world.sum(std::int64_t{2 * mine}));
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i], std::sin(static_cast<double>(i)));
  }
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / "a.h5.part"));
}

TEST(H5Writer, ARankWithoutRowsTakesPart) {
  const Comm world;
  const ScratchFolder scratch(world);
  std::vector<double> values;
  if (world.rank() == world.size() - 1) values = {1, 2, 3};
  write_h5(world, scratch.path() / "a.h5", some_plan(values));
  EXPECT_EQ(read_doubles(scratch.path() / "a.h5", "/cells/values"), (std::vector<double>{1, 2, 3}));
}

TEST(H5Writer, AFullDiskNamesTheFileAndKeepsTheEarlierOne) {
  const Comm world;
  const ScratchFolder scratch(world);
  const auto file = scratch.path() / "a.h5";
  const std::vector<double> early{1, 2}, late(5000, 3.0);
  write_h5(world, file, some_plan(early));
  const auto before = read_doubles(file, "/cells/values");
  for (const rlim_t bytes : {0, 1, 100, 512, 800, 2047, 2048, 4096, 20000, 40000, 50000}) {
    std::string message;
    {
      const SizeLimit limit(bytes);
      try {
        write_h5(world, file, some_plan(late));
      } catch (const Error& e) {
        EXPECT_EQ(e.status(), ExitStatus::io);
        message = e.what();
      }
    }
    EXPECT_NE(message.find("a.h5"), std::string::npos) << bytes << ": " << message;
    EXPECT_NE(message.find("File too large"), std::string::npos) << bytes << ": " << message;
    EXPECT_EQ(read_doubles(file, "/cells/values"), before);
    EXPECT_FALSE(std::filesystem::exists(scratch.path() / "a.h5.part"));
  }
  write_h5(world, file, some_plan(late));  // and once there is room again
  EXPECT_EQ(read_doubles(file, "/cells/values").size(),
            5000U * static_cast<unsigned>(world.size()));
}

TEST(H5Writer, ALimitOnOneRankIsMetByAll) {
  const Comm world;
  if (world.size() == 1) GTEST_SKIP() << "needs another rank";
  const ScratchFolder scratch(world);
  const std::vector<double> values(5000, 3.0);
  const SizeLimit limit(world.rank() == world.size() - 1 ? 50000 : RLIM_INFINITY);
  EXPECT_THROW(write_h5(world, scratch.path() / "a.h5", some_plan(values)), Error);
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / "a.h5.part"));
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / "a.h5"));
}

TEST(H5Writer, StreamsEndOnAllRanksWhereOneCannotWrite) {
  const Comm world;
  const ScratchFolder scratch(world);
  const auto file = scratch.path() / "a.h5";
  const int last = world.size() - 1;
  std::int64_t pieces = 0;
  H5Plan plan;
  plan.dataset("/x", Pieces<double>{3000, [&](const Pieces<double>::Sink& sink) {
                                      for (int k = 0; k < 3; ++k) {
                                        MPI_Barrier(world.handle());  // a stream is collective
                                        sink(std::vector<double>(1000, world.rank() + 0.25 * k));
                                        ++pieces;
                                      }
                                    }});
  write_h5(world, file, plan);
  const auto read = read_doubles(file, "/x");
  ASSERT_EQ(std::ssize(read), 3000 * world.size());
  for (std::size_t i = 0; i < read.size(); ++i)
    EXPECT_EQ(read[i], 0.25 * double(i / 1000 % 3) + double(i / 3000));
  {
    // The structure and the other ranks' values fit where the last rank's do not.
    const SizeLimit limit(world.rank() == last && last > 0 ? 24000 * last + 9000 : RLIM_INFINITY);
    if (last > 0) {
      EXPECT_THROW(write_h5(world, file, plan), Error);
      EXPECT_EQ(pieces, 6);
    }
  }
  EXPECT_EQ(read_doubles(file, "/x"), read);
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / "a.h5.part"));
}

TEST(H5Writer, AMissingFolderIsAnError) {
  const Comm world;
  const ScratchFolder scratch(world);
  const std::vector<double> values(5, 3.0);
  EXPECT_THROW(write_h5(world, scratch.path() / "none" / "a.h5", some_plan(values)), Error);
}

}  // namespace
