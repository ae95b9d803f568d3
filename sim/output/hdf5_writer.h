#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sim/output/data_file.h"

namespace knetsim {

/// An HDF5 file being made, laid out so that netCDF-4 readers see every axis and variable: each axis is a dimension
/// scale in the same group and attached to every variable along it, text has variable length, there are no enums or
/// compounds, f64 variables have NaN as fill value. Columns of 16,384 cells and more are chunked, shuffled and deflated
/// (level 1); smaller ones are contiguous. Object times are off: equal calls give equal bytes.
///
/// A file on a disk that fills up cannot be closed: the library keeps it and trips over it again at the program's exit.
/// So a file at a path is made in a process of its own (merge_results.cpp).
class Hdf5Writer {
 public:
  /// Built by the library's core driver; image() gives its bytes. @throws Hdf5Failure  Of every function: the library
  /// failed, for want of memory or disk.
  static Hdf5Writer in_memory(const std::vector<DataAttribute>& attributes);
  /// At a path; close() ends it.
  static Hdf5Writer at(const std::filesystem::path& path, const std::vector<DataAttribute>& attributes);
  Hdf5Writer(Hdf5Writer&&) noexcept;
  ~Hdf5Writer();

  /// Writes a group with its axes, and makes its variables without their cells: of their `values` only the type counts.
  /// @return  Its number, for write().
  std::size_t add_group(const DataGroup& group);
  /// Writes cells of a variable that follow one another. Every cell has to be written once.
  /// @param column  Position among the group's variables.
  /// @param first   Where they begin along the variable's outermost axis; 0 without axes.
  void write(std::size_t group, std::size_t column, std::size_t first, const ColumnValues& values);

  /// @pre  Made in memory. Ends the file.
  std::vector<std::byte> image();
  /// @pre  Made at a path. Ends the file.
  void close();

 private:
  struct File;
  struct OpenGroup;
  explicit Hdf5Writer(std::unique_ptr<File> file);
  void close_groups();

  std::unique_ptr<File> file_;
};

/// The bytes of a file that holds `file`.
/// @throws InvariantError  `file` is malformed (check_data_file).
/// @throws Hdf5Failure  The library failed; only for want of memory.
std::vector<std::byte> hdf5_image(const DataFile& file);

/// Version of the HDF5 library in use, "1.10.8".
std::string hdf5_version();

}  // namespace knetsim
