// Tables of .vti files: what they hold, and what is said of files that are not as needed.

#include <gtest/gtest.h>

#include <fstream>

#include "otto/core/error.h"
#include "otto/io/vtk_module.h"
#include "scratch.h"

using namespace otto;

namespace {

class Table : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& arrays, const std::string& extra = "") const {
    const auto file = scratch_.path() / "V.vti";
    std::ofstream(file)
        << "<?xml version=\"1.0\"?>\n"
           "<VTKFile type=\"ImageData\" version=\"1.0\" byte_order=\"LittleEndian\">\n"
           "<ImageData WholeExtent=\"0 2 0 1 0 0\" Origin=\"-1 2 0\" "
           "Spacing=\"0.5 0.25 1\" "
        << extra << ">\n<Piece Extent=\"0 2 0 1 0 0\">\n"
        << arrays << "</Piece>\n</ImageData>\n</VTKFile>\n";
    return file;
  }
  static std::string array(const std::string& name, const std::string& values,
                           const std::string& more = "", const std::string& type = "Float64") {
    return "<DataArray type=\"" + type + "\" Name=\"" + name + "\" format=\"ascii\" " + more + ">" +
           values + "</DataArray>\n";
  }
  void expect_refused(const std::filesystem::path& file, const std::string& name,
                      const std::string& words) const {
    try {
      static_cast<void>(read_image_table(file, name));
      ADD_FAILURE() << "accepted; expected: " << words;
    } catch (const InputError& e) {
      const std::string what = e.what();
      EXPECT_EQ(what.find(file.string()), 0U) << what;
      EXPECT_NE(what.find(words), std::string::npos) << what;
      EXPECT_EQ(what.find('\n'), std::string::npos) << what;
      EXPECT_EQ(what.find("vtk"), std::string::npos) << what;
    }
  }
  ScratchFolder scratch_{Comm(MPI_COMM_SELF)};
};

TEST_F(Table, PointDataWithItsLattice) {
  const auto file = write("<PointData>\n" + array("a", "9 9 9 9 9 9") +
                          array("V", "1 2.5 3 4 5 6e-3") + "</PointData>\n");
  const ImageTable t = read_image_table(file, "V");
  EXPECT_EQ(t.points, (std::array<int, 3>{3, 2, 1}));
  EXPECT_EQ(t.origin, (std::array<double, 3>{-1, 2, 0}));
  EXPECT_EQ(t.spacing, (std::array<double, 3>{0.5, 0.25, 1}));
  EXPECT_EQ(t.values, (std::vector<double>{1, 2.5, 3, 4, 5, 6e-3}));
  EXPECT_FALSE(t.cell_data);
  EXPECT_EQ(read_image_table(file, "").values[0], 9);
}

TEST_F(Table, CellDataSitsAtCellCentres) {
  const ImageTable t = read_image_table(
      write("<CellData>\n" + array("V", "7 8", "", "Int32") + "</CellData>\n"), "");
  EXPECT_TRUE(t.cell_data);
  EXPECT_EQ(t.points, (std::array<int, 3>{2, 1, 1}));
  EXPECT_EQ(t.origin, (std::array<double, 3>{-0.75, 2.125, 0}));
  EXPECT_EQ(t.values, (std::vector<double>{7, 8}));
}

TEST_F(Table, SaysWhatIsWrong) {
  expect_refused(scratch_.path() / "none.vti", "", "no such file");
  std::ofstream(scratch_.path() / "text.vti") << "x,y\n1,2\n";
  expect_refused(scratch_.path() / "text.vti", "", "not a VTK image file");
  const std::string good = "<PointData>\n" + array("V", "1 2 3 4 5 6") + "</PointData>\n";
  expect_refused(write(good), "W", "has no array 'W'; it has: V");
  expect_refused(write("<PointData></PointData>\n"), "", "holds no array");
  expect_refused(
      write("<PointData>\n" + array("V", "1 2 3 4 5 6 7 8 9 1 2 3", "NumberOfComponents=\"2\"") +
            "</PointData>\n"),
      "V", "2 components");
  expect_refused(write(good, "Direction=\"0 1 0 1 0 0 0 0 1\""), "V", "axes are turned");
  expect_refused(write("<PointData>\n" + array("V", "1 2 3") + "</PointData>\n"), "V", "");
}

TEST_F(Table, ACutFileIsRefused) {
  const auto file = write("<PointData>\n" + array("V", "1 2 3 4 5 6") + "</PointData>\n");
  const auto size = std::filesystem::file_size(file);
  for (auto keep = size - 12; keep > 10; keep -= 17) {
    std::filesystem::resize_file(file, keep);
    EXPECT_THROW(static_cast<void>(read_image_table(file, "V")), InputError) << keep;
  }
}

}  // namespace
