#pragma once

#include <filesystem>

#include "sim/output/data_file.h"

namespace knetsim {

/// Puts groups into a file as they lie in memory, for this program alone to read again on this machine: a hundred times as
/// fast as HDF5, whose library slows down with each file that it has made. @throws OutputError  The disk is full.
void write_dump(const std::filesystem::path& path, const std::vector<DataGroup>& groups);

/// What write_dump() wrote. @throws OutputError  It cannot be read, or is cut short.
std::vector<DataGroup> read_dump(const std::filesystem::path& path);

}  // namespace knetsim
