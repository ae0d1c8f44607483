// Reads one scalar array of a .vti file.

#include <vtkCellData.h>
#include <vtkDataArray.h>
#include <vtkImageData.h>
#include <vtkMatrix3x3.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkXMLImageDataReader.h>

#include "guard.h"
#include "otto/io/vtk_entry.h"

namespace otto {

namespace {

std::string names_of(vtkFieldData* data) {
  std::string names;
  for (int i = 0; i < data->GetNumberOfArrays(); ++i) {
    const char* name = data->GetArrayName(i);
    names += std::string(names.empty() ? "" : ", ") + (name ? name : "(without a name)");
  }
  return names;
}

vtkDataArray* find_array(vtkImageData* image, const std::string& name, bool& cells) {
  for (const bool in_cells : {false, true}) {
    vtkDataSetAttributes* data =
        in_cells ? static_cast<vtkDataSetAttributes*>(image->GetCellData()) : image->GetPointData();
    vtkDataArray* array = name.empty()
                              ? (data->GetNumberOfArrays() > 0 ? data->GetArray(0) : nullptr)
                              : data->GetArray(name.c_str());
    if (array == nullptr) continue;
    cells = in_cells;
    return array;
  }
  return nullptr;
}

std::string missing(vtkImageData* image, const std::string& name) {
  const std::string points = names_of(image->GetPointData()),
                    cells = names_of(image->GetCellData());
  const std::string all = points + (points.empty() || cells.empty() ? "" : ", ") + cells;
  if (all.empty()) return "holds no array of numbers";
  if (name.empty()) return "its first array is not an array of numbers";
  return "has no array '" + name + "'; it has: " + all;
}

std::string fill(vtkImageData* image, const std::string& name, ImageTable& table) {
  vtkDataArray* array = find_array(image, name, table.cell_data);
  if (array == nullptr) return missing(image, name);
  if (array->GetNumberOfComponents() != 1) {
    return "array '" + std::string(array->GetName() ? array->GetName() : "") + "' has " +
           std::to_string(array->GetNumberOfComponents()) + " components; a scalar is needed";
  }
  if (!image->GetDirectionMatrix()->IsIdentity()) {
    return "its axes are turned (Direction is not the identity); write it along x, y, z";
  }
  int extent[6];
  image->GetExtent(extent);
  double origin[3], spacing[3];
  image->GetOrigin(origin);
  image->GetSpacing(spacing);
  vtkIdType expected = 1;
  for (int a = 0; a < 3; ++a) {
    const auto i = static_cast<std::size_t>(a);
    const int layers = extent[2 * a + 1] - extent[2 * a];
    const bool flat = layers == 0;
    table.points[i] = table.cell_data && !flat ? layers : layers + 1;
    table.spacing[i] = spacing[a];
    table.origin[i] =
        origin[a] + (extent[2 * a] + (table.cell_data && !flat ? 0.5 : 0.0)) * spacing[a];
    expected *= table.points[i];
    if (layers < 0) return "holds no points";
    if (!(spacing[a] > 0)) return "its Spacing must be positive";
  }
  if (array->GetNumberOfTuples() != expected) {
    return "array '" + name + "' is incomplete: " + std::to_string(array->GetNumberOfTuples()) +
           " of " + std::to_string(expected) + " values";
  }
  table.values.resize(static_cast<std::size_t>(expected));
  for (vtkIdType k = 0; k < expected; ++k) {
    table.values[static_cast<std::size_t>(k)] = array->GetComponent(k, 0);
  }
  return {};
}

}  // namespace

extern "C" bool otto_vtk_read_image(const std::string& file, const std::string& array,
                                    ImageTable& table, std::string& error) {
  return guarded(error, [&]() -> std::string {
    vtkNew<VtkErrors> errors;
    vtkNew<vtkXMLImageDataReader> reader;
    errors->watch(reader);
    if (reader->CanReadFile(file.c_str()) == 0) return "is not a VTK image file (.vti)";
    reader->SetFileName(file.c_str());
    reader->Update();
    if (reader->GetErrorCode() != 0 || !errors->text().empty()) {
      return "cannot be read: " + (errors->text().empty() ? "it is damaged" : errors->text());
    }
    return fill(reader->GetOutput(), array, table);
  });
}

}  // namespace otto
