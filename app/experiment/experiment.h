#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <vector>

#include "app/experiment/run_record.h"
#include "app/experiment/simulation.h"

namespace knetsim {

/// How far an experiment has come.
struct Progress {
  std::size_t points_done = 0;
  std::size_t points = 0;
  double fraction = 0;  ///< Of all simulated time, points under way included.
  double simulated_s = 0;
  std::uint64_t events = 0;
  double wall_s = 0;
};

struct ExperimentOptions {
  std::uint32_t threads = 0;                         ///< 0: as many as this process may run on.
  std::function<void(const Progress&)> on_progress;  ///< Called from worker threads, one at a time.
  const std::atomic<bool>* stop = nullptr;           ///< Set: what is under way ends, nothing more begins.
};

/// Takes the record of each point, as soon as the point has ended.
class RunSink {
 public:
  virtual ~RunSink() = default;
  /// Called from worker threads, one at a time, in any order.
  /// @param point  Position of the run in the experiment: variant by variant, replicate by replicate within.
  virtual void take(std::size_t point, ExperimentResults record) = 0;
};

/// Keeps all records in memory.
class RunCollector final : public RunSink {
 public:
  void take(std::size_t point, ExperimentResults record) override;
  /// All runs in their order; the records are gone then.
  ExperimentResults whole();

 private:
  std::map<std::size_t, ExperimentResults> records_;
};

/// How an experiment ended. Every point has its record: with its figures, stopped, or failed and why.
struct ExperimentEnd {
  bool stopped = false;
  std::exception_ptr failure;  ///< Of the first point that failed; null where none did.
  double wall_s = 0;
};

/// Runs every variant with every replicate, replicate by replicate, on several threads. A point that fails is a record
/// of its own; the others go on. The results do not depend on how many threads there are.
/// @throws  What the sink threw: nothing more begins then.
ExperimentEnd run_experiment(const std::vector<BoundVariant>& variants, const RunRecorder& recorder, RunSink& sink,
                             const ExperimentOptions& options);

/// The same with all in memory. @throws  What the first point that failed threw.
ExperimentResults run_in_memory(const std::vector<BoundVariant>& variants, const ExperimentOptions& options);

}  // namespace knetsim
