#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/cluster/zone_way.h"
#include "models/workload/attempt_observer.h"
#include "models/workload/backlog.h"
#include "models/workload/recorder.h"
#include "models/workload/spec.h"
#include "sim/net/scheduler.h"

namespace knetsim {

struct MeasuredWindow {
  Time from{};
  Time to{};
  std::uint32_t series_points = 60;
};

/// What is measured of a run: the requests that begin in a window, followed beyond its end until the last of them has
/// ended, and what ends in it. Stops the scheduler then.
///
///     the scheduler up to the window's end, close(), the scheduler up to the end of the drain, the runtime's
///     report_unfinished(), finish()
class TrafficRecorder final : public AttemptObserver {
 public:
  /// @param scheduler  Outlives this.
  /// @param zones      Empty: what crosses zones is not counted.
  TrafficRecorder(Scheduler& scheduler, const TrafficPlan& plan, const MeasuredWindow& window,
                  ZonesOfMachines zones = {});

  /// At the window's end, all events before it handled. @return  Requests and calls of the window that have not ended.
  std::uint64_t close();
  /// After the last event, and after every unfinished request has been told of. Checks conservation and Little's law.
  /// @throws InvariantError
  void finish(Time now);

  const std::vector<EdgeStats>& edges() const { return edges_; }
  const std::vector<SourceRecorder>& sources() const { return sources_; }
  /// Attempts that a worker of the pod took up, of requests that began in the window; shape (pods,).
  const std::vector<std::uint64_t>& served_by_pod() const { return served_; }
  /// Requests and calls that ended, from the start of the run.
  std::uint64_t completed() const { return completed_; }

  void request_begun(const Request& request, std::optional<EdgeIndex> for_edge, Time now) override;
  void request_ended(const Request& request, const Ending& ending, Time now) override;
  void request_unfinished(const Request& request, std::optional<Time> connecting_since, Time now) override;
  void attempt_begun(const Request& request, Time now) override;
  void attempt_ended(const Request& request, Duration unqueued, Time now) override;
  void endpoint_chosen(const Request& request, bool stale) override;
  void connection_opened(const Request& request, double rules) override;
  void syn_answered(const Request& request, const TimeSplit& so_far, const TimeSplit* before) override;
  void connected(const Request& request, const ConnectReturn& how) override;
  void connect_failed(const Request& request) override;
  void request_sent(const Request& request, Bytes payload, const ServedBy& by) override;
  void taken_up(const Request& request, PodIndex server) override;
  void answer_begun(const Request& request, Bytes payload, const ServedBy& by) override;

 private:
  bool measured(Time at) const { return at >= window_.from && at < window_.to; }
  /// The split of connect() is kept of the connections that sources' requests open at their first attempt.
  bool opens_source(const Request& request) const {
    return request.of_source() && request.attempt == 0 && measured(request.begun);
  }
  /// @pre measured(at)
  EdgePart& part(EdgeIndex edge, Time at) {
    if (at < part_from_ || at >= part_to_) [[unlikely]] {
      find_part(at);
    }
    return edges_[edge].parts[part_];
  }
  void find_part(Time at);
  /// Where it goes by zones; null where that is not known.
  EdgeStats::Zoned* zoned(const Request& request, const ServedBy& by);
  void tell_callers_of_backlogs();

  Scheduler& scheduler_;
  MeasuredWindow window_;
  std::size_t part_ = 0;  // that was asked for last: most requests begin and end in one, and a division takes its time
  Time part_from_{}, part_to_{};
  std::vector<EdgeStats> edges_;
  std::vector<SourceRecorder> sources_;
  std::vector<Backlog> backlogs_;                // shape (edges,)
  std::vector<std::vector<EdgeIndex>> callers_;  // shape (edges, *): for requests of which edges its calls were made
  std::vector<std::uint64_t> served_;
  ZonesOfMachines zones_;
  std::uint64_t completed_ = 0;
  std::uint64_t followed_ = 0;  // requests and calls of the window that have not ended
  bool closed_ = false;
};

}  // namespace knetsim
