#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/output/data_file.h"

namespace knetsim {

/// The bytes of an HDF5 file that holds `file`, laid out so that netCDF-4 readers see every axis and variable:
/// each axis is a dimension scale in the same group and attached to every variable along it, text has variable length,
/// there are no enums or compounds, f64 variables have NaN as fill value. Columns of 16,384 cells and more are chunked,
/// shuffled and deflated (level 1); smaller ones are contiguous. Object times are off: equal data give equal bytes.
///
/// The file is built in memory (the library's core driver): a results file is a few megabytes, and an HDF5 file on a
/// disk that fills up cannot be closed, which leaves the library with an open file that it trips over again at the
/// program's exit.
/// @throws InvariantError  `file` is malformed (check_data_file).
/// @throws Hdf5Failure  The library failed; only for want of memory.
std::vector<std::byte> hdf5_image(const DataFile& file);

/// Version of the HDF5 library in use, "1.10.8".
std::string hdf5_version();

}  // namespace knetsim
