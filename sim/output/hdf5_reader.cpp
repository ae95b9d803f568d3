#include "sim/output/hdf5_reader.h"

#include <fcntl.h>
#include <hdf5_hl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "sim/output/hdf5_handle.h"
#include "sim/output/output_error.h"

namespace knetsim {

struct Hdf5Reader::File {
  Hdf5Handle id;
};

namespace {

/// The type as which cells are read: the writer's own five, and any other integer or float as the widest of its kind.
enum class CellType { kDouble, kInt64, kUint64, kInt8, kFixedText, kText, kOther };

CellType cell_type(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      return CellType::kDouble;
    case H5T_INTEGER:
      if (H5Tget_sign(type) == H5T_SGN_NONE) return H5Tget_size(type) == 8 ? CellType::kUint64 : CellType::kInt64;
      return H5Tget_size(type) == 1 ? CellType::kInt8 : CellType::kInt64;
    case H5T_STRING:
      return H5Tis_variable_str(type) > 0 ? CellType::kText : CellType::kFixedText;
    default:
      return CellType::kOther;
  }
}

/// Reads cells of a dataset (H5Dread) or an attribute (H5Aread) through one signature.
template <class Read>
std::vector<std::string> read_texts(std::size_t cells, hid_t space, Read&& read) {
  const Hdf5Handle type = hdf5_text_type();
  std::vector<char*> pointers(cells, nullptr);
  read(type.id(), pointers.data());
  std::vector<std::string> texts;
  texts.reserve(cells);
  for (const char* pointer : pointers) texts.emplace_back(pointer == nullptr ? "" : pointer);
  H5Dvlen_reclaim(type.id(), space, H5P_DEFAULT, pointers.data());
  return texts;
}

template <class Read>
std::vector<std::string> read_fixed_texts(std::size_t cells, hid_t stored, Read&& read) {
  const std::size_t width = H5Tget_size(stored);
  std::string buffer(cells * width, '\0');
  read(stored, buffer.data());
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < cells; ++i) {
    const std::string cell = buffer.substr(i * width, width);
    texts.push_back(cell.substr(0, cell.find('\0')));
  }
  return texts;
}

template <class Number, class Read>
std::vector<Number> read_numbers(std::size_t cells, hid_t type, Read&& read) {
  std::vector<Number> numbers(cells);
  read(type, numbers.data());
  return numbers;
}

template <class Read>
std::optional<ColumnValues> read_cells(hid_t type, hid_t space, Read&& read) {
  const hssize_t points = H5Sget_simple_extent_npoints(space);
  if (points < 0) return std::nullopt;
  const auto cells = static_cast<std::size_t>(points);
  switch (cell_type(type)) {
    case CellType::kDouble:
      return read_numbers<double>(cells, H5T_NATIVE_DOUBLE, read);
    case CellType::kInt64:
      return read_numbers<std::int64_t>(cells, H5T_NATIVE_INT64, read);
    case CellType::kUint64:
      return read_numbers<std::uint64_t>(cells, H5T_NATIVE_UINT64, read);
    case CellType::kInt8:
      return read_numbers<std::int8_t>(cells, H5T_NATIVE_INT8, read);
    case CellType::kText:
      return read_texts(cells, space, read);
    case CellType::kFixedText:
      return read_fixed_texts(cells, type, read);
    case CellType::kOther:
      break;
  }
  return std::nullopt;
}

/// One cell without extent is a value, anything else a list.
AttributeValue to_attribute(const ColumnValues& cells, bool scalar) {
  return std::visit(
      [scalar](const auto& column) -> AttributeValue {
        using Cell = typename std::decay_t<decltype(column)>::value_type;
        if constexpr (std::is_same_v<Cell, std::uint64_t>) {
          std::vector<std::int64_t> wide(column.begin(), column.end());
          if (scalar) return wide.at(0);
          return wide;
        } else if constexpr (std::is_same_v<Cell, std::int8_t>) {
          if (scalar) return static_cast<std::int64_t>(column.at(0));
          return column;
        } else {
          if (scalar) return column.at(0);
          return column;
        }
      },
      cells);
}

/// What the dimension-scale interface keeps in attributes of its own; no reader of ours needs them.
bool belongs_to_dimension_scales(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames{
      "CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Coordinates", "_Netcdf4Dimid"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::vector<DataAttribute> read_attributes(hid_t object) {
  H5O_info_t info{};
  check_hdf5(H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS), "count attributes");
  const Hdf5Handle creation(
      H5Iget_type(object) == H5I_DATASET ? H5Dget_create_plist(object) : H5Gget_create_plist(object), &H5Pclose,
      "read properties");
  unsigned order = 0;
  H5Pget_attr_creation_order(creation.id(), &order);
  const H5_index_t index = (order & H5P_CRT_ORDER_INDEXED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  std::vector<DataAttribute> attributes;
  for (hsize_t i = 0; i < info.num_attrs; ++i) {
    const Hdf5Handle id(H5Aopen_by_idx(object, ".", index, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT), &H5Aclose,
                        "open an attribute");
    const ssize_t length = H5Aget_name(id.id(), 0, nullptr);
    std::string name(length > 0 ? static_cast<std::size_t>(length) : 0, '\0');
    H5Aget_name(id.id(), name.size() + 1, name.data());
    if (belongs_to_dimension_scales(name)) continue;
    const Hdf5Handle type(H5Aget_type(id.id()), &H5Tclose, "read the type of attribute '" + name + "'");
    const Hdf5Handle space(H5Aget_space(id.id()), &H5Sclose, "read the shape of attribute '" + name + "'");
    const auto cells = read_cells(type.id(), space.id(), [&](hid_t memory, void* data) {
      check_hdf5(H5Aread(id.id(), memory, data), "read attribute '" + name + "'");
    });
    const bool scalar = H5Sget_simple_extent_type(space.id()) == H5S_SCALAR;
    if (cells) attributes.push_back({name, to_attribute(*cells, scalar)});
  }
  return attributes;
}

/// Name of the scale attached to one dimension of a dataset: the last part of its path.
herr_t keep_scale_name(hid_t, unsigned, hid_t scale, void* name) {
  const ssize_t length = H5Iget_name(scale, nullptr, 0);
  if (length <= 0) return -1;
  std::string path(static_cast<std::size_t>(length), '\0');
  H5Iget_name(scale, path.data(), path.size() + 1);
  *static_cast<std::string*>(name) = path.substr(path.rfind('/') + 1);
  return 1;
}

/// Data of other files: reading them would show any file of the machine as a results column.
void require_inside(hid_t dataset, const std::string& name) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset), &H5Pclose, "read properties of '" + name + "'");
  if (H5Pget_layout(creation.id()) == H5D_VIRTUAL) throw Hdf5Failure("refused: '" + name + "' is a virtual dataset");
  if (H5Pget_external_count(creation.id()) != 0) {
    throw Hdf5Failure("refused: the data of '" + name + "' stand in another file (external storage)");
  }
}

std::optional<DataVariable> read_variable(hid_t group, const std::string& name, bool& is_axis) {
  const std::string what = "read '" + name + "'";
  const Hdf5Handle id(H5Dopen2(group, name.c_str(), H5P_DEFAULT), &H5Dclose, what);
  require_inside(id.id(), name);
  const Hdf5Handle type(H5Dget_type(id.id()), &H5Tclose, what);
  const Hdf5Handle space(H5Dget_space(id.id()), &H5Sclose, what);
  DataVariable variable{.name = name, .dims = {}, .values = {}, .attributes = read_attributes(id.id())};
  is_axis = H5DSis_scale(id.id()) > 0;
  const int rank = H5Sget_simple_extent_ndims(space.id());
  for (int i = 0; i < rank; ++i) {
    std::string dim = is_axis ? name : "";
    if (!is_axis) H5DSiterate_scales(id.id(), static_cast<unsigned>(i), nullptr, &keep_scale_name, &dim);
    if (dim.empty()) return std::nullopt;
    variable.dims.push_back(dim);
  }
  auto cells = read_cells(type.id(), space.id(), [&](hid_t memory, void* data) {
    check_hdf5(H5Dread(id.id(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), what);
  });
  if (!cells) return std::nullopt;
  variable.values = std::move(*cells);
  return variable;
}

struct Member {
  std::string name;
  bool is_group;
};

herr_t keep_member(hid_t parent, const char* name, const H5L_info_t* link, void* members) {
  if (link->type != H5L_TYPE_HARD) return 0;
  H5O_info_t info{};
  if (H5Oget_info_by_name2(parent, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
  if (info.type == H5O_TYPE_GROUP || info.type == H5O_TYPE_DATASET) {
    static_cast<std::vector<Member>*>(members)->push_back({name, info.type == H5O_TYPE_GROUP});
  }
  return 0;
}

constexpr std::size_t kMostMembers = 10'000;  // groups and datasets of one group

/// Groups and datasets of a group in the order of their making where the file keeps it, else by name.
std::vector<Member> read_members(hid_t group) {
  const Hdf5Handle creation(H5Gget_create_plist(group), &H5Pclose, "read properties");
  unsigned order = 0;
  H5Pget_link_creation_order(creation.id(), &order);
  const H5_index_t index = (order & H5P_CRT_ORDER_INDEXED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  H5G_info_t info{};
  check_hdf5(H5Gget_info(group, &info), "list a group");
  if (info.nlinks > kMostMembers) {
    throw Hdf5Failure("no results file: a group of more than " + std::to_string(kMostMembers) + " members");
  }
  std::vector<Member> members;
  check_hdf5(H5Literate(group, index, H5_ITER_INC, nullptr, &keep_member, &members), "list a group");
  return members;
}

Hdf5Handle open_group(hid_t file, const std::string& path) {
  return {H5Gopen2(file, path.empty() ? "/" : path.c_str(), H5P_DEFAULT), &H5Gclose, "open group '/" + path + "'"};
}

constexpr int kDeepestGroup = 8;  // the format nests twice; a file that nests without end is not ours
constexpr std::size_t kMostGroups = 1000;

/// Groups by their addresses: hard links make a graph of what looks like a tree.
using Visited = std::map<std::pair<unsigned long, haddr_t>, std::string>;

void note_group(hid_t group, const std::string& path, Visited& visited) {
  H5O_info_t info{};
  check_hdf5(H5Oget_info2(group, &info, H5O_INFO_BASIC), "read group '/" + path + "'");
  const auto [known, fresh] = visited.try_emplace({info.fileno, info.addr}, path);
  if (!fresh) throw Hdf5Failure("damaged: group '/" + path + "' is a link to group '/" + known->second + "'");
  if (visited.size() > kMostGroups) {
    throw Hdf5Failure("no results file: more than " + std::to_string(kMostGroups) + " groups");
  }
}

void list_groups(hid_t file, const std::string& path, int depth, Visited& visited, std::vector<std::string>& groups) {
  const Hdf5Handle group = open_group(file, path);
  note_group(group.id(), path, visited);
  const std::vector<Member> members = read_members(group.id());
  const auto is_dataset = [](const Member& member) { return !member.is_group; };
  if (!path.empty() && std::any_of(members.begin(), members.end(), is_dataset)) groups.push_back(path);
  if (depth == kDeepestGroup) return;
  for (const Member& member : members) {
    const std::string below = path.empty() ? member.name : path + "/" + member.name;
    if (member.is_group) list_groups(file, below, depth + 1, visited, groups);
  }
}

/// Runs one request of the public interface: failures of the library become one line that names the file.
template <class Request>
auto guarded(const std::filesystem::path& path, Request&& request) {
  const Hdf5Silence silence;
  try {
    return request();
  } catch (const Hdf5Failure& failure) {
    const std::string text = failure.what();
    const bool locked = text.find("unable to lock file") != std::string::npos;
    throw OutputError(path,
                      text + (locked ? " (another program has the file open for writing, or the file system has no"
                                       " locks: then set HDF5_USE_FILE_LOCKING=FALSE)"
                                     : ""));
  } catch (const std::bad_alloc&) {
    throw OutputError(path, "holds more than fits into memory, or is damaged");
  } catch (const std::length_error&) {
    throw OutputError(path, "damaged: a size in it is impossible");
  }
}

}  // namespace

// Before the library is asked: its own words for these cases are long and vague, and on a FIFO it would wait.
void check_hdf5_signature(const std::filesystem::path& path) {
  constexpr std::array<char, 8> kSignature{'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) throw OutputError(path, std::string("cannot read: ") + std::generic_category().message(errno));
  struct stat status {};
  const bool regular = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  std::array<char, 8> head{};
  const ssize_t got = regular ? ::read(descriptor, head.data(), head.size()) : 0;
  const int error = errno;
  ::close(descriptor);
  if (S_ISDIR(status.st_mode)) throw OutputError(path, "is a directory");
  if (!regular) throw OutputError(path, "is not a regular file");
  if (got < 0) throw OutputError(path, std::string("cannot read: ") + std::generic_category().message(error));
  if (head != kSignature) throw OutputError(path, "not an HDF5 file");
}

Hdf5Reader::Hdf5Reader(std::filesystem::path path) : path_(std::move(path)), file_(std::make_unique<File>()) {
  check_hdf5_signature(path_);
  H5PLset_loading_state(0);  // no shared object for a filter that a file names
  file_->id = guarded(
      path_, [&] { return Hdf5Handle(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), &H5Fclose, "open"); });
}

Hdf5Reader::~Hdf5Reader() = default;
Hdf5Reader::Hdf5Reader(Hdf5Reader&&) noexcept = default;
Hdf5Reader& Hdf5Reader::operator=(Hdf5Reader&&) noexcept = default;

std::vector<DataAttribute> Hdf5Reader::attributes(const std::string& group) const {
  return guarded(path_, [&] { return read_attributes(open_group(file_->id.id(), group).id()); });
}

std::vector<std::string> Hdf5Reader::groups() const {
  return guarded(path_, [&] {
    std::vector<std::string> groups;
    Visited visited;
    list_groups(file_->id.id(), "", 0, visited, groups);
    return groups;
  });
}

DataGroup Hdf5Reader::group(const std::string& path) const {
  return guarded(path_, [&] {
    const Hdf5Handle id = open_group(file_->id.id(), path);
    DataGroup group{.path = path, .attributes = read_attributes(id.id()), .axes = {}, .variables = {}};
    for (const Member& member : read_members(id.id())) {
      if (member.is_group) continue;
      bool is_axis = false;
      std::optional<DataVariable> variable = read_variable(id.id(), member.name, is_axis);
      if (variable) (is_axis ? group.axes : group.variables).push_back(std::move(*variable));
    }
    return group;
  });
}

}  // namespace knetsim
