#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>

#include "analysis/results/results_writer.h"
#include "app/experiment/experiment.h"

namespace knetsim {

/// Puts each record into a file of its own as it comes, beside the results file that they become, and keeps in memory
/// what statistics need of it: links, nodes, series and spans, which grow with the cluster, wait on the disk.
class PartFiles final : public RunSink {
 public:
  /// @param out  The results file. The parts stand in `<out>.parts.<random>` until this ends.
  explicit PartFiles(const std::filesystem::path& out);
  ~PartFiles() override;
  PartFiles(const PartFiles&) = delete;
  PartFiles& operator=(const PartFiles&) = delete;

  /// @throws OutputError  The disk is full.
  void take(std::size_t point, ExperimentResults record) override;

  /// What statistics need, all runs in their order; it is gone then.
  ExperimentResults for_statistics() { return kept_.whole(); }
  /// Makes the results file. @throws OutputError  As merge_results().
  std::uint64_t merge(const std::filesystem::path& path, const ExperimentResults& head,
                      const WriteOptions& options) const;

 private:
  std::filesystem::path folder_;
  std::map<std::size_t, std::filesystem::path> parts_;
  RunCollector kept_;
};

}  // namespace knetsim
