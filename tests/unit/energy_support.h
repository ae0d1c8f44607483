#pragma once
// Cases, meshes and messages for the tests of energies and initial densities.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/casefile/key.h"
#include "otto/core/error.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// The case of some tables; a [mesh] is added where one is required (the meshes of these tests are
/// built by hand). Lines are counted from the first line of `text`.
inline Case case_of(std::string text, const std::filesystem::path& file = "test.toml") {
  if (const Table* mesh = find_table("mesh"); mesh && mesh->required) {
    text += "\n[mesh]\nkind = \"box\"\nlower = [0.0]\nupper = [1.0]\ncells = [4]\n";
  }
  return parse_case(text, file);
}

/// The [lower, upper]^d box in n cells per axis.
inline Mesh cube(int dimension, double lower, double upper, std::int64_t n,
                 const Comm& comm = Comm(MPI_COMM_SELF), bool periodic = false) {
  Box box;
  box.dimension = dimension;
  for (std::size_t a = 0; a < static_cast<std::size_t>(dimension); ++a) {
    box.nodes[a] = graded_nodes(lower, upper, n, 1);
    box.periodic[a] = periodic;
  }
  return make_box_mesh(comm, box);
}

/// Expects an Error of that status whose message holds every one of `words`.
inline void expect_error(const std::function<void()>& work, const std::vector<std::string>& words,
                         ExitStatus status = ExitStatus::bad_input) {
  try {
    work();
    ADD_FAILURE() << "no error; expected: " << (words.empty() ? "" : words.front());
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), status) << e.what();
    for (const std::string& word : words) {
      EXPECT_NE(std::string(e.what()).find(word), std::string::npos)
          << "'" << word << "' is missing in: " << e.what();
    }
  }
}

}  // namespace otto
