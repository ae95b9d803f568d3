#include "sim/output/hdf5_writer.h"

#include <hdf5_hl.h>

#include <algorithm>
#include <limits>
#include <map>
#include <span>

#include "sim/output/hdf5_handle.h"

namespace knetsim {
namespace {

constexpr std::size_t kCompressFrom = 16'384;
constexpr hsize_t kChunkCells = 65'536;
constexpr std::size_t kMemoryStep = 4U << 20U;  // bytes by which the file in memory grows

hid_t stored_type(double) { return H5T_IEEE_F64LE; }
hid_t stored_type(std::int64_t) { return H5T_STD_I64LE; }
hid_t stored_type(std::uint64_t) { return H5T_STD_U64LE; }
hid_t stored_type(std::int8_t) { return H5T_STD_I8LE; }
hid_t memory_type(double) { return H5T_NATIVE_DOUBLE; }
hid_t memory_type(std::int64_t) { return H5T_NATIVE_INT64; }
hid_t memory_type(std::uint64_t) { return H5T_NATIVE_UINT64; }
hid_t memory_type(std::int8_t) { return H5T_NATIVE_INT8; }

std::vector<const char*> pointers(std::span<const std::string> texts) {
  std::vector<const char*> result;
  result.reserve(texts.size());
  for (const std::string& text : texts) result.push_back(text.c_str());
  return result;
}

Hdf5Handle scalar_space() { return {H5Screate(H5S_SCALAR), &H5Sclose, "make a data space"}; }

Hdf5Handle simple_space(const std::vector<hsize_t>& extents) {
  if (extents.empty()) return scalar_space();
  return {H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), &H5Sclose, "make a data space"};
}

void write_attribute(hid_t object, const std::string& name, hid_t stored, hid_t memory, const Hdf5Handle& space,
                     const void* data) {
  const std::string what = "write attribute '" + name + "'";
  const Hdf5Handle attribute(H5Acreate2(object, name.c_str(), stored, space.id(), H5P_DEFAULT, H5P_DEFAULT), &H5Aclose,
                             what);
  check_hdf5(H5Awrite(attribute.id(), memory, data), what);
}

struct AttributeWriter {
  hid_t object;
  const std::string& name;

  void operator()(const std::string& text) const {
    const Hdf5Handle type = hdf5_text_type();
    const char* pointer = text.c_str();
    write_attribute(object, name, type.id(), type.id(), scalar_space(), &pointer);
  }
  void operator()(const std::vector<std::string>& texts) const {
    const Hdf5Handle type = hdf5_text_type();
    write_attribute(object, name, type.id(), type.id(), simple_space({texts.size()}), pointers(texts).data());
  }
  template <class Number>
  void operator()(Number number) const {
    write_attribute(object, name, stored_type(number), memory_type(number), scalar_space(), &number);
  }
  template <class Number>
  void operator()(const std::vector<Number>& numbers) const {
    write_attribute(object, name, stored_type(Number{}), memory_type(Number{}), simple_space({numbers.size()}),
                    numbers.data());
  }
};

void write_attributes(hid_t object, const std::vector<DataAttribute>& attributes) {
  for (const DataAttribute& attribute : attributes)
    std::visit(AttributeWriter{object, attribute.name}, attribute.value);
}

/// The last axes whole as far as 64 Ki cells reach, the one before them in part, the outer ones singly.
std::vector<hsize_t> chunk_shape(const std::vector<hsize_t>& extents) {
  std::vector<hsize_t> chunk(extents.size(), 1);
  hsize_t left = kChunkCells;
  for (std::size_t i = extents.size(); i-- > 0 && left > 0;) {
    chunk[i] = std::min(extents[i], left);
    left /= chunk[i];
  }
  return chunk;
}

/// Properties of a group or dataset whose bytes do not depend on when it was made and whose members are listed in
/// order.
Hdf5Handle tracked_properties(hid_t property_class) {
  Hdf5Handle list(H5Pcreate(property_class), &H5Pclose, "make a property list");
  constexpr unsigned kOrdered = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  check_hdf5(H5Pset_obj_track_times(list.id(), false), "switch object times off");
  check_hdf5(H5Pset_attr_creation_order(list.id(), kOrdered), "keep the order of attributes");
  if (property_class != H5P_DATASET_CREATE)
    check_hdf5(H5Pset_link_creation_order(list.id(), kOrdered), "keep the order of links");
  return list;
}

/// Writes the cells of a column; one overload for numbers and one for text.
struct ColumnWriter {
  hid_t group;
  const DataVariable& variable;
  std::vector<hsize_t> extents;
  bool is_axis;

  template <class Number>
  Hdf5Handle operator()(const std::vector<Number>& numbers) const {
    const Hdf5Handle properties = tracked_properties(H5P_DATASET_CREATE);
    if constexpr (std::is_same_v<Number, double>) {
      const double fill = std::numeric_limits<double>::quiet_NaN();
      check_hdf5(H5Pset_fill_value(properties.id(), H5T_NATIVE_DOUBLE, &fill), "set the fill value");
    }
    check_hdf5(H5Pset_fill_time(properties.id(), H5D_FILL_TIME_NEVER),
               "set the fill time");  // every cell is written below
    if (numbers.size() >= kCompressFrom) {
      const std::vector<hsize_t> chunk = chunk_shape(extents);
      check_hdf5(H5Pset_chunk(properties.id(), static_cast<int>(chunk.size()), chunk.data()), "set chunks");
      check_hdf5(H5Pset_shuffle(properties.id()), "set the shuffle filter");
      check_hdf5(H5Pset_deflate(properties.id(), 1), "set the deflate filter");
    }
    Hdf5Handle dataset = create(stored_type(Number{}), properties);
    write(dataset, memory_type(Number{}), numbers.data());
    if constexpr (std::is_same_v<Number, double>) {
      // CF 1.10, section 2.5.1: coordinates have no missing values, so only variables name their fill value.
      if (!is_axis) AttributeWriter{dataset.id(), "_FillValue"}(std::numeric_limits<double>::quiet_NaN());
    }
    return dataset;
  }

  Hdf5Handle operator()(const std::vector<std::string>& texts) const {
    const Hdf5Handle type = hdf5_text_type();
    Hdf5Handle dataset = create(type.id(), tracked_properties(H5P_DATASET_CREATE));
    write(dataset, type.id(), pointers(texts).data());
    return dataset;
  }

 private:
  std::string what() const { return "write '" + variable.name + "'"; }
  Hdf5Handle create(hid_t type, const Hdf5Handle& properties) const {
    const Hdf5Handle space = simple_space(extents);
    return {H5Dcreate2(group, variable.name.c_str(), type, space.id(), H5P_DEFAULT, properties.id(), H5P_DEFAULT),
            &H5Dclose, what()};
  }
  void write(const Hdf5Handle& dataset, hid_t type, const void* cells) const {
    check_hdf5(H5Dwrite(dataset.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, cells), what());
  }
};

void write_group(hid_t parent, const DataGroup& group) {
  const Hdf5Handle properties = tracked_properties(H5P_GROUP_CREATE);
  const Hdf5Handle id(H5Gcreate2(parent, group.path.c_str(), H5P_DEFAULT, properties.id(), H5P_DEFAULT), &H5Gclose,
                      "make group '" + group.path + "'");
  write_attributes(id.id(), group.attributes);

  std::map<std::string, Hdf5Handle> scales;
  for (const DataVariable& axis : group.axes) {
    Hdf5Handle dataset = std::visit(ColumnWriter{id.id(), axis, {axis.size()}, true}, axis.values);
    check_hdf5(H5DSset_scale(dataset.id(), axis.name.c_str()), "make '" + axis.name + "' a dimension");
    write_attributes(dataset.id(), axis.attributes);
    scales.emplace(axis.name, std::move(dataset));
  }
  for (const DataVariable& variable : group.variables) {
    std::vector<hsize_t> extents;
    for (const std::string& dim : variable.dims) extents.push_back(group.axis_length(dim));
    const Hdf5Handle dataset = std::visit(ColumnWriter{id.id(), variable, extents, false}, variable.values);
    write_attributes(dataset.id(), variable.attributes);
    for (unsigned i = 0; i < variable.dims.size(); ++i) {
      check_hdf5(H5DSattach_scale(dataset.id(), scales.at(variable.dims[i]).id(), i),
                 "attach dimension '" + variable.dims[i] + "'");
    }
  }
}

/// A parent such as "hist" of "hist/latency" is made first, with the same properties as every other group.
void write_parents(hid_t file, const std::string& path, std::map<std::string, Hdf5Handle>& made) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (made.contains(parent)) continue;
    const Hdf5Handle properties = tracked_properties(H5P_GROUP_CREATE);
    made.emplace(parent, Hdf5Handle(H5Gcreate2(file, parent.c_str(), H5P_DEFAULT, properties.id(), H5P_DEFAULT),
                                    &H5Gclose, "make group '" + parent + "'"));
  }
}

}  // namespace

std::vector<std::byte> hdf5_image(const DataFile& file) {
  check_data_file(file);
  const Hdf5Silence silence;
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose, "make a property list");
  check_hdf5(H5Pset_fapl_core(access.id(), kMemoryStep, false), "build a file in memory");
  // The lowest bound, since the superblocks of 1.8 and later carry a mark "open for writing" under a checksum, and
  // H5Fget_file_image of 1.10.8 clears the mark without renewing the checksum. It also lets every HDF5 since 1.8 read
  // the file.
  check_hdf5(H5Pset_libver_bounds(access.id(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V110), "set the format's version");
  const Hdf5Handle creation = tracked_properties(H5P_FILE_CREATE);
  const Hdf5Handle id(H5Fcreate("results in memory", H5F_ACC_TRUNC, creation.id(), access.id()), &H5Fclose,
                      "build a file in memory");
  write_attributes(id.id(), file.attributes);
  std::map<std::string, Hdf5Handle> parents;
  for (const DataGroup& group : file.groups) {
    write_parents(id.id(), group.path, parents);
    write_group(id.id(), group);
  }
  parents.clear();
  check_hdf5(H5Fflush(id.id(), H5F_SCOPE_LOCAL), "flush the file");
  const auto bytes = H5Fget_file_image(id.id(), nullptr, 0);
  if (bytes < 0) throw Hdf5Failure(hdf5_failure_text("measure the file"));
  std::vector<std::byte> image(static_cast<std::size_t>(bytes));
  if (H5Fget_file_image(id.id(), image.data(), image.size()) < 0) throw Hdf5Failure(hdf5_failure_text("copy the file"));
  return image;
}

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

}  // namespace knetsim
