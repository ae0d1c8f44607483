// Writes one rank's cells and cell fields as a VTK XML text: raw binary, not compressed.

#include <vtkCellArray.h>
#include <vtkCellData.h>
#include <vtkDoubleArray.h>
#include <vtkIdTypeArray.h>
#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkPoints.h>
#include <vtkUnsignedCharArray.h>
#include <vtkUnstructuredGrid.h>
#include <vtkXMLImageDataWriter.h>
#include <vtkXMLUnstructuredGridWriter.h>

#include <algorithm>

#include "guard.h"
#include "otto/io/vtk_entry.h"

namespace otto {

namespace {

void add_fields(vtkDataSet* data, std::span<const NamedField> fields) {
  for (const auto& field : fields) {
    vtkNew<vtkDoubleArray> array;
    array->SetName(field.name.c_str());
    array->SetNumberOfTuples(static_cast<vtkIdType>(field.values.size()));
    std::copy(field.values.begin(), field.values.end(), array->GetPointer(0));
    data->GetCellData()->AddArray(array);
  }
  if (!fields.empty()) data->GetCellData()->SetActiveScalars(fields[0].name.c_str());
}

template <class Writer>
std::string write_text(vtkDataSet* data, std::string& text) {
  vtkNew<VtkErrors> errors;
  vtkNew<Writer> writer;
  errors->watch(writer);
  writer->SetInputData(data);
  writer->SetDataModeToAppended();
  writer->EncodeAppendedDataOff();
  writer->SetCompressorTypeToNone();
  writer->WriteToOutputStringOn();
  const bool written = writer->Write() == 1;
  if (!written || !errors->text().empty()) return "VTK cannot write: " + errors->text();
  text = writer->GetOutputString();
  return {};
}

}  // namespace

extern "C" bool otto_vtk_write_block(const VtkBlock& block, std::span<const NamedField> fields,
                                     std::string& text, std::string& error) {
  return guarded(error, [&] {
    vtkNew<vtkImageData> image;
    std::array<int, 6> extent = block.extent;
    image->SetExtent(extent.data());
    image->SetOrigin(block.origin.data());
    image->SetSpacing(block.spacing.data());
    add_fields(image, fields);
    return write_text<vtkXMLImageDataWriter>(image, text);
  });
}

extern "C" bool otto_vtk_write_cells(const CellShapes& cells, std::span<const NamedField> fields,
                                     std::string& text, std::string& error) {
  return guarded(error, [&] {
    vtkNew<vtkPoints> points;
    points->SetDataTypeToDouble();
    points->SetNumberOfPoints(static_cast<vtkIdType>(cells.points.size()));
    for (std::size_t i = 0; i < cells.points.size(); ++i) {
      points->SetPoint(static_cast<vtkIdType>(i), cells.points[i].data());
    }
    const auto ids = [](const std::vector<std::int64_t>& from) {
      vtkNew<vtkIdTypeArray> array;
      array->SetNumberOfTuples(static_cast<vtkIdType>(from.size()));
      std::copy(from.begin(), from.end(), array->GetPointer(0));
      return vtkSmartPointer<vtkIdTypeArray>(array);
    };
    vtkNew<vtkCellArray> cell_array;
    cell_array->SetData(ids(cells.offsets), ids(cells.connectivity));
    vtkNew<vtkUnsignedCharArray> types;
    types->SetNumberOfTuples(static_cast<vtkIdType>(cells.types.size()));
    std::copy(cells.types.begin(), cells.types.end(), types->GetPointer(0));
    vtkNew<vtkUnstructuredGrid> grid;
    grid->SetPoints(points);
    grid->SetCells(types, cell_array);
    add_fields(grid, fields);
    return write_text<vtkXMLUnstructuredGridWriter>(grid, text);
  });
}

}  // namespace otto
