#pragma once
// HDF5 files written by all ranks together. What a file shall hold is planned first and written in
// one go, so that every failure is met in one place, as an errno of the operating system:
//
//   1. On the root rank, HDF5 builds the structure (groups, attributes, links, datasets without
//      values) in memory and tells where the values of each dataset belong.
//   2. The root rank takes the whole size on the disk, where a full one shows, and writes the
//      structure to FILE.part.
//   3. Every rank writes its rows of every dataset, contiguous, to their place. What must not be
//      in memory as a whole comes in pieces (core/pieces.h).
//   4. The root rank renames FILE.part to FILE.
//
// After every step the ranks agree on the verdict. A failure removes FILE.part and leaves an
// earlier FILE alone. HDF5's own parallel driver is not used for writing: over Open MPI its
// collective transfers lose errors of the file system, and after a failed independent one closing
// the file waits for ever.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "otto/core/comm.h"
#include "otto/core/pieces.h"

namespace otto {

/// The planned content of one file; the same on every rank but for the values of datasets. Parents
/// of groups, datasets and links come first. Values are referred to, not copied: they must live
/// until write_h5 returns.
class H5Plan {
 public:
  using Values = std::variant<std::span<const double>, std::span<const std::int64_t>,
                              std::span<const std::uint8_t>, Pieces<double>, Pieces<std::int64_t>,
                              Pieces<std::uint8_t>>;
  using Attribute =
      std::variant<double, std::vector<double>, std::vector<std::int64_t>, std::string>;

  void group(std::string path) { groups_.push_back(std::move(path)); }
  /// An attribute of a group or dataset ("/" for the root). Text is stored with fixed length.
  void attribute(std::string object, std::string name, Attribute value) {
    attributes_.push_back({std::move(object), std::move(name), std::move(value)});
  }
  /// A dataset whose rows are those of rank 0, then rank 1, ... `columns` = 0: shape (rows), else
  /// (rows, columns).
  void dataset(std::string path, Values values, int columns = 0) {
    datasets_.push_back({std::move(path), std::move(values), columns});
  }
  /// `path` stands for `target` of another file, named relative to this one's folder.
  void link(std::string path, std::string file, std::string target) {
    links_.push_back({std::move(path), std::move(file), std::move(target)});
  }

  struct AttributeEntry {
    std::string object, name;
    Attribute value;
  };
  struct DatasetEntry {
    std::string path;
    Values values;
    int columns;
    [[nodiscard]] std::int64_t rows() const;  ///< of this rank
    [[nodiscard]] std::int64_t element_size() const;
  };
  struct LinkEntry {
    std::string path, file, target;
  };
  [[nodiscard]] const std::vector<std::string>& groups() const { return groups_; }
  [[nodiscard]] const std::vector<AttributeEntry>& attributes() const { return attributes_; }
  [[nodiscard]] const std::vector<DatasetEntry>& datasets() const { return datasets_; }
  [[nodiscard]] const std::vector<LinkEntry>& links() const { return links_; }

 private:
  std::vector<std::string> groups_;
  std::vector<AttributeEntry> attributes_;
  std::vector<DatasetEntry> datasets_;
  std::vector<LinkEntry> links_;
};

/// Whether they are of the type T.
template <class T>
bool holds(const H5Plan::Values& values) {
  return std::holds_alternative<std::span<const T>>(values) ||
         std::holds_alternative<Pieces<T>>(values);
}

/// Where a written file holds what, for those who read it without HDF5. The same on every rank.
struct H5Layout {
  std::int64_t size = 0;              ///< bytes
  std::vector<std::int64_t> offsets;  ///< of the values of each dataset, in the plan's order
  std::uint64_t structure = 0;        ///< hash of all other bytes (src/io/content_hash.h)
};

/// Writes the plan to `file`; `durable` waits for the disk before the rename. Collective; throws
/// IoError naming the file on every rank.
H5Layout write_h5(const Comm& comm, const std::filesystem::path& file, const H5Plan& plan,
                  bool durable = false);

}  // namespace otto
