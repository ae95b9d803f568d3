#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "analysis/results/results.h"
#include "analysis/results/results_writer.h"

namespace knetsim {

/// Writes one results file whose runs are those of its parts, in their order: each column's cells follow as its axes say
/// (Merge). One of them is in memory at a time. The file appears whole or not at all.
/// @param parts  Groups of results in dumps (data_file_dump.h) of one experiment: the same names along every axis but `run`.
/// @param head   Has what is said of all runs together: provenance, objectives, assumptions. Its other tables are not
///               read.
/// @return  The file's size in bytes.
/// @throws OutputError  check_destination()'s reasons, the disk's, or a part that cannot be read.
/// @throws InvariantError  Parts that do not fit together.
std::uint64_t merge_results(const std::filesystem::path& path, const std::vector<std::filesystem::path>& parts,
                            const ExperimentResults& head, const WriteOptions& options);

}  // namespace knetsim
