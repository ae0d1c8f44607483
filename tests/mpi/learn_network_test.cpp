// A network must be the same file on every rank.

#include <gtest/gtest.h>

#include "otto/network/network_module.h"
#include "unit/energy_support.h"

namespace otto {
namespace {

TEST(NetworkFiles, AreTheSameOnAllRanks) {
  const Comm world;
  require_same_network(world, "energy.pt", "8000000000000007");
  if (world.size() == 1) return;
  const bool last = world.rank() == world.size() - 1;
  expect_error([&] { require_same_network(world, "energy.pt", last ? "8" : "7"); },
               {"energy.pt", "not the same file on all ranks"});
}

TEST(NetworkFiles, AMissingOneIsMissedByAllRanks) {
  expect_error([] { (void)load_network(Comm(), "nowhere/energy.pt", 2); },
               {"nowhere/energy.pt", "no such file"});
}

}  // namespace
}  // namespace otto
