#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "analysis/results/results.h"
#include "sim/output/data_file.h"

namespace knetsim {

struct WriteOptions {
  bool deterministic = false;  ///< Leave out what differs between two equal runs: equal inputs then give equal bytes.
  bool force = false;          ///< Replace a file that is another scenario's, or none of ours.
};

/// Writes the results of an experiment; docs/results-format.md describes the file. The file appears whole or not at
/// all.
/// @return  Its size in bytes.
/// @throws OutputError  check_destination()'s reasons, or the disk's. @throws InvariantError  A column of the wrong
/// length.
std::uint64_t write_results(const std::filesystem::path& path, const ExperimentResults& results,
                            const WriteOptions& options);

/// Whether results of this scenario may go to `path`, asked before a long run and again before writing: the directory
/// has to be there and writable, and what stands at `path` has to be empty or results of the same scenario, unless
/// `force`.
/// @throws OutputError  Why not.
void check_destination(const std::filesystem::path& path, const std::string& config_resolved,
                       const WriteOptions& options);

/// Of a file: its attributes, and the groups that speak of all runs together (provenance, objectives, assumptions).
DataFile head_of_file(const ExperimentResults& results, const WriteOptions& options);

/// The file as data, before HDF5. @throws InvariantError  A column of the wrong length.
DataFile to_data_file(const ExperimentResults& results, const WriteOptions& options);

}  // namespace knetsim
