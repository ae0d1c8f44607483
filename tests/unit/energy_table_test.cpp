// Tables: external energies and densities given by files.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "energy_files.h"
#include "energy_support.h"
#include "otto/initial/initial.h"
#include "scratch.h"

namespace otto {
namespace {

const std::string entropy = "[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n";

std::vector<double> external(const std::filesystem::path& table, const Mesh& mesh,
                             const std::string& more = "") {
  const Case c = case_of(entropy + "[[energy]]\nkind = \"external\"\ntable = \"" +
                             table.filename().string() + "\"\n" + more + "\n",
                         table.parent_path() / "case.toml");
  std::vector<double> V(static_cast<std::size_t>(mesh.local()));
  make_free_energy(c.sections("energy"), mesh).external(mesh, 0, V);
  return V;
}

std::vector<double> initial(const std::string& kind, const std::filesystem::path& file,
                            const Mesh& mesh, const std::string& more = "") {
  const Case c = case_of(entropy + "[initial]\nkind = \"" + kind + "\"\nfile = \"" +
                             file.filename().string() + "\"\n" + more + "\n",
                         file.parent_path() / "case.toml");
  return initial_density(c, mesh, make_free_energy(c.sections("energy"), mesh));
}

double smooth(const Point& x) { return std::sin(x[0]) + 2 * x[1] - x[2] * x[0]; }

/// A graded box: spacings differ by a factor of 100.
Mesh graded(int dimension, std::int64_t n) {
  Box box;
  box.dimension = dimension;
  for (std::size_t a = 0; a < static_cast<std::size_t>(dimension); ++a) {
    box.nodes[a] =
        graded_nodes(-1.0 - static_cast<double>(a), 2, n + static_cast<std::int64_t>(a), 100);
  }
  return make_box_mesh(Comm(MPI_COMM_SELF), box);
}

TEST(Table, ValuesAreMatchedByCentreWhateverTheOrderOfTheRows) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const std::filesystem::path& folder = scratch.path();
  for (int d = 1; d <= 3; ++d) {
    const Mesh mesh = graded(d, 11);
    for (const char* dataset : {"/cells/value", "/cells/external"}) {
      write_table(folder / "V.h5", mesh, dataset, 7, smooth);
      const auto V = external(folder / "V.h5", mesh, "strength = 2.0");
      for (std::size_t c = 0; c < V.size(); ++c) EXPECT_EQ(V[c], 2 * smooth(mesh.center[c]));
    }
  }
}

TEST(Table, LongTablesAreReadInPieces) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const std::filesystem::path& folder = scratch.path();
  const Mesh mesh = cube(2, 0, 1, 300);  // 90000 rows, more than are read at once
  write_table(folder / "V.h5", mesh, "/cells/value", 7, smooth);
  const auto V = external(folder / "V.h5", mesh);
  for (std::size_t c = 0; c < V.size(); ++c) ASSERT_EQ(V[c], smooth(mesh.center[c]));
}

TEST(Table, DensitiesAreScaledToTheMass) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const std::filesystem::path& folder = scratch.path();
  const Mesh mesh = graded(2, 12);
  const auto shape = [](const Point& x) { return 1 + x[0] * x[0] + std::exp(x[1]); };
  write_table(folder / "rho.h5", mesh, "/cells/density", 5, shape);
  const auto rho = initial("table", folder / "rho.h5", mesh, "mass = 3.0");
  EXPECT_NEAR(integral(mesh, rho), 3, 1e-13);
  for (std::size_t c = 0; c < rho.size(); ++c) {
    EXPECT_NEAR(rho[c] / shape(mesh.center[c]), rho[0] / shape(mesh.center[0]), 1e-14);
  }
}

TEST(Table, WhatDoesNotFitIsRefusedByTheNameOfTheFile) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const std::filesystem::path& folder = scratch.path();
  const Mesh mesh = cube(2, 0, 1, 4), other = cube(2, 0, 1.1, 4), line = cube(1, 0, 1, 16);
  const auto refused = [&](std::vector<std::string> words) {
    words.emplace_back("V.h5");
    expect_error([&] { (void)external(folder / "V.h5", mesh); }, words);
  };
  refused({"no such file"});
  std::ofstream(folder / "V.h5") << "not HDF5";
  refused({"HDF5"});
  write_h5(folder / "V.h5", {});
  refused({"/cells/value or /cells/external"});
  write_h5(folder / "V.h5", {{"/cells/value", std::vector<double>(16)}});
  refused({"/cells/center"});
  write_table(folder / "V.h5", line, "/cells/value", 1, smooth);
  refused({"1 columns", "2 axes"});
  write_h5(folder / "V.h5", {{"/cells/center", {0, 0, 1, 0, 0, 1.1, 1, 1.2, 0.3, 0.7}, 2},
                             {"/cells/value", std::vector<double>(5)}});
  refused({"has no row for the point"});
  write_table(folder / "V.h5", other, "/cells/value", 1, smooth);
  refused({"no row", "(0.125, 0.125)"});
  write_table(folder / "V.h5", mesh, "/cells/value", 2, smooth);  // every other row, twice
  refused({"two rows", "(0.125, 0.125)"});
  write_table(folder / "V.h5", mesh, "/cells/value", 1, [](const Point&) { return std::nan(""); });
  expect_error([&] { (void)external(folder / "V.h5", mesh); }, {"case.toml:6", "nan"});
  write_h5(folder / "V.h5", {{"/cells/center", std::vector<double>(32), 2},
                             {"/cells/value", std::vector<double>(15)}});
  refused({"15", "16"});
}

// A damaged file is met by a message, not by a crash: every length it may have been cut to.
TEST(Table, TruncatedFilesAreRefused) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const std::filesystem::path& folder = scratch.path();
  const Mesh mesh = cube(1, 0, 1, 16);
  write_table(folder / "V.h5", mesh, "/cells/value", 1, smooth);
  const auto size = std::filesystem::file_size(folder / "V.h5");
  for (std::uintmax_t length = 0; length < size; length += 97) {
    std::filesystem::copy_file(folder / "V.h5", folder / "cut.h5",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(folder / "cut.h5", length);
    expect_error([&] { (void)external(folder / "cut.h5", mesh); }, {"cut.h5"});
  }
}

TEST(Samples, AreCountedInTheirCells) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const std::filesystem::path& folder = scratch.path();
  const Mesh mesh = cube(2, 0, 1, 2);
  // Two in the first cell (one on its lower corner), one in the second, one on the upper corner.
  write_h5(folder / "s.h5", {{"/samples", {0, 0, 0.3, 0.4, 0.75, 0.25, 1, 1}, 2}});
  const auto rho = initial("samples", folder / "s.h5", mesh);
  EXPECT_EQ(rho, (std::vector<double>{2, 1, 0, 1}));
  const Mesh wrapped = cube(1, 0, 1, 2, Comm(MPI_COMM_SELF), true);
  write_h5(folder / "s.h5", {{"/samples", {1.25, -0.25, 7.75, -0.1}}});
  EXPECT_EQ(initial("samples", folder / "s.h5", wrapped), (std::vector<double>{0.5, 1.5}));
}

TEST(Samples, OutsideTheBoxAreAnErrorUnlessDropped) {
  const ScratchFolder scratch{Comm(MPI_COMM_SELF)};
  const std::filesystem::path& folder = scratch.path();
  const Mesh mesh = cube(1, 0, 1, 2);
  const auto refused = [&](std::vector<std::string> words, const std::string& more = "") {
    words.emplace_back("s.h5");
    expect_error([&] { (void)initial("samples", folder / "s.h5", mesh, more); }, words);
  };
  write_h5(folder / "s.h5", {{"/samples", {0.25, -0.1, 0.3, 1.5, std::nan("")}, 1}});
  refused({"3 of 5", "drop"});
  EXPECT_EQ(initial("samples", folder / "s.h5", mesh, "outside = \"drop\""),
            (std::vector<double>{2, 0}));
  write_h5(folder / "s.h5", {{"/samples", {-0.25, 1.1}, 1}});
  refused({"none"}, "outside = \"drop\"");
  write_h5(folder / "s.h5", {{"/samples", {}, 1}});
  refused({"is empty"});
  write_h5(folder / "s.h5", {{"/samples", {0.1, 0.1}, 2}});
  refused({"2 columns", "1 axes"});
}

}  // namespace
}  // namespace otto
