// The command line on CLI11 (slow to compile, so here only). Words after -- never reach it: they
// are PETSc's.

#include "otto/app/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "otto/analysis/norms.h"
#include "otto/casefile/suggest.h"
#include "otto/core/error.h"
#include "otto/core/petsc.h"
#include "otto/version.h"
#include "sweep.h"

namespace otto {

namespace {

const std::vector<std::string> commands{
    "run",    "train",      "fit",    "check", "converge", "sweep",  "spectrum", "distance",
    "sample", "likelihood", "report", "new",   "demo",     "schema", "explain",  "info"};

[[noreturn]] void fail(const std::string& message) { throw InputError("command line: " + message); }

struct Parsed {
  std::string case_file, output, resume, word, first, second, energy, data, refine, ratio, norms,
      name, from;
  std::optional<std::string> intervals, tolerance, max_iterations, modes, levels, target, jobs,
      count, replicas, ladders, burn_in, steps, thin, temperatures, particles, noise, seed, draft;
  std::vector<std::string> settings, may_change, over, folders;
  bool markdown = false, version = false, no_baselines = false, numpy = false, no_code = false,
       sandbox = false;
};

void add_programs(CLI::App& command, Parsed& p) {
  command.add_flag("--no-code", p.no_code,
                   "Refuse networks whose files are programs (TorchScript) without reading them");
  command.add_flag(
      "--sandbox", p.sandbox,
      "Evaluate networks whose files are programs in a process that can do nothing else: no "
      "files, no network, limited memory and time");
}

void add_case_options(CLI::App& command, Parsed& p) {
  command.allow_extras();
  command.add_option("CASE.toml", p.case_file, "The case file")->type_name("");
  command
      .add_option("-o,--output", p.output,
                  "Folder for everything a run leaves; default: out/NAME in the current folder, "
                  "NAME being the case file's name without .toml, or its folder's name where "
                  "the file is called case.toml")
      ->type_name("DIR");
  command
      .add_option("--set", p.settings,
                  "Override a key of the case, as in time.step=0.1, or give one it does not hold; "
                  "entries of an array of tables count from 1, as in energy[1].temperature=2. "
                  "May be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  add_programs(command, p);
  command.footer("Words after -- are options for PETSc, as in -- -ksp_rtol 1e-10 -ksp_monitor");
}

void add_resume_options(CLI::App& command, Parsed& p) {
  command
      .add_option("--resume", p.resume,
                  "auto: go on from the newest good checkpoint in the output folder, or start "
                  "where there is none; so the same command serves for the first submission and "
                  "for every later one. Or the path of a checkpoint")
      ->type_name("auto|FILE");
  command
      .add_option("--allow-change", p.may_change,
                  "A key (time.end) or table (output) of the case that may differ from that of the "
                  "checkpoint. May be repeated")
      ->type_name("KEY")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

void add_converge(CLI::App& app, Parsed& p) {
  auto* converge = app.add_subcommand(
      "converge", "Run a case on finer and finer grids and tell the observed orders");
  add_case_options(*converge, p);
  converge->add_option("--levels", p.levels, "How many runs; default: 4")->type_name("COUNT");
  converge
      ->add_option("--refine", p.refine,
                   "space (cells doubled), time (step halved) or both; default: both")
      ->type_name("space|time|both");
  converge
      ->add_option("--ratio", p.ratio,
                   "How the step follows the cells with --refine both; "
                   "default: tau=h")
      ->type_name("tau=h|tau=h^2");
  converge
      ->add_option("--target", p.target,
                   "An L1 error: find the cheapest cells and step that reach it instead")
      ->type_name("NUMBER");
  converge
      ->add_option("--norms", p.norms,
                   "Further norms of the errors beside l1, l2 and linf, separated by commas")
      ->type_name(fmt::format("{}", fmt::join(norm_names(), "|")));
}

void add_sweep(CLI::App& app, Parsed& p) {
  auto* sweep = app.add_subcommand(
      "sweep", "Run a case over values of its keys, a folder each, and tabulate the figures");
  add_case_options(*sweep, p);
  sweep
      ->add_option("--over", p.over,
                   "A key and its values: START:END:COUNT with equal differences, "
                   "START:END:COUNT:log with equal ratios, or A,B,C. Repeated, the runs are all "
                   "combinations")
      ->type_name("KEY=VALUES")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  sweep->add_option("--jobs", p.jobs, "Runs at a time, each on one rank; default: 1")
      ->type_name("COUNT");
}

void add_distance(CLI::App& app, Parsed& p) {
  auto* distance = app.add_subcommand(
      "distance", "W2 and the geodesic between two densities on a box of equal cells");
  distance->allow_extras();
  distance->add_option("A.h5", p.first, "A density in the layout of final.h5")->type_name("");
  distance->add_option("B.h5", p.second, "Another one on the same cells, of the same mass")
      ->type_name("");
  distance
      ->add_option("-o,--output", p.output,
                   "Folder for the distance and the geodesic; default: out/distance")
      ->type_name("DIR");
  distance->add_option("--intervals", p.intervals, "Intervals of time, 2 or more; default: 32")
      ->type_name("COUNT");
  distance
      ->add_option("--tolerance", p.tolerance,
                   "Gap between the bounds of W2^2, relative to it; default: 2e-3")
      ->type_name("NUMBER");
  distance
      ->add_option("--max-iterations", p.max_iterations,
                   "The command fails after so many; default: 5000")
      ->type_name("COUNT");
}

/// The words `otto sample` and `otto likelihood` share: the energy and its replica exchange.
void add_energy_options(CLI::App& command, Parsed& p, const char* output) {
  command.allow_extras();
  command
      .add_option("ENERGY.pt", p.energy,
                  "A TorchScript file that maps (n, d) points to (n) "
                  "energies, as 'otto train' writes it")
      ->type_name("");
  command.add_option("-o,--output", p.output, output)->type_name("DIR");
  add_programs(command, p);
  command
      .add_option("--replicas", p.replicas,
                  "Inverse temperatures from the reference to the "
                  "energy; default: 14")
      ->type_name("COUNT");
  command.add_option("--ladders", p.ladders, "Independent sets of replicas; default: 40")
      ->type_name("COUNT");
  command.add_option("--burn-in", p.burn_in, "Steps before anything is taken; default: 300")
      ->type_name("COUNT");
  command.add_option("--steps", p.steps, "Steps that count; default: 700")->type_name("COUNT");
  command.add_option("--seed", p.seed, "Of everything drawn at random; default: 1")
      ->type_name("NUMBER");
}

void add_sample(CLI::App& app, Parsed& p) {
  auto* sample =
      app.add_subcommand("sample", "Sample a trained energy of any dimension by replica exchange");
  add_energy_options(*sample, p, "Folder for samples.h5; default: out/sample");
  sample
      ->add_option("--data", p.data,
                   "Samples (/train or /samples) whose normal law is the "
                   "reference of an energy that holds none")
      ->type_name("X.h5");
  sample->add_option("--count", p.count, "Samples; default: 1000")->type_name("COUNT");
  sample->add_flag("--npy", p.numpy, "Write samples.npy beside samples.h5");
  sample->add_option("--thin", p.thin, "Steps between two samples of a ladder; default: 20")
      ->type_name("COUNT");
}

void add_likelihood(CLI::App& app, Parsed& p) {
  auto* likelihood = app.add_subcommand(
      "likelihood", "Bound log Z of a trained energy from both sides and score held-out data");
  add_energy_options(*likelihood, p, "Folder for summary.json; default: out/likelihood");
  likelihood
      ->add_option("--data", p.data,
                   "Samples: /test is scored, /train and /validation make "
                   "the baselines; a file without /test is scored whole")
      ->type_name("X.h5");
  likelihood
      ->add_option("--noise", p.noise,
                   "Deviation of a normal added to every row; default: "
                   "the attribute noise of the file, or 0")
      ->type_name("NUMBER");
  likelihood
      ->add_option("--temperatures", p.temperatures,
                   "Of annealed importance sampling; "
                   "default: 1500")
      ->type_name("COUNT");
  likelihood
      ->add_option("--particles", p.particles,
                   "Of annealed importance sampling, in each "
                   "direction; default: 400")
      ->type_name("COUNT");
  likelihood->add_flag("--no-baselines", p.no_baselines,
                       "Do not fit the normal law and the mixture "
                       "of ten normal laws");
}

void add_report(CLI::App& app, Parsed& p) {
  auto* report = app.add_subcommand(
      "report", "Make one HTML page about a folder of results, or several side by side");
  report->add_option("DIR", p.folders, "Folders of results")->type_name("")->expected(-1);
  report->add_option("-o,--output", p.output, "The page; default: report.html in the first folder")
      ->type_name("FILE");
}

void add_new_and_demo(CLI::App& app, Parsed& p) {
  auto* fresh = app.add_subcommand(
      "new", "Make a folder with a case file of your own, from one that goes with Otto");
  fresh->allow_extras();
  fresh->add_option("NAME", p.name, "The folder")->type_name("");
  fresh
      ->add_option("--from", p.from,
                   "The case it starts from: a name of the list of cases, or the path of a case "
                   "file or its folder; default: muller_brown")
      ->type_name("CASE");
  auto* demo = app.add_subcommand("demo", "Run a case of a second and draw it");
  demo->allow_extras();
  demo->add_option("-o,--output", p.output, "Folder for it; default: out/demo")->type_name("DIR");
}

/// The program as CLI11 sees it; what it reads goes to `p`.
void describe(CLI::App& app, Parsed& p) {
  app.description("Otto solves Wasserstein gradient flows of free energies on grids and meshes.");
  app.name("otto");
  app.allow_extras();
  app.require_subcommand(0, 1);  // a folder may have the name of a command: otto report demo
  app.set_help_flag("-h,--help", "Print this help");
  app.add_flag("--version", p.version, "Print the version");
  app.footer(
      "'otto COMMAND --help' tells more. Under mpirun -n N every command is the same "
      "command.");
  auto* run = app.add_subcommand("run", "Run a case");
  auto* train = app.add_subcommand("train", "Train an energy on the density of [data]");
  auto* fit = app.add_subcommand("fit", "Infer an energy from the snapshots of [data]");
  auto* check =
      app.add_subcommand("check", "Validate a case without running it; takes the words of 'run'");
  for (CLI::App* command : {run, train, fit, check}) {
    add_case_options(*command, p);
    add_resume_options(*command, p);
  }
  add_converge(app, p);
  add_sweep(app, p);
  auto* spectrum = app.add_subcommand(
      "spectrum", "Compute the slowest relaxation rates of a case and their modes");
  add_case_options(*spectrum, p);
  spectrum->add_option("-k,--modes", p.modes, "How many rates; default: 6")->type_name("COUNT");
  add_distance(app, p);
  add_sample(app, p);
  add_likelihood(app, p);
  add_report(app, p);
  add_new_and_demo(app, p);
  auto* schema = app.add_subcommand("schema", "Print the JSON Schema of the case file");
  schema->allow_extras();
  schema->add_flag("--markdown", p.markdown, "Print the reference page instead (Markdown)");
  schema
      ->add_option("--draft", p.draft,
                   "Of JSON Schema: 2020-12, or 4, which more editors read; default: 2020-12")
      ->type_name("4|2020-12");
  auto* explain = app.add_subcommand("explain",
                                     "Explain a table, a key or a choice of the case "
                                     "file; without WORD list the tables");
  explain->allow_extras();
  explain->add_option("WORD", p.word, "time, time.step, step, tr_bdf2, ...")->type_name("");
  app.add_subcommand("info", "Print the versions of Otto and of everything it is linked with")
      ->allow_extras();
}

void refuse_rest(const CLI::App& command) {
  const auto rest = command.remaining();
  if (rest.empty()) return;
  const std::string& word = rest.front();
  if (word.empty() || word[0] != '-') {
    fail(fmt::format("'{}' is one word too many; 'otto {} --help' shows what is taken", word,
                     command.get_name()));
  }
  std::vector<std::string> options;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  }
  const bool petsc = !word.starts_with("--") && word.size() > 2;
  fail(fmt::format("unknown option '{}'{}{}", word, did_you_mean(word, options),
                   petsc ? " Options for PETSc follow after --." : ""));
}

void refuse_unknown_command(const std::vector<std::string>& words) {
  if (words.empty()) {
    fail(fmt::format("a command is missing: {}; 'otto --help' tells more", list_words(commands)));
  }
  if (words[0].starts_with('-') ||
      std::find(commands.begin(), commands.end(), words[0]) != commands.end()) {
    return;
  }
  if (words[0] == "infer") fail("energies are inferred from snapshots by 'otto fit'");
  const bool is_case = words[0].ends_with(".toml");
  fail(fmt::format("unknown command '{}'{} The commands are {}.", words[0],
                   is_case ? fmt::format("; did you mean 'otto run {}'?", words[0])
                           : did_you_mean(words[0], commands),
                   list_words(commands)));
}

std::string option_of(const CLI::ParseError& error) {
  const std::string text = error.what();
  return text.substr(0, text.find(':'));
}

RunOptions run_options(const Parsed& p, const std::string& command) {
  if (p.case_file.empty()) {
    fail(fmt::format("'otto {0}' needs a case file: otto {0} CASE.toml", command));
  }
  return {.case_file = p.case_file,
          .output = p.output,
          .settings = p.settings,
          .petsc_words = {},
          .resume = {p.resume, p.may_change}};
}

/// A number of an option, between `min` and `max`.
template <class Number>
void take_number(const char* option, const std::optional<std::string>& text, Number min, Number max,
                 const char* range, Number& value) {
  if (!text) return;
  const char *begin = text->data(), *end = begin + text->size();
  const auto [stop, problem] = std::from_chars(begin, end, value);
  if (problem == std::errc{} && stop == end && value >= min && value <= max) return;
  fail(fmt::format("{} {}: must be {}", option, *text, range));
}

DistanceOptions distance_options(const Parsed& p) {
  if (p.first.empty() || p.second.empty()) {
    fail("'otto distance' needs two densities: otto distance A.h5 B.h5");
  }
  DistanceOptions d{.first = p.first, .second = p.second};
  if (!p.output.empty()) d.output = p.output;
  take_number("--intervals", p.intervals, 2, 10000, "a whole number from 2 to 10000", d.intervals);
  take_number("--tolerance", p.tolerance, 1e-12, 1.0, "a number from 1e-12 to 1", d.tolerance);
  take_number("--max-iterations", p.max_iterations, 1, 100000000,
              "a whole number from 1 to 100000000", d.max_iterations);
  return d;
}

/// The replica exchange asked for.
ExchangeOptions exchange_options(const Parsed& p) {
  ExchangeOptions o;
  take_number("--replicas", p.replicas, 2, 1000, "a whole number from 2 to 1000", o.replicas);
  take_number("--ladders", p.ladders, std::int64_t{1}, std::int64_t{1000000},
              "a whole number from 1 to 1000000", o.ladders);
  take_number("--burn-in", p.burn_in, 0, 100000000, "a whole number of at least 0", o.burn_in);
  take_number("--steps", p.steps, 2, 100000000, "a whole number of at least 2", o.steps);
  take_number("--thin", p.thin, 1, 1000000, "a whole number from 1 to 1000000", o.thin);
  take_number("--seed", p.seed, std::uint64_t{0}, std::uint64_t{1} << 53,
              "a whole number of at least 0", o.seed);
  return o;
}

SampleRequest sample_request(const Parsed& p) {
  if (p.energy.empty()) fail("'otto sample' needs an energy: otto sample ENERGY.pt");
  SampleRequest r{.energy = p.energy, .data = p.data};
  if (!p.output.empty()) r.output = p.output;
  take_number("--count", p.count, std::int64_t{1}, std::int64_t{100000000},
              "a whole number from 1 to 100000000", r.count);
  r.exchange = exchange_options(p);
  r.numpy = p.numpy;
  return r;
}

LikelihoodRequest likelihood_request(const Parsed& p) {
  if (p.energy.empty() || p.data.empty()) {
    fail("'otto likelihood' needs an energy and data: otto likelihood ENERGY.pt --data X.h5");
  }
  LikelihoodRequest r{.energy = p.energy, .data = p.data};
  if (!p.output.empty()) r.output = p.output;
  take_number("--noise", p.noise, 0.0, 1e300, "a number of at least 0", r.noise);
  r.baselines = !p.no_baselines;
  r.log_z.exchange = exchange_options(p);
  AnnealingOptions& a = r.log_z.annealing;
  a.seed = r.log_z.exchange.seed;
  take_number("--temperatures", p.temperatures, 1, 100000000, "a whole number of at least 1",
              a.temperatures);
  take_number("--particles", p.particles, std::int64_t{2}, std::int64_t{100000000},
              "a whole number of at least 2", a.particles);
  return r;
}

ConvergeOptions converge_options(const Parsed& p) {
  ConvergeOptions options;
  take_number("--levels", p.levels, 1, 30, "a whole number from 1 to 30", options.levels);
  const std::vector<std::string> kinds{"space", "time", "both"}, ratios{"tau=h", "tau=h^2"};
  const auto choose = [](const std::string& option, const std::string& word,
                         const std::vector<std::string>& valid) {
    if (std::find(valid.begin(), valid.end(), word) != valid.end()) return;
    fail(fmt::format("{} {}: there are {}{}", option, word, list_words(valid),
                     did_you_mean(word, valid)));
  };
  if (!p.refine.empty()) options.refine = p.refine;
  choose("--refine", options.refine, kinds);
  const std::string ratio = p.ratio.empty() ? ratios[0] : p.ratio;
  choose("--ratio", ratio, ratios);
  if (!p.ratio.empty() && options.refine != "both") {
    fail(fmt::format("--ratio {}: goes with --refine both only", p.ratio));
  }
  take_number("--target", p.target, 1e-300, 1e300, "a positive number", options.target);
  for (std::size_t at = 0; at < p.norms.size();) {
    const std::size_t comma = std::min(p.norms.find(',', at), p.norms.size());
    options.norms.push_back(p.norms.substr(at, comma - at));
    choose("--norms", options.norms.back(), norm_names());
    at = comma + 1;
  }
  options.step_power = ratio == "tau=h^2" ? 2 : 1;
  return options;
}

SweepOptions sweep_options(const Parsed& p) {
  SweepOptions options;
  if (p.over.empty()) {
    fail("'otto sweep' needs a key and its values: --over energy.temperature=0.2:2:20");
  }
  double runs = 1;
  for (const std::string& words : p.over) {
    SweepAxis axis = parse_sweep_axis(words);
    for (const SweepAxis& other : options.axes) {
      if (other.key == axis.key) fail(fmt::format("--over {}: the key comes twice", words));
    }
    runs *= double(axis.values.size());
    options.axes.push_back(std::move(axis));
  }
  if (runs > max_sweep_runs) {
    fail(fmt::format("--over: that makes {:.0f} runs; at most {}", runs, max_sweep_runs));
  }
  take_number("--jobs", p.jobs, 1, 4096, "a whole number from 1 to 4096", options.jobs);
  return options;
}

/// 4 or 2020.
int schema_draft(const Parsed& p) {
  if (p.draft && p.markdown) fail("--draft and --markdown exclude each other");
  if (!p.draft || *p.draft == "2020-12") return 2020;
  if (*p.draft != "4") fail(fmt::format("--draft {}: there are 4 and 2020-12", *p.draft));
  return 4;
}

NewOptions new_options(const Parsed& p) {
  if (p.name.empty()) fail("'otto new' needs a name: otto new NAME --from CASE");
  NewOptions options{.name = p.name};
  if (!p.from.empty()) options.from = p.from;
  return options;
}

/// What a bare `otto` says.
std::string first_steps() {
  return fmt::format(
      "Otto {} solves Wasserstein gradient flows of free energies.\n\n"
      "  otto demo                              a run of a second with a picture\n"
      "  otto new mine --from double_well       a case file of your own, mine/case.toml\n"
      "  otto check mine/case.toml              is it good?\n"
      "  otto run mine/case.toml -o out/mine    run it\n"
      "  otto report out/mine                   a page about the run\n"
      "  otto explain time.scheme               what a key means, and what it takes\n\n"
      "'otto --help' lists all commands, 'man otto' tells more.\n",
      version);
}

std::string version_line() { return fmt::format("otto {} ({})\n", version, revision); }

}  // namespace

std::vector<CommandHelp> describe_program() {
  Parsed p;
  CLI::App app;
  describe(app, p);
  std::vector<const CLI::App*> all{&app};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    all.push_back(command);
  }
  std::vector<CommandHelp> help;
  for (const CLI::App* command : all) {
    CommandHelp one{command->get_name(), command->get_description(), command->get_footer(), {}};
    if (command != &app && one.footer == app.get_footer()) one.footer.clear();
    for (const CLI::Option* option : command->get_options()) {
      OptionHelp words{{}, option->get_type_name(), option->get_description()};
      for (const auto& name : option->get_snames()) words.names.push_back("-" + name);
      for (const auto& name : option->get_lnames()) words.names.push_back("--" + name);
      if (words.names.empty()) words.value = option->get_name(true);
      one.options.push_back(std::move(words));
    }
    help.push_back(std::move(one));
  }
  return help;
}

CommandLine parse_command_line(const std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> words(arguments.begin(), dashes);
  if (arguments.empty()) return {.text = first_steps()};
  refuse_unknown_command(words);
  Parsed p;
  CLI::App app;
  describe(app, p);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    return {.text = chosen.empty() ? app.help() : chosen.front()->help("otto")};
  } catch (const CLI::ParseError& error) {
    fail(fmt::format("{} needs a value", option_of(error)));
  }
  refuse_rest(app);
  if (p.version) return {.text = version_line()};
  CommandLine line;
  const CLI::App& command = *app.get_subcommands().front();
  refuse_rest(command);
  line.command = command.get_name();
  if (p.no_code && p.sandbox) fail("--no-code and --sandbox exclude each other");
  if (p.no_code) line.programs = Programs::refuse;
  if (p.sandbox) line.programs = Programs::confine;
  line.word = p.word;
  line.markdown = p.markdown;
  const std::vector<std::string> with_case{"run",      "train", "fit",     "check",
                                           "converge", "sweep", "spectrum"};
  const bool takes_case =
      std::find(with_case.begin(), with_case.end(), line.command) != with_case.end();
  if (line.command == "sweep") line.sweep = sweep_options(p);
  if (line.command == "converge") line.converge = converge_options(p);
  take_number("-k", p.modes, 1, 100000, "a whole number of at least 1", line.modes);
  if (takes_case) line.run = run_options(p, line.command);
  if (line.command == "distance") line.distance = distance_options(p);
  if (line.command == "sample") line.sample = sample_request(p);
  if (line.command == "likelihood") line.likelihood = likelihood_request(p);
  if (line.command == "schema") line.draft = schema_draft(p);
  if (line.command == "new") line.fresh = new_options(p);
  if (line.command == "demo" && !p.output.empty()) line.demo = p.output;
  if (line.command == "report") {
    if (p.folders.empty()) fail("'otto report' needs a folder of results: otto report DIR");
    line.report = {p.folders, p.output};
  }
  if (dashes != arguments.end()) {
    if (!takes_case) fail(fmt::format("'otto {}' takes no PETSc options", line.command));
    line.run.petsc_words.assign(dashes + 1, arguments.end());
    parse_petsc_words(line.run.petsc_words);  // refuses what is not an option
  }
  return line;
}

}  // namespace otto
