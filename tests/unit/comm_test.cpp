#include "otto/core/comm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "otto/core/error.h"

namespace otto {
namespace {

TEST(Comm, ReductionsPropagateNan) {
  const Comm world;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(world.max(nan)));
  EXPECT_TRUE(std::isnan(world.min(nan)));
  EXPECT_EQ(world.max(2.0), 2.0);
  EXPECT_EQ(world.min(-2.0), -2.0);
}

TEST(Comm, TogetherThrowsEverywhereWhatOneRankThrew) {
  const Comm world;
  try {
    world.together([&] {
      if (world.rank() == world.size() - 1) throw IoError("disk full");
    });
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), ExitStatus::io);
    EXPECT_STREQ(e.what(), "disk full");
  }
}

}  // namespace
}  // namespace otto
