#pragma once
// The seal of a checkpoint: a JSON text that carries its own hash.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "otto/io/checkpoint.h"

namespace otto {

struct Seal {
  struct Field {
    std::string name;
    bool empty = false;       ///< the run held no values of it
    std::int64_t offset = 0;  ///< of its values in the data file, `cells` doubles
    std::uint64_t hash = 0;
  };
  std::string name;  ///< "ck-000012": a seal is no other checkpoint's
  double time = 0;
  long step = 0;
  int ranks = 0;
  std::string version, revision;
  std::int64_t size = 0;        ///< bytes of the data file
  std::uint64_t structure = 0;  ///< hash of its bytes that are no field's
  std::int64_t cells = 0;
  std::uint64_t mesh = 0;  ///< hash of the mesh
  std::vector<Field> fields;
  nlohmann::ordered_json numbers = nlohmann::ordered_json::object();
  Critical critical;
};

/// A double as JSON, nan and inf as text.
nlohmann::ordered_json to_json(double x);
double from_json(const nlohmann::ordered_json& x);

std::string seal_text(const Seal& seal);
/// Throws std::runtime_error with the reason where the text is not what seal_text returned.
Seal parse_seal(const std::string& text);

}  // namespace otto
