#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/output/data_file.h"

namespace knetsim {

/// A file that can be HDF5: regular, and it opens with the eight bytes. @throws OutputError  It is not.
void check_hdf5_signature(const std::filesystem::path& path);

/// An HDF5 file opened for reading, in the terms of data_file.h. Datasets of other shapes or types than the writer
/// makes are left out: a newer minor version of the format may hold them. Data that stand outside the file (external
/// storage, virtual datasets) are refused, and external links and plugins are not followed. A file of others is read
/// through read_foreign_file().
class Hdf5Reader {
 public:
  /// @throws OutputError  Missing, not HDF5, cut short, or locked; the line says what helps.
  explicit Hdf5Reader(std::filesystem::path path);
  ~Hdf5Reader();
  Hdf5Reader(Hdf5Reader&&) noexcept;
  Hdf5Reader& operator=(Hdf5Reader&&) noexcept;

  const std::filesystem::path& path() const { return path_; }

  /// Attributes of a group, "" being the root. @throws OutputError  No such group, or unreadable.
  std::vector<DataAttribute> attributes(const std::string& group = "") const;

  /// Every group that holds datasets, parents first, in the order in which they were made: "provenance", "hist/latency"
  /// ...
  /// @throws OutputError  A group that stands in the file twice (a link to one further up), or more than a thousand.
  std::vector<std::string> groups() const;

  /// Axes, variables and attributes of one group. @throws OutputError  No such group, or unreadable.
  DataGroup group(const std::string& path) const;

 private:
  struct File;
  std::filesystem::path path_;
  std::unique_ptr<File> file_;
};

}  // namespace knetsim
