#pragma once
// VTK's complaints as text instead of lines on the screen.

#include <vtkCommand.h>
#include <vtkObject.h>

#include <exception>
#include <string>

namespace otto {

/// Collects the first error VTK objects report while it lives; nothing is printed meanwhile.
class VtkErrors : public vtkCommand {
 public:
  static VtkErrors* New() { return new VtkErrors; }
  void Execute(vtkObject*, unsigned long, void* data) override {
    if (!text_.empty() || data == nullptr) return;
    text_ = static_cast<const char*>(data);
    // "ERROR: In FILE, line N\nvtkThing (0x...): words\n\n": the words.
    if (const auto at = text_.find("): "); at != std::string::npos) text_.erase(0, at + 3);
    while (!text_.empty() && (text_.back() == '\n' || text_.back() == ' ')) text_.pop_back();
  }
  void watch(vtkObject* object) { object->AddObserver(vtkCommand::ErrorEvent, this); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Runs `work`, which returns "" or an error; exceptions become errors.
template <class Work>
bool guarded(std::string& error, const Work& work) {
  vtkObject::GlobalWarningDisplayOff();
  try {
    error = work();
  } catch (const std::exception& e) {
    error = e.what();
  }
  vtkObject::GlobalWarningDisplayOn();
  return error.empty();
}

}  // namespace otto
