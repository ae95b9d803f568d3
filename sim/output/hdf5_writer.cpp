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

/// Makes the dataset of a column of the given extents, without its cells. The alternative of `values` gives the type.
Hdf5Handle make_dataset(hid_t group, const std::string& name, const ColumnValues& values,
                        const std::vector<hsize_t>& extents, bool is_axis) {
  hsize_t cells = 1;
  for (const hsize_t extent : extents) cells *= extent;
  const Hdf5Handle properties = tracked_properties(H5P_DATASET_CREATE);
  const Hdf5Handle text = hdf5_text_type();
  const hid_t type = std::visit(
      [&]<class Cell>(const std::vector<Cell>&) {
        if constexpr (std::is_same_v<Cell, std::string>) {
          return text.id();
        } else {
          return stored_type(Cell{});
        }
      },
      values);
  const bool is_text = std::holds_alternative<std::vector<std::string>>(values);
  const bool is_measure = std::holds_alternative<std::vector<double>>(values);
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (is_measure) check_hdf5(H5Pset_fill_value(properties.id(), H5T_NATIVE_DOUBLE, &kNone), "set the fill value");
  if (!is_text) {
    check_hdf5(H5Pset_fill_time(properties.id(), H5D_FILL_TIME_NEVER), "set the fill time");  // every cell is written
    if (cells >= kCompressFrom) {
      const std::vector<hsize_t> chunk = chunk_shape(extents);
      check_hdf5(H5Pset_chunk(properties.id(), static_cast<int>(chunk.size()), chunk.data()), "set chunks");
      check_hdf5(H5Pset_shuffle(properties.id()), "set the shuffle filter");
      check_hdf5(H5Pset_deflate(properties.id(), 1), "set the deflate filter");
    }
  }
  const Hdf5Handle space = simple_space(extents);
  Hdf5Handle dataset(H5Dcreate2(group, name.c_str(), type, space.id(), H5P_DEFAULT, properties.id(), H5P_DEFAULT),
                     &H5Dclose, "write '" + name + "'");
  // CF 1.10, section 2.5.1: coordinates have no missing values, so only variables name their fill value.
  if (is_measure && !is_axis) AttributeWriter{dataset.id(), "_FillValue"}(kNone);
  return dataset;
}

/// The library clears a buffer of a megabyte for each write that converts types (texts): no more of it than so many cells need.
Hdf5Handle transfer_of(std::size_t cells) {
  constexpr std::size_t kLeast = 4096, kMost = std::size_t{1} << 20, kOfACell = 32;
  Hdf5Handle list(H5Pcreate(H5P_DATASET_XFER), &H5Pclose, "make a property list");
  const std::size_t bytes = std::clamp(std::min(cells, kMost) * kOfACell, kLeast, kMost);
  check_hdf5(H5Pset_buffer(list.id(), bytes, nullptr, nullptr), "set a buffer");
  return list;
}

/// Writes cells that follow one another, from position `first` along the outermost axis on; whole where there is none.
void write_cells(const Hdf5Handle& dataset, const std::string& name, const std::vector<hsize_t>& extents, hsize_t first,
                 const ColumnValues& values) {
  const std::string what = "write '" + name + "'";
  const auto put = [&](hid_t type, std::size_t count, const void* cells) {
    if (count == 0) return;
    const Hdf5Handle transfer = transfer_of(count);
    if (extents.empty()) {
      check_hdf5(H5Dwrite(dataset.id(), type, H5S_ALL, H5S_ALL, transfer.id(), cells), what);
      return;
    }
    std::vector<hsize_t> shape = extents;
    shape[0] = count;
    for (std::size_t i = 1; i < extents.size(); ++i) shape[0] /= extents[i];
    std::vector<hsize_t> start(extents.size(), 0);
    start[0] = first;
    const Hdf5Handle memory = simple_space(shape);
    const Hdf5Handle file = simple_space(extents);
    check_hdf5(H5Sselect_hyperslab(file.id(), H5S_SELECT_SET, start.data(), nullptr, shape.data(), nullptr), what);
    check_hdf5(H5Dwrite(dataset.id(), type, memory.id(), file.id(), transfer.id(), cells), what);
  };
  std::visit(
      [&]<class Cell>(const std::vector<Cell>& cells) {
        if constexpr (std::is_same_v<Cell, std::string>) {
          const Hdf5Handle type = hdf5_text_type();
          put(type.id(), cells.size(), pointers(cells).data());
        } else {
          put(memory_type(Cell{}), cells.size(), cells.data());
        }
      },
      values);
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

Hdf5Handle new_file(const char* name, hid_t access) {
  // The lowest bound, since the superblocks of 1.8 and later carry a mark "open for writing" under a checksum, and
  // H5Fget_file_image of 1.10.8 clears the mark without renewing the checksum. It also lets every HDF5 since 1.8 read
  // the file.
  check_hdf5(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V110), "set the format's version");
  const Hdf5Handle creation = tracked_properties(H5P_FILE_CREATE);
  return {H5Fcreate(name, H5F_ACC_TRUNC, creation.id(), access), &H5Fclose, "make the file"};
}

}  // namespace

/// A group whose axes are written, and the datasets that wait for their cells.
struct Hdf5Writer::OpenGroup {
  Hdf5Handle group;
  std::map<std::string, Hdf5Handle> scales;
  struct Column {
    std::string name;
    std::vector<hsize_t> extents;
    Hdf5Handle dataset;
  };
  std::vector<Column> columns;
};

struct Hdf5Writer::File {
  Hdf5Silence silence;
  Hdf5Handle id;
  std::map<std::string, Hdf5Handle> parents;
  std::vector<OpenGroup> groups;
};

Hdf5Writer::Hdf5Writer(Hdf5Writer&&) noexcept = default;
Hdf5Writer::Hdf5Writer(std::unique_ptr<File> file) : file_(std::move(file)) {}
Hdf5Writer::~Hdf5Writer() = default;

Hdf5Writer Hdf5Writer::in_memory(const std::vector<DataAttribute>& attributes) {
  auto file = std::make_unique<File>();
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose, "make a property list");
  check_hdf5(H5Pset_fapl_core(access.id(), kMemoryStep, false), "build a file in memory");
  file->id = new_file("results in memory", access.id());
  write_attributes(file->id.id(), attributes);
  return Hdf5Writer(std::move(file));
}

Hdf5Writer Hdf5Writer::at(const std::filesystem::path& path, const std::vector<DataAttribute>& attributes) {
  auto file = std::make_unique<File>();
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), &H5Pclose, "make a property list");
  file->id = new_file(path.c_str(), access.id());
  write_attributes(file->id.id(), attributes);
  return Hdf5Writer(std::move(file));
}

std::size_t Hdf5Writer::add_group(const DataGroup& group) {
  write_parents(file_->id.id(), group.path, file_->parents);
  const Hdf5Handle properties = tracked_properties(H5P_GROUP_CREATE);
  OpenGroup open{
      .group = Hdf5Handle(H5Gcreate2(file_->id.id(), group.path.c_str(), H5P_DEFAULT, properties.id(), H5P_DEFAULT),
                          &H5Gclose, "make group '" + group.path + "'"),
      .scales = {},
      .columns = {}};
  write_attributes(open.group.id(), group.attributes);
  for (const DataVariable& axis : group.axes) {
    Hdf5Handle dataset = make_dataset(open.group.id(), axis.name, axis.values, {axis.size()}, true);
    write_cells(dataset, axis.name, {axis.size()}, 0, axis.values);
    check_hdf5(H5DSset_scale(dataset.id(), axis.name.c_str()), "make '" + axis.name + "' a dimension");
    write_attributes(dataset.id(), axis.attributes);
    open.scales.emplace(axis.name, std::move(dataset));
  }
  for (const DataVariable& variable : group.variables) {
    OpenGroup::Column column{.name = variable.name, .extents = {}, .dataset = {}};
    for (const std::string& dim : variable.dims) column.extents.push_back(group.axis_length(dim));
    column.dataset = make_dataset(open.group.id(), variable.name, variable.values, column.extents, false);
    write_attributes(column.dataset.id(), variable.attributes);
    for (unsigned i = 0; i < variable.dims.size(); ++i) {
      check_hdf5(H5DSattach_scale(column.dataset.id(), open.scales.at(variable.dims[i]).id(), i),
                 "attach dimension '" + variable.dims[i] + "'");
    }
    open.columns.push_back(std::move(column));
  }
  file_->groups.push_back(std::move(open));
  return file_->groups.size() - 1;
}

void Hdf5Writer::write(std::size_t group, std::size_t column, std::size_t first, const ColumnValues& values) {
  const OpenGroup::Column& to = file_->groups[group].columns[column];
  write_cells(to.dataset, to.name, to.extents, first, values);
}

void Hdf5Writer::close_groups() {
  file_->groups.clear();
  file_->parents.clear();
}

std::vector<std::byte> Hdf5Writer::image() {
  close_groups();
  check_hdf5(H5Fflush(file_->id.id(), H5F_SCOPE_LOCAL), "flush the file");
  const auto bytes = H5Fget_file_image(file_->id.id(), nullptr, 0);
  if (bytes < 0) throw Hdf5Failure(hdf5_failure_text("measure the file"));
  std::vector<std::byte> image(static_cast<std::size_t>(bytes));
  if (H5Fget_file_image(file_->id.id(), image.data(), image.size()) < 0) {
    throw Hdf5Failure(hdf5_failure_text("copy the file"));
  }
  return image;
}

void Hdf5Writer::close() {
  close_groups();
  check_hdf5(H5Fflush(file_->id.id(), H5F_SCOPE_LOCAL), "write the file");
  file_->id.reset();
}

std::vector<std::byte> hdf5_image(const DataFile& file) {
  check_data_file(file);
  Hdf5Writer writer = Hdf5Writer::in_memory(file.attributes);
  for (const DataGroup& group : file.groups) {
    const std::size_t at = writer.add_group(group);
    for (std::size_t i = 0; i < group.variables.size(); ++i) writer.write(at, i, 0, group.variables[i].values);
  }
  return writer.image();
}

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

}  // namespace knetsim
