#include "otto/driver/resume.h"

#include <fmt/format.h>

#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/casefile/suggest.h"
#include "otto/core/error.h"
#include "otto/version.h"

namespace otto {

namespace {

namespace fs = std::filesystem;

/// "energy[2].kind" and "mesh.file (content)" as declared: "energy.kind", "mesh.file".
std::string bare(std::string key) {
  if (const auto note = key.find(" ("); note != std::string::npos) key.resize(note);
  const auto open = key.find('['), close = key.find(']');
  if (open != std::string::npos && close != std::string::npos && open < close) {
    key.erase(open, close + 1 - open);
  }
  return key;
}

std::string table_of_key(const std::string& key) {
  return key.substr(0, std::min(key.find('.'), key.find('[')));
}

/// `allowed` is a key, with or without the number of its entry, or a whole table.
bool allows(const std::string& allowed, const std::string& key) {
  const std::string plain = key.substr(0, key.find(" ("));
  return allowed == plain || allowed == bare(key) || allowed == table_of_key(key);
}

void check_allowed(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    const std::string plain = bare(key);
    if (find_key(plain) || find_table(plain) || plain.starts_with("petsc.")) continue;
    std::vector<std::string> known;
    for (const Key& k : declared_keys()) known.push_back(k.path);
    for (const Table& t : declared_tables()) known.push_back(t.path);
    throw InputError(fmt::format("command line: --allow-change {}: no such key{}", key,
                                 did_you_mean(key, known)));
  }
}

const std::string* value_of(const Critical& all, const std::string& key) {
  const auto found = std::ranges::find(all, key, &Critical::value_type::first);
  return found == all.end() ? nullptr : &found->second;
}

/// "FILE:LINE:COL: " of a key that is written in the case, else "".
std::string place_of(const Case& c, const std::string& key) {
  const std::string plain = bare(key);
  const auto dot = plain.rfind('.');
  if (!find_key(plain) || dot == std::string::npos) return "";
  const std::string table = plain.substr(0, dot), name = plain.substr(dot + 1);
  const auto entry = key.find('[');
  if (entry == std::string::npos) {
    const Section section = c.section(table);
    return section.given(name) ? section.where(name) + ": " : "";
  }
  const auto sections = c.sections(table);
  const auto index = static_cast<std::size_t>(std::stoul(key.substr(entry + 1)));
  if (index < 1 || index > sections.size() || !sections[index - 1].given(name)) return "";
  return sections[index - 1].where(name) + ": ";
}

/// The key belongs to a table that the case does not have: what it was then was a default, which
/// decided nothing.
bool default_of_an_absent_table(const Case& c, const std::string& key) {
  const std::string table = table_of_key(key);
  return find_table(table) && !find_table(table)->repeated && !c.section(table).present();
}

struct Change {
  std::string key, then, now;
};

/// A key that is new in this version and has its default value is no change.
std::vector<Change> changes(const Case& c, const Critical& then, const Critical& now) {
  std::vector<Change> all;
  for (const auto& [key, value] : now) {
    const std::string* before = value_of(then, key);
    if (before && *before != value) all.push_back({key, *before, value});
    if (before) continue;
    const auto settled = c.settled();
    const auto found = std::ranges::find(settled, key, &Case::Settled::key);
    if (found != settled.end() && !found->given) continue;
    all.push_back({key, "", value});
  }
  for (const auto& [key, value] : then) {
    if (!value_of(now, key) && !default_of_an_absent_table(c, key)) all.push_back({key, value, ""});
  }
  return all;
}

std::string words_of(const Case& c, const Change& change) {
  const auto shown = [](const std::string& value) {
    if (value.empty()) return std::string("not set");
    return value.size() > 60 ? value.substr(0, 60) + "..." : value;
  };
  return fmt::format("{}{} was {}, is {}", place_of(c, change.key), change.key, shown(change.then),
                     shown(change.now));
}

/// Throws InputError naming every change that is not allowed; returns the allowed ones.
void compare(const Case& c, const Checkpoint& checkpoint, const std::vector<std::string>& allowed,
             Resumption& result) {
  std::string refused, options;
  for (const Change& change : changes(c, checkpoint.critical(), result.critical)) {
    const bool mesh = table_of_key(change.key) == "mesh";
    if (!mesh &&
        std::ranges::any_of(allowed, [&](const auto& a) { return allows(a, change.key); })) {
      result.changed.push_back(change.key);
      result.words.push_back("changed: " + words_of(c, change));
      continue;
    }
    refused += "\n  " + words_of(c, change);
    if (mesh)
      refused += " (a continued run keeps its mesh)";
    else
      options += " --allow-change " + change.key.substr(0, change.key.find(" ("));
  }
  if (refused.empty()) return;
  throw InputError(fmt::format(
      "{}: the case is not the one this checkpoint was written for:{}\n  Put it back{}, or leave "
      "--resume out and choose another folder with -o to run the new case from its start",
      checkpoint.stem().string(), refused,
      options.empty() ? "" : ", or go on with the change by" + options));
}

fs::path stem_of(fs::path path) {
  const auto kind = path.extension();
  return kind == ".h5" || kind == ".json" ? path.replace_extension() : path;
}

Found search(const Comm& comm, const std::string& from, const fs::path& folder) {
  if (from == "auto") return newest_checkpoint(comm, folder / "checkpoints");
  // What the path leads to, as the root sees it: 1 a folder of checkpoints, 2 of a run, 3 a stem, 4 another file
  int kind = 0;
  const fs::path path(from), stem = stem_of(path);
  if (comm.is_root()) {
    std::error_code none;
    if (fs::is_directory(path / "checkpoints", none))
      kind = 2;
    else if (fs::is_directory(path, none))
      kind = 1;
    else if (fs::exists(stem.string() + ".h5", none) || fs::exists(stem.string() + ".json", none)) {
      const bool sealed = fs::exists(stem.string() + ".json", none);
      kind = sealed || stem.filename().string().starts_with("ck-") ? 3 : 4;
    }
  }
  MPI_Bcast(&kind, 1, MPI_INT, 0, comm.handle());
  Found found;
  if (kind == 1) found = newest_checkpoint(comm, path);
  if (kind == 2) found = newest_checkpoint(comm, path / "checkpoints");
  if (kind == 4) {
    throw Error(
        ExitStatus::bad_input,
        fmt::format("--resume {}: this is no checkpoint; those of a run lie in the folder "
                    "checkpoints of its results, and --resume auto takes the newest good one",
                    from),
        true);
  }
  if (kind == 3) {
    std::string fault;
    found.checkpoint = Checkpoint::open(comm, stem, fault);
    if (!found.checkpoint) {
      throw Error(
          ExitStatus::io,
          fmt::format("{}: is not a good checkpoint: {}; --resume auto takes the newest good "
                      "one",
                      stem.string(), fault),
          true);
    }
  }
  if (found.checkpoint) return found;
  std::string why = kind == 0 ? "no such checkpoint" : "holds no good checkpoint";
  for (const auto& words : found.skipped) why += "; " + words;
  throw Error(kind != 0 && !found.skipped.empty() ? ExitStatus::io : ExitStatus::bad_input,
              fmt::format("--resume {}: {}", from, why), true);
}

}  // namespace

bool Resumption::has_changed(const std::string& key) const {
  return std::ranges::find(changed, key) != changed.end();
}

bool Resumption::has_changed_in(const std::string& table) const {
  return std::ranges::any_of(changed, [&](const auto& key) { return table_of_key(key) == table; });
}

Resumption find_resumption(const Comm& comm, const Case& c, Critical critical,
                           const ResumeOptions& options, const fs::path& folder) {
  check_allowed(options.may_change);
  Resumption result;
  result.critical = std::move(critical);
  result.asked = !options.from.empty();
  if (!result.asked) return result;
  Found found = search(comm, options.from, folder);
  for (const auto& words : found.skipped) result.warnings.push_back("skipped checkpoint " + words);
  if (!found.checkpoint) {
    result.words.emplace_back(found.skipped.empty()
                                  ? "resume: no checkpoint yet, starting from the beginning"
                                  : "resume: no good checkpoint, starting from the beginning");
    return result;
  }
  const Checkpoint& from = *found.checkpoint;
  compare(c, from, options.may_change, result);
  result.words.push_back(
      fmt::format("resume: going on from {} (step {}, t = {:.9g}, written on {} {})",
                  from.stem().string() + ".h5", from.step(), from.time(), from.ranks(),
                  from.ranks() == 1 ? "rank" : "ranks"));
  if (from.revision() != revision) {
    result.warnings.push_back(
        fmt::format("the checkpoint was written by revision {}, this is {}; the "
                    "last digits may differ",
                    from.revision(), revision));
  }
  result.checkpoint = std::move(found.checkpoint);
  return result;
}

}  // namespace otto
