#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/output/column_info.h"

namespace knetsim {

/// Where the figures come from.
struct Provenance {
  // Attributes of the root.
  std::string title = {};  ///< metadata.name of the scenario.
  std::string knetsim_version = {};
  std::string git_sha1 = {};  ///< "unknown" outside a repository.
  bool git_dirty = false;
  // Columns.
  std::string config_resolved = {};
  std::vector<std::string> overrides = {};   ///< --set and the like.
  std::vector<std::string> input_name = {};  ///< Names as in the scenario, no absolute paths.
  std::vector<std::string> input_sha256 = {};
  std::string command_line = {};
  std::string compiler = {};  ///< "GNU 12.2.0".
  std::string compile_flags = {};
  std::uint64_t seed = 0;
  std::int64_t replicates = 0;
  std::string costs_profile = {};
  std::string hdf5_version = {};  ///< "1.10.8".
};

template <TableOf<Provenance> Table, class Columns>
void describe(Table& t, Columns& c) {
  c.along("");
  c.column("config_resolved", t.config_resolved,
           {.meaning = "the scenario with every override and every default in place, variants included, YAML: put "
                       "beside the scenario, it runs again"});
  c.along("override");
  c.column("overrides", t.overrides, {.meaning = "overrides as given, later ones win", .when = kIfRecorded});
  c.along("input");
  c.column("input_name", t.input_name, {.meaning = "a file that was read", .when = kIfRecorded});
  c.column("input_sha256", t.input_sha256, {.meaning = "its SHA-256", .when = kIfRecorded});
  c.along("");
  c.column("command_line", t.command_line, {.meaning = "the command as given", .when = kNotDeterministic});
  c.column("compiler", t.compiler, {.meaning = "compiler of the program"});
  c.column("compile_flags", t.compile_flags, {.meaning = "its flags"});
  c.column("seed", t.seed, {.unit = "1", .meaning = "root seed"});
  c.column("replicates", t.replicates, {.unit = "1", .meaning = "replicates of each variant that were asked for"});
  c.column("costs_profile", t.costs_profile, {.meaning = "name of the cost profile"});
  c.column("hdf5_version", t.hdf5_version, {.meaning = "HDF5 library that wrote the file"});
}

}  // namespace knetsim
