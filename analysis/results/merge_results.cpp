#include "analysis/results/merge_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "analysis/results/results_schema.h"
#include "sim/core/ensure.h"
#include "sim/output/apart.h"
#include "sim/output/data_file_bytes.h"
#include "sim/output/data_file_dump.h"
#include "sim/output/hdf5_writer.h"
#include "sim/output/output_error.h"
#include "sim/output/safe_file.h"

namespace knetsim {
namespace {

bool grows(const DataVariable& variable) { return !variable.dims.empty() && grows_with_runs(variable.dims.front()); }

std::vector<DataVariable>::iterator find_in(std::vector<DataVariable>& list, const std::string& name) {
  return std::ranges::find(list, name, &DataVariable::name);
}

/// A group of the merged file: what its parts have in common, and how long each growing axis becomes.
struct MergedGroup {
  DataGroup group;  ///< Axes with their values; of variables that grow the type alone.
  std::map<std::string, std::size_t> lengths{};
  std::size_t at = 0;                            ///< In the writer.
  std::map<std::string, std::size_t> written{};  ///< Along each growing axis.
  bool begun = false;                            ///< What does not grow has been written.
};

/// In the order of the schema, which parts of which something is missing do not give.
void put_in_order(DataGroup& group) {
  for (auto* list : {&group.axes, &group.variables}) {
    std::ranges::stable_sort(*list, {}, [&](const DataVariable& variable) {
      const std::string path = "/" + group.path + "/" + variable.name;
      return find_schema_row(path) - results_schema().data();
    });
  }
}

/// Whether the merged file has the column: parts have what differs between two equal runs.
bool is_kept(const DataGroup& group, const DataVariable& variable, const WriteOptions& options) {
  const SchemaRow* row = find_schema_row("/" + group.path + "/" + variable.name);
  return !options.deterministic || row == nullptr || row->when != kNotDeterministic;
}

void take_shape(const DataGroup& part, const WriteOptions& options, MergedGroup& merged) {
  DataGroup& group = merged.group;
  if (group.path.empty()) {
    group.path = part.path;
    group.attributes = part.attributes;
  }
  for (const DataVariable& axis : part.axes) {
    if (grows(axis)) merged.lengths[axis.name] += axis.size();
    const auto known = find_in(group.axes, axis.name);
    if (known == group.axes.end()) {
      group.axes.push_back(axis);
    } else if (!grows(axis)) {
      KNETSIM_ENSURE(known->values == axis.values, "/" + group.path + "/" + axis.name);
    }
  }
  for (const DataVariable& variable : part.variables) {
    const bool is_new = find_in(group.variables, variable.name) == group.variables.end();
    if (is_new && is_kept(part, variable, options)) group.variables.push_back(variable);
  }
}

/// Growing axes count from 0 to their whole lengths; cells of growing variables come later.
void complete_shape(MergedGroup& merged) {
  for (DataVariable& axis : merged.group.axes) {
    if (!grows(axis)) continue;
    std::vector<std::int64_t> positions(merged.lengths.at(axis.name));
    std::iota(positions.begin(), positions.end(), 0);
    axis.values = std::move(positions);
  }
  for (DataVariable& variable : merged.group.variables) {
    if (grows(variable)) std::visit([](auto& cells) { cells.clear(); }, variable.values);
  }
  put_in_order(merged.group);
}

std::vector<MergedGroup> shapes_of(const std::vector<std::filesystem::path>& parts, const WriteOptions& options) {
  std::map<std::string, MergedGroup> merged;
  for (const std::filesystem::path& path : parts) {
    for (const DataGroup& group : read_dump(path)) {
      if (group.path != "provenance") take_shape(group, options, merged[group.path]);
    }
  }
  std::vector<MergedGroup> in_order;
  for (const SchemaGroup& known : results_groups()) {
    if (const auto found = merged.find(known.path.substr(1)); found != merged.end()) {
      complete_shape(found->second);
      in_order.push_back(std::move(found->second));
    }
  }
  return in_order;
}

/// Positions of runs count on from the runs that are there.
void count_on(DataVariable& variable, const std::string& group, std::size_t runs) {
  const SchemaRow* row = find_schema_row("/" + group + "/" + variable.name);
  if (row == nullptr || row->merge != Merge::PositionOfRun) return;
  for (std::int64_t& position : std::get<std::vector<std::int64_t>>(variable.values)) {
    position += static_cast<std::int64_t>(runs);
  }
}

void append(DataGroup part, std::size_t runs, MergedGroup& to, Hdf5Writer& writer) {
  for (std::size_t i = 0; i < to.group.variables.size(); ++i) {
    const std::string& name = to.group.variables[i].name;
    const auto found = find_in(part.variables, name);
    if (found == part.variables.end() || (!grows(*found) && to.begun)) continue;
    count_on(*found, part.path, runs);
    writer.write(to.at, i, grows(*found) ? to.written[found->dims.front()] : 0, found->values);
  }
  to.begun = true;
  for (const DataVariable& axis : part.axes) to.written[axis.name] += axis.size();
}

void write_file(const std::filesystem::path& path, const std::vector<std::filesystem::path>& parts,
                const DataFile& head, const WriteOptions& options) {
  std::vector<MergedGroup> groups = shapes_of(parts, options);
  Hdf5Writer writer = Hdf5Writer::at(path, head.attributes);
  const auto add_of_head = [&](std::string_view name) {
    const auto found = std::ranges::find(head.groups, name, &DataGroup::path);
    if (found == head.groups.end()) return;
    const std::size_t at = writer.add_group(*found);
    for (std::size_t i = 0; i < found->variables.size(); ++i) writer.write(at, i, 0, found->variables[i].values);
  };
  add_of_head("provenance");
  for (MergedGroup& group : groups) group.at = writer.add_group(group.group);
  add_of_head("objectives");
  add_of_head("assumptions");
  std::size_t runs = 0;
  for (const std::filesystem::path& part : parts) {
    std::size_t here = 0;
    for (DataGroup& read : read_dump(part)) {
      const auto to = std::ranges::find(groups, read.path, [](const MergedGroup& one) { return one.group.path; });
      if (to == groups.end()) continue;
      if (const DataVariable* run = read.find("run"); run != nullptr) here = run->size();
      append(std::move(read), runs, *to, writer);
    }
    runs += here;
  }
  writer.close();
}

}  // namespace

std::uint64_t merge_results(const std::filesystem::path& path, const std::vector<std::filesystem::path>& parts,
                            const ExperimentResults& head, const WriteOptions& options) {
  const DataFile said = head_of_file(head, options);
  check_destination(path, head.provenance.config_resolved, options);
  PendingFile pending(path);
  // In a process of its own, without bounds but the machine's: a disk that fills up leaves the library with a file that
  // it cannot close.
  const ApartLimits limits{.cpu_s = 1e6, .wall_s = 1e6, .memory_bytes = std::numeric_limits<std::uint64_t>::max() / 4};
  std::string failure;
  try {
    run_apart(
        limits,
        [&](PipeWriter& to) {
          std::string why;
          try {
            write_file(pending.part(), parts, said, options);
          } catch (const std::exception& error) {
            why = error.what();
          }
          send_text(to, why);
        },
        [&](PipeReader& pipe) {
          DataReceiver from(pipe, 1U << 20U);
          failure = from.text();
        });
  } catch (const ApartFailure& ended) {
    failure = fmt::format("writing it {}", ended.what());
  }
  if (!failure.empty()) throw OutputError(path, failure);
  pending.commit();
  return std::filesystem::file_size(path);
}

}  // namespace knetsim
