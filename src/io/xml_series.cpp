// VTK's XML formats ("VTK File Formats", vtk.org): pieces written through the VTK module, and the
// small texts that join them (.pvti, .pvtu) and index them in time (.pvd), written here.

#include <fmt/core.h>
#include <mpi.h>

#include "otto/core/error.h"
#include "otto/io/field_series.h"
#include "otto/io/files.h"
#include "series_index.h"
#include "vtk_calls.h"

namespace otto {

namespace {

bool equal_cells(const Mesh& mesh) {
  if (!mesh.box) return false;
  for (int a = 0; a < mesh.dimension; ++a) {
    if (!mesh.box->uniform[static_cast<std::size_t>(a)]) return false;
  }
  return true;
}

VtkBlock block_of(const Mesh& mesh) {
  VtkBlock block;
  for (std::size_t a = 0; a < static_cast<std::size_t>(mesh.dimension); ++a) {
    const auto& nodes = mesh.box->box.nodes[a];
    block.origin[a] = nodes.front();
    block.spacing[a] = (nodes.back() - nodes.front()) / static_cast<double>(nodes.size() - 1);
    block.extent[2 * a] = static_cast<int>(mesh.box->begin[a]);
    block.extent[2 * a + 1] = block.extent[2 * a] + mesh.box->size[a];
  }
  return block;
}

std::string words(std::span<const int> values) {
  std::string text;
  for (const int v : values) text += fmt::format("{}{}", text.empty() ? "" : " ", v);
  return text;
}

class XmlSeries : public FieldSeries {
 public:
  explicit XmlSeries(SeriesSubject subject)
      : subject_(std::move(subject)),
        comm_(subject_.mesh.comm),
        image_(equal_cells(subject_.mesh)),
        file_(comm_, subject_.folder / "density.pvd") {
    comm_.together([] { require_vtk_module(); });
    if (image_) {
      block_ = block_of(subject_.mesh);
      extents_.resize(6 * static_cast<std::size_t>(comm_.size()));
      MPI_Allgather(block_.extent.data(), 6, MPI_INT, extents_.data(), 6, MPI_INT, comm_.handle());
    } else {
      cells_ = cell_shapes(subject_.mesh);
    }
    for (const double time : subject_.earlier) add(time);
    if (count_ > 0) file_.set(index_text(lines_));
  }

  void write(double time, std::span<const NamedField> fields) override {
    std::vector<NamedField> all(fields.begin(), fields.end());
    all.insert(all.end(), subject_.fixed.begin(), subject_.fixed.end());
    const std::string name = series_name(count_), kind = this->kind();
    const bool whole = comm_.size() == 1;
    const auto piece = [&](int rank) {
      return whole ? name + "." + kind : fmt::format("{}_{}.{}", name, rank, kind);
    };
    comm_.together([&] { replace_file(subject_.folder / piece(comm_.rank()), piece_text(all)); });
    const std::string entry = whole ? piece(0) : name + ".p" + kind;
    comm_.together([&] {
      if (comm_.is_root() && !whole) replace_file(subject_.folder / entry, joint_text(all, piece));
    });
    add(time, entry);
    file_.set(index_text(lines_));
  }

  void finish() override { file_.finish(); }

 private:
  [[nodiscard]] std::string kind() const { return image_ ? "vti" : "vtu"; }
  /// A time of an earlier process: whole, or joined where that had several ranks.
  void add(double time) {
    const std::string name = series_name(count_), joined = name + ".p" + kind();
    std::error_code none;
    add(time,
        std::filesystem::exists(subject_.folder / joined, none) ? joined : name + "." + kind());
  }
  void add(double time, const std::string& entry) {
    lines_ += fmt::format("    <DataSet timestep=\"{}\" group=\"\" part=\"0\" file=\"{}\"/>\n",
                          time, entry);
    ++count_;
  }
  [[nodiscard]] std::string piece_text(std::span<const NamedField> fields) const {
    std::string text, error;
    const bool good = image_ ? vtk_calls().write_block(block_, fields, text, error)
                             : vtk_calls().write_cells(cells_, fields, text, error);
    if (!good) throw IoError(subject_.folder.string() + ": " + error);
    return text;
  }

  /// The .pvti or .pvtu naming the pieces.
  template <class Piece>
  [[nodiscard]] std::string joint_text(std::span<const NamedField> fields,
                                       const Piece& piece) const {
    const char* type = image_ ? "PImageData" : "PUnstructuredGrid";
    std::string text = fmt::format(
        "<?xml version=\"1.0\"?>\n<VTKFile type=\"{}\" version=\"0.1\" "
        "byte_order=\"LittleEndian\">\n  <{} {}GhostLevel=\"0\">\n    <PCellData "
        "Scalars=\"density\">\n",
        type, type, image_ ? lattice_words() : "");
    for (const auto& field : fields) {
      text += fmt::format("      <PDataArray type=\"Float64\" Name=\"{}\"/>\n", field.name);
    }
    text += "    </PCellData>\n";
    if (!image_) {
      text +=
          "    <PPoints>\n      <PDataArray type=\"Float64\" Name=\"Points\" "
          "NumberOfComponents=\"3\"/>\n    </PPoints>\n";
    }
    for (int r = 0; r < comm_.size(); ++r) {
      const auto extent =
          std::span(extents_).subspan(image_ ? 6 * static_cast<std::size_t>(r) : 0, image_ ? 6 : 0);
      text += fmt::format("    <Piece {}Source=\"{}\"/>\n",
                          image_ ? "Extent=\"" + words(extent) + "\" " : "", piece(r));
    }
    return text + fmt::format("  </{}>\n</VTKFile>\n", type);
  }

  [[nodiscard]] std::string lattice_words() const {
    std::array<int, 6> whole{};
    for (std::size_t a = 0; a < static_cast<std::size_t>(subject_.mesh.dimension); ++a) {
      whole[2 * a + 1] = static_cast<int>(subject_.mesh.box->cells(static_cast<int>(a)));
    }
    return fmt::format("WholeExtent=\"{}\" Origin=\"{} {} {}\" Spacing=\"{} {} {}\" ", words(whole),
                       block_.origin[0], block_.origin[1], block_.origin[2], block_.spacing[0],
                       block_.spacing[1], block_.spacing[2]);
  }

  static std::string index_text(const std::string& lines) {
    return "<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" version=\"0.1\" "
           "byte_order=\"LittleEndian\">\n  <Collection>\n" +
           lines + "  </Collection>\n</VTKFile>\n";
  }

  SeriesSubject subject_;
  Comm comm_;
  bool image_;
  VtkBlock block_;            ///< where image_
  std::vector<int> extents_;  ///< of all ranks, where image_
  CellShapes cells_;          ///< where not image_
  std::string lines_;         ///< of the index
  SeriesIndex file_;
  int count_ = 0;
};

}  // namespace

std::unique_ptr<FieldSeries> make_xml_series(SeriesSubject subject) {
  return std::make_unique<XmlSeries>(std::move(subject));
}

}  // namespace otto
