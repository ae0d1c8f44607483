// What lies in a folder, what becomes of it, and when checkpoints are written.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "../../src/driver/earlier_run.h"
#include "otto/casefile/case.h"
#include "otto/core/caution.h"
#include "otto/driver/checkpoint_schedule.h"
#include "otto/io/files.h"
#include "scratch.h"

namespace otto {
namespace {

namespace fs = std::filesystem;

class Folder : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& content = "x") {
    make_folder((path() / name).parent_path());
    replace_file(path() / name, content);
  }
  [[nodiscard]] const fs::path& path() const { return scratch_.path(); }
  [[nodiscard]] bool has(const std::string& name) const { return fs::exists(path() / name); }

 private:
  ScratchFolder scratch_{Comm(MPI_COMM_SELF)};
};

TEST_F(Folder, AStartThatFailedIsNoResult) {
  EXPECT_FALSE(holds_results(path() / "nowhere"));
  EXPECT_FALSE(holds_results(path()));
  put("notes.txt");
  put("summary.json", R"({"status": "failed"})");
  EXPECT_FALSE(holds_results(path()));
  put("summary.json", R"({"status": "completed"})");
  EXPECT_TRUE(holds_results(path()));
  put("summary.json", "{ torn");
  EXPECT_FALSE(holds_results(path()));
  put("checkpoints/ck-000003.json");
  EXPECT_TRUE(holds_results(path()));
}

TEST_F(Folder, ACaseIsKnownByItsFileElseByItsTitle) {
  EXPECT_FALSE(is_of_another_case(path(), "/a/case.toml", "A"));
  put("summary.json", R"({"title": "A", "case": "/a/case.toml"})");
  EXPECT_FALSE(is_of_another_case(path(), "/a/case.toml", "another title"));
  EXPECT_TRUE(is_of_another_case(path(), "/b/case.toml", "A"));
  EXPECT_TRUE(is_of_another_case(path(), "", "A"));
  put("summary.json", R"({"title": "A"})");
  EXPECT_FALSE(is_of_another_case(path(), "/a/case.toml", "A"));
  EXPECT_TRUE(is_of_another_case(path(), "/a/case.toml", "B"));
  put("summary.json", R"({"title": "W2 from a to b", "distance": {}})");
  EXPECT_FALSE(is_of_another_case(path(), "", "W2 from c to d"));
  EXPECT_TRUE(is_of_another_case(path(), "/a/case.toml", "A"));
}

TEST_F(Folder, ResultsMoveAsideAndOtherFilesStay) {
  for (int number = 1; number <= 2; ++number) {
    for (const char* name : {"summary.json", "final.h5", "fields/mesh.hdf", "pictures/density.png",
                             "level_2/final.h5", "case.toml", "level_two", "data/q.h5"}) {
      put(name);
    }
    const std::string moved = move_results_aside(path());
    EXPECT_EQ(moved, "before-" + std::to_string(number));
    for (const char* name : {"summary.json", "final.h5", "fields/mesh.hdf", "pictures/density.png",
                             "level_2/final.h5"}) {
      EXPECT_FALSE(has(name)) << name;
      EXPECT_TRUE(has(moved + "/" + name)) << name;
    }
    for (const char* name : {"case.toml", "level_two", "data/q.h5"}) EXPECT_TRUE(has(name)) << name;
  }
}

TEST_F(Folder, StalePicturesGoWithTheirRun) {
  for (const char* name : {"pictures/density.png", "pictures/energy.svg", "pictures/ledger.pdf",
                           "pictures/field_committor.png", "pictures/paraview_0001.png",
                           "pictures/mine.png", "pictures/density.txt", "final.h5"}) {
    put(name);
  }
  remove_results(path());
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(path() / "pictures")) {
    left.push_back(entry.path().filename());
  }
  std::ranges::sort(left);
  EXPECT_EQ(left, (std::vector<std::string>{"density.txt", "mine.png"}));
  EXPECT_TRUE(has("final.h5"));
}

CheckpointSchedule schedule(const std::string& table) {
  const std::string mesh = "[mesh]\nkind = \"box\"\nlower = [0]\nupper = [1]\ncells = [4]\n";
  return {parse_case(mesh + table, "case.toml").section("checkpoint"), 30};
}

TEST(CheckpointSchedule, FollowsStepsThenMinutesAndTheEnd) {
  CheckpointSchedule by_steps = schedule("[checkpoint]\nevery_steps = 5\n");
  by_steps.start(-1);
  EXPECT_FALSE(by_steps.due(0, true, true));
  EXPECT_FALSE(by_steps.due(4, true, false));
  EXPECT_TRUE(by_steps.due(5, false, false));
  EXPECT_TRUE(by_steps.at_end());
  by_steps.wrote(5);
  EXPECT_TRUE(by_steps.holds(5));
  EXPECT_FALSE(by_steps.due(5, true, false));

  CheckpointSchedule by_clock = schedule("[checkpoint]\nevery_minutes = 1e-12\n");
  by_clock.start(-1);
  EXPECT_TRUE(by_clock.due(1, true, false));
  EXPECT_FALSE(by_clock.due(1, false, false));  // one clock

  CheckpointSchedule none = schedule("");
  none.start(-1);
  EXPECT_FALSE(none.due(1, true, false));
  EXPECT_TRUE(none.due(1, true, true));  // measures what one costs
  EXPECT_FALSE(none.at_end());
  none.wrote(1);
  EXPECT_FALSE(none.due(2, true, true));
  EXPECT_TRUE(none.at_end());

  CheckpointSchedule resumed = schedule("");
  resumed.start(12);
  EXPECT_TRUE(resumed.holds(12));
  EXPECT_TRUE(resumed.at_end());
}

TEST(Caution, IsKeptOnceAndTakenOnce) {
  (void)take_cautions();
  caution("one");
  caution("two");
  caution("one");
  EXPECT_EQ(take_cautions(), (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(take_cautions().empty());
}

}  // namespace
}  // namespace otto
