#include "app/experiment/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include <sched.h>

#include "analysis/results/append_runs.h"
#include "models/workload/overload.h"
#include "sim/input/diagnostics.h"

namespace knetsim {
namespace {

std::uint32_t usable_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&set)));
  }
  return std::max(1u, std::thread::hardware_concurrency());
}

/// Adds up what the points report, and tells the user's callback.
class Board {
 public:
  Board(std::size_t points, double seconds_each, const ExperimentOptions& options)
      : options_(options), seconds_each_(seconds_each), at_(points) {}

  bool stopped() const { return options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed); }

  void update(std::size_t point, double seconds, std::uint64_t events, bool done) {
    const std::lock_guard lock(mutex_);
    at_[point] = {seconds, events};
    done_ += done ? 1 : 0;
    if (!options_.on_progress) {
      return;
    }
    Progress progress{.points_done = done_, .points = at_.size()};
    for (const auto& [simulated, count] : at_) {
      progress.simulated_s += simulated;
      progress.events += count;
    }
    progress.fraction = progress.simulated_s / (seconds_each_ * static_cast<double>(at_.size()));
    progress.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    options_.on_progress(progress);
  }

 private:
  const ExperimentOptions& options_;
  double seconds_each_;
  std::mutex mutex_;
  std::vector<std::pair<double, std::uint64_t>> at_;
  std::size_t done_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class Watcher final : public PointObserver {
 public:
  Watcher(Board& board, std::size_t point) : board_(board), point_(point) {}
  bool on_progress(Time now, Time, std::uint64_t events) override {
    board_.update(point_, to_seconds(now.time_since_epoch()), events, false);
    return !board_.stopped();
  }

 private:
  Board& board_;
  std::size_t point_;
};

ConfigError overload_error(const BoundVariant& variant, const TooManyInFlight& overload) {
  const WorkloadKeys& workload = variant.scenario.workloads[overload.source()].second;
  return {
      workload.at["arrivals"],
      fmt::format("variant '{}' is asked for far more than it can do: {} requests are in flight after {:.3g} simulated "
                  "seconds, and no more are kept",
                  variant.name, kMostInFlight, to_seconds(overload.at().time_since_epoch())),
      "fewer requests, a shorter timeout, or more that answers them"};
}

/// A point's record, whatever came of it. @param failure  Set where it failed.
ExperimentResults record_of(const std::vector<BoundVariant>& variants, const RunRecorder& recorder, std::size_t variant,
                            std::uint32_t replicate, PointObserver& observer, std::exception_ptr& failure) {
  const auto failed = [&](const std::exception_ptr& why, const char* text) {
    failure = why;
    return recorder.record_of_none(variant, replicate, RunStatus::kFailed, text);
  };
  try {
    const PointResult point = simulate(variants[variant], replicate, &observer);
    if (point.edges.empty()) return recorder.record_of_none(variant, replicate, RunStatus::kStopped, {});
    return recorder.record(variant, replicate, point);
  } catch (const TooManyInFlight& overload) {
    const ConfigError error = overload_error(variants[variant], overload);
    return failed(std::make_exception_ptr(error), error.what());
  } catch (const std::exception& error) {
    return failed(std::current_exception(), error.what());
  }
}

}  // namespace

void RunCollector::take(std::size_t point, ExperimentResults record) { records_.emplace(point, std::move(record)); }

ExperimentResults RunCollector::whole() {
  ExperimentResults whole;
  for (auto record = records_.begin(); record != records_.end(); record = records_.erase(record)) {
    if (whole.runs() == 0) {
      whole = std::move(record->second);
    } else {
      append_runs(whole, record->second);
    }
  }
  return whole;
}

ExperimentEnd run_experiment(const std::vector<BoundVariant>& variants, const RunRecorder& recorder, RunSink& sink,
                             const ExperimentOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const PointSettings& run = variants.front().scenario.run;
  const std::uint32_t replicates = variants.front().scenario.experiment.replicates;
  const std::size_t count = variants.size() * replicates;
  Board board(count, to_seconds(run.warm_up + run.duration), options);
  std::atomic<std::size_t> next{0};
  std::mutex taking;
  ExperimentEnd end;
  std::size_t first_failed = count;
  std::exception_ptr sink_failure;
  const auto work = [&] {
    for (std::size_t index = next++; index < count; index = next++) {
      const std::size_t variant = index % variants.size();
      const auto replicate = static_cast<std::uint32_t>(index / variants.size());
      const std::size_t point = variant * replicates + replicate;
      std::exception_ptr failure;
      Watcher watcher(board, index);
      ExperimentResults record = board.stopped() ? recorder.record_of_none(variant, replicate, RunStatus::kStopped, {})
                                                 : record_of(variants, recorder, variant, replicate, watcher, failure);
      const auto events = static_cast<std::uint64_t>(record.summary.events.front());
      board.update(index, to_seconds(run.warm_up + run.duration), events, true);
      const std::lock_guard lock(taking);
      if (failure && point < first_failed) {
        first_failed = point;
        end.failure = failure;
      }
      if (sink_failure) return;
      try {
        sink.take(point, std::move(record));
      } catch (...) {
        sink_failure = std::current_exception();
        next = count;
      }
    }
  };
  {
    const std::size_t threads = std::min<std::size_t>(count, options.threads != 0 ? options.threads : usable_cores());
    std::vector<std::jthread> pool;
    for (std::size_t i = 1; i < threads; ++i) {
      pool.emplace_back(work);
    }
    work();
  }
  if (sink_failure) std::rethrow_exception(sink_failure);
  end.stopped = board.stopped();
  end.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return end;
}

ExperimentResults run_in_memory(const std::vector<BoundVariant>& variants, const ExperimentOptions& options) {
  RunCollector collector;
  const ExperimentEnd end = run_experiment(variants, RunRecorder(variants), collector, options);
  if (end.failure) std::rethrow_exception(end.failure);
  return collector.whole();
}

}  // namespace knetsim
