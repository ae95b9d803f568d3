#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "sim/output/data_file.h"

namespace knetsim {

/// What a file is asked for: whether the group of this path is to come with what it holds, or with its name alone.
using GroupWanted = std::function<bool(std::string_view path)>;

/// Reads an HDF5 file that anyone may have written, in a child process: about one random change of a byte in fifty
/// makes the library abort or loop (1.10.8), and a file of a few kilobytes can unpack to any size. The limits grow with
/// the file: 1 s of CPU time and 400 MiB, and 1 s and 200 MiB more for every 10 MB of it.
/// @return  Attributes of the root, and every group that holds datasets, in the file's order; see Hdf5Reader.
/// @throws OutputError  Unreadable, damaged, or beyond the limits: one line that names the file.
DataFile read_foreign_file(const std::filesystem::path& path, const GroupWanted& wanted);

}  // namespace knetsim
