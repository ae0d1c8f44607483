#pragma once
// The results that lie in a folder. Nothing here communicates; the root calls it.

#include <filesystem>
#include <string>

namespace otto {

/// Something of a run is there that took steps, or of a finished study, spectrum or distance; the
/// summary of a start that failed is no result.
bool holds_results(const std::filesystem::path& folder);

/// The results are those of another case: another case file wrote them (or, where the summary does
/// not tell it, a case of another title). `case_file` is "" for a command without a case.
bool is_of_another_case(const std::filesystem::path& folder, const std::string& case_file,
                        const std::string& title);

/// Moves all results to the first free one of before-1, before-2, ... and returns its name; files
/// that Otto does not write stay. Throws IoError.
std::string move_results_aside(const std::filesystem::path& folder);

/// Removes what a killed run left half written; a file of that name is never a result.
void remove_parts(const std::filesystem::path& folder);

/// Removes the results of an earlier run that would mix with those of a new one: the summary, the
/// series of fields, the pictures of postprocess/plot, unfinished files. Never throws.
void remove_results(const std::filesystem::path& folder);

/// Removes what a run without a step has left in a folder that held no results. Never throws.
void remove_start(const std::filesystem::path& folder);

/// Where the last run in the folder was completed, sets its results aside, into the first free one of before-1, ...,
/// until the new ones are complete, and returns that name, else "". What a run writes under another name and renames
/// stays as well, and costs no space; pictures stay. Throws IoError.
std::string keep_results(const std::filesystem::path& folder);
/// Results of keep_results() take their places again. Never throws.
void put_back_results(const std::filesystem::path& folder, const std::string& kept);
/// The new run was stopped or has failed: the kept results stay where they are, pictures of them with them, and nothing of
/// them beside what there is of the new ones. Never throws.
void part_with_results(const std::filesystem::path& folder, const std::string& kept);
/// The new results are complete: those that were kept go, and the pictures of them. Never throws.
void drop_results(const std::filesystem::path& folder, const std::string& kept);

/// A run that was not resumed by mistake loses no checkpoint: those of the last run in the folder
/// are set aside. Returns whether there were some. Never throws.
bool set_checkpoints_aside(const std::filesystem::path& folder);
/// They take their place again. Never throws.
void put_back_checkpoints(const std::filesystem::path& folder);

}  // namespace otto
