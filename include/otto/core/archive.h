#pragma once
// What an object must remember from step to step, said once for both directions: when a checkpoint
// is written the archive reads it, when a run is resumed the archive sets it.
//
//   void remember(Archive& a) {
//     a.number("reached", reached_);
//     a.cells("previous", previous_);
//     a.part("stage", stage_);          // whatever stage_.remember(a) says, as "stage.NAME"
//   }
//
// What is rebuilt from the case or from the density (solvers, caches, scratch space) is not
// remembered.

#include <concepts>
#include <string>
#include <vector>

namespace otto {

/// All members are collective: every rank names the same things in the same order.
class Archive {
 public:
  virtual ~Archive() = default;
  /// True where values are being set, not read.
  [[nodiscard]] virtual bool loading() const = 0;
  /// False where the checkpoint being loaded, of an earlier version, has no number of that name.
  [[nodiscard]] bool holds(const std::string& name) const { return has_number(path_ + name); }

  /// A number, equal on every rank; nan and inf are kept as well.
  void number(const std::string& name, double& x) { take_number(path_ + name, x); }
  /// An integer up to 2^53 or a flag.
  template <std::integral T>
  void number(const std::string& name, T& x) {
    double y = static_cast<double>(x);
    take_number(path_ + name, y);
    x = static_cast<T>(y);
  }
  /// As many numbers as there are, equal on every rank.
  void numbers(const std::string& name, std::vector<double>& x) { take_numbers(path_ + name, x); }
  /// The owned values of a cell field, or none at all (on every rank). What is saved is read after
  /// all names were taken: `values` must outlive that.
  void cells(const std::string& name, std::vector<double>& values) {
    take_cells(path_ + name, values, false);
  }
  /// The same for a field with ghosts, which are filled when loading.
  void cells_with_ghosts(const std::string& name, std::vector<double>& values) {
    take_cells(path_ + name, values, true);
  }
  /// The members of a part.
  template <class Part>
  void part(const std::string& name, Part& p) {
    const std::string outer = path_;
    path_ += name + ".";
    p.remember(*this);
    path_ = outer;
  }

 protected:
  /// A checkpoint being loaded has that full name.
  [[nodiscard]] virtual bool has_number(const std::string& name) const {
    (void)name;
    return true;
  }
  /// One number of that full name, equal on every rank.
  virtual void take_number(const std::string& name, double& x) = 0;
  /// As many numbers as there are, equal on every rank.
  virtual void take_numbers(const std::string& name, std::vector<double>& x) = 0;
  /// The owned values of a cell field; with `ghosts`, `values` has room for the ghosts too.
  virtual void take_cells(const std::string& name, std::vector<double>& values, bool ghosts) = 0;

 private:
  std::string path_;
};

}  // namespace otto
