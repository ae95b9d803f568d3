#pragma once

#include <functional>
#include <vector>

#include "sim/net/cpu.h"

namespace knetsim {

constexpr Time at(Duration since_start) { return kTimeZero + since_start; }

/// Nodes with cores, and a list of what became of each burst in the order of their ends. A time line of submissions and
/// softirq work is played beside it.
class CpuHarness final : public BurstOwner, public EventHandler {
 public:
  struct End {
    Time at{};
    BurstReport report;
  };

  // Source 0 is the time line's, so that what it does comes before the events of a node at the same instant.
  CpuHarness() : scheduler(16), cpus(scheduler, 1), handler_(scheduler.add(*this)) { cpus.set_owner(*this); }

  /// Something to do at an instant.
  void at(Time when, std::function<void(Time)> what) {
    actions_.push_back(std::move(what));
    scheduler.schedule(when, 0, {handler_, 0, static_cast<std::uint32_t>(actions_.size() - 1), 0});
  }
  void submit_at(Time when, const Burst& burst) {
    at(when, [this, burst](Time now) { cpus.submit(now, burst); });
  }
  void softirq_at(Time when, CoreIndex core, Duration work) {
    at(when, [this, core, work](Time now) { cpus.book_softirq(core, now, work); });
  }

  void on_event(Time now, const Event& event) override { actions_[event.a](now); }
  void on_burst_done(Time now, const BurstReport& report) override {
    ends.push_back({now, report});
    if (on_end) on_end(now, report);
  }

  Scheduler scheduler;
  Cpus cpus;
  std::vector<End> ends;
  std::function<void(Time, const BurstReport&)> on_end;

 private:
  std::uint16_t handler_;
  std::vector<std::function<void(Time)>> actions_;
};

}  // namespace knetsim
