#pragma once
// Series of cell fields in time, for ParaView and friends.

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "otto/io/provenance.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// A cell field by name; one value per owned cell, in local order.
struct NamedField {
  std::string name;                ///< of its dataset
  std::span<const double> values;  ///< referred to, not copied
};

/// A series being written.
class FieldSeries {
 public:
  virtual ~FieldSeries() = default;
  /// Adds one time. The same names each time. Collective; throws IoError, and the series holds the
  /// earlier times then. The index is rewritten at most twice a second (replacing a file waits for
  /// the disk).
  virtual void write(double time, std::span<const NamedField> fields) = 0;
  /// Brings the index up to date; the destructor tries it as well. Collective; throws IoError.
  virtual void finish() = 0;
};

/// What a series is of. `fixed` fields do not change in time; their values must live as long as
/// the series.
struct SeriesSubject {
  const Mesh& mesh;                    ///< of all its fields
  std::filesystem::path folder;        ///< exists
  std::vector<NamedField> fixed;       ///< in every time, written once
  Provenance provenance;               ///< written into every file
  std::vector<double> earlier = {};    ///< times a resumed run has already written to this folder
  std::string mesh_file = "mesh.hdf";  ///< VTKHDF only: another one where the parts have changed
};

/// VTKHDF 1.0: mesh.hdf with the cells and the fixed fields, density_NNNN.hdf with the fields of
/// one time (8 bytes per cell and field) reaching the mesh through external links, and the index
/// density.hdf.series that ParaView opens. One part per rank. Collective.
std::unique_ptr<FieldSeries> make_vtkhdf_series(SeriesSubject subject);

/// VTK's XML formats through the VTK module: .vti where all cells of a box are equal, else .vtu,
/// one piece per rank joined by a .pvti or .pvtu, and the index density.pvd. Throws InputError
/// where the module is missing. Collective.
std::unique_ptr<FieldSeries> make_xml_series(SeriesSubject subject);

/// Removes files of a series from number `first` on (0: with its meshes and indices) and what a
/// killed run left half written. Not collective, never throws.
void remove_series(const std::filesystem::path& folder, std::size_t first);

/// "density_0007".
std::string series_name(int index);

}  // namespace otto
