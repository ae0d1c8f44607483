#include "otto/mesh/shape_pieces.h"

#include <algorithm>

#include "otto/mesh/box_faces.h"

namespace otto {

namespace {

/// Numbers handed over by the thousand.
template <class T>
class Buffer {
 public:
  explicit Buffer(const typename Pieces<T>::Sink& sink) : sink_(sink) { numbers_.reserve(size); }
  void add(T number) {
    numbers_.push_back(number);
    if (numbers_.size() == size) flush();
  }
  void flush() {
    sink_(numbers_);
    numbers_.clear();
  }

 private:
  static constexpr std::size_t size = 32768;
  const typename Pieces<T>::Sink& sink_;
  std::vector<T> numbers_;
};

/// make(add) adds `count` numbers.
template <class T, class Make>
Pieces<T> made(std::int64_t count, Make make) {
  return {count, [make](const typename Pieces<T>::Sink& sink) {
            Buffer<T> buffer(sink);
            make([&buffer](T number) { buffer.add(number); });
            buffer.flush();
          }};
}

template <class T>
Pieces<T> whole(std::span<const T> numbers) {
  return {std::ssize(numbers), [numbers](const typename Pieces<T>::Sink& sink) { sink(numbers); }};
}

/// Corners of the block along every axis.
BlockIndex corners(const BoxBlock& b) {
  BlockIndex n{1, 1, 1};
  for (std::size_t a = 0; a < std::size_t(b.box.dimension); ++a) n[a] = b.size[a] + 1;
  return n;
}

template <class Add>
void add_points(const BoxBlock& b, Add add) {
  const BlockIndex n = corners(b);
  const auto at = [&b](std::size_t a, std::int32_t i) {
    return int(a) < b.box.dimension ? b.box.nodes[a][std::size_t(b.begin[a] + i)] : 0.0;
  };
  for (std::int32_t k = 0; k < n[2]; ++k) {
    for (std::int32_t j = 0; j < n[1]; ++j) {
      for (std::int32_t i = 0; i < n[0]; ++i) {
        add(at(0, i));
        add(at(1, j));
        add(at(2, k));
      }
    }
  }
}

template <class Add>
void add_connectivity(const BoxBlock& b, Add add) {
  // Corner order of VTK_LINE, VTK_QUAD and VTK_HEXAHEDRON.
  static const int corner[8][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
                                   {0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}};
  const BlockIndex n = corners(b);
  for_each_cell(b, [&](std::int32_t, const BlockIndex& at) {
    for (int v = 0; v < (1 << b.box.dimension); ++v) {
      const std::int64_t i = at[0] + corner[v][0], j = at[1] + corner[v][1],
                         k = at[2] + corner[v][2];
      add(i + n[0] * (j + std::int64_t{n[1]} * k));
    }
  });
}

ShapePieces box_pieces(const BoxBlock& b) {
  const int dim = b.box.dimension;
  const BlockIndex n = corners(b);
  const std::int64_t cells = std::int64_t{b.size[0]} * b.size[1] * b.size[2],
                     points = std::int64_t{n[0]} * n[1] * n[2];
  const std::uint8_t type = dim == 1 ? 3 : dim == 2 ? 9 : 12;
  return {made<double>(3 * points, [&b](auto add) { add_points(b, add); }),
          made<std::int64_t>(cells << dim, [&b](auto add) { add_connectivity(b, add); }),
          made<std::int64_t>(cells + 1,
                             [cells, dim](auto add) {
                               for (std::int64_t cell = 0; cell <= cells; ++cell) add(cell << dim);
                             }),
          made<std::uint8_t>(cells, [cells, type](auto add) {
            for (std::int64_t cell = 0; cell < cells; ++cell) add(type);
          })};
}

}  // namespace

ShapePieces shape_pieces(const Mesh& mesh) {
  if (!mesh.shapes) return box_pieces(*mesh.box);
  const CellShapes& s = *mesh.shapes;
  static_assert(sizeof(Point) == 3 * sizeof(double));
  const double* first = s.points.empty() ? nullptr : s.points[0].data();
  return {whole(std::span(first, 3 * s.points.size())), whole(std::span(s.connectivity)),
          whole(std::span(s.offsets)), whole(std::span(s.types))};
}

CellShapes cell_shapes(const Mesh& mesh) {
  if (mesh.shapes) return *mesh.shapes;
  const auto collect = []<class T>(const Pieces<T>& pieces, T* to) {
    pieces.stream([&to](std::span<const T> piece) { to = std::ranges::copy(piece, to).out; });
  };
  const ShapePieces pieces = shape_pieces(mesh);
  CellShapes shapes;
  shapes.points.resize(std::size_t(pieces.points.count / 3));
  shapes.connectivity.resize(std::size_t(pieces.connectivity.count));
  shapes.offsets.resize(std::size_t(pieces.offsets.count));
  shapes.types.resize(std::size_t(pieces.types.count));
  collect(pieces.points, shapes.points[0].data());
  collect(pieces.connectivity, shapes.connectivity.data());
  collect(pieces.offsets, shapes.offsets.data());
  collect(pieces.types, shapes.types.data());
  return shapes;
}

}  // namespace otto
