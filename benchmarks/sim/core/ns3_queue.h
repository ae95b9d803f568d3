#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <ns3/event-impl.h>
#include <ns3/heap-scheduler.h>
#include <ns3/map-scheduler.h>
#include <ns3/priority-queue-scheduler.h>
#include <ns3/scheduler.h>

#include "hold_model.h"

namespace knetsim::bench {

/// An ns-3 scheduler in the hold model's terms. Events are allocated once and used again, which ns-3's own Schedule()
/// does not do: what is compared is the queue alone.
template <class Scheduler>
class Ns3Queue {
 public:
  using Event = KeyedEvent<HoldPayload>;

  explicit Ns3Queue(std::uint32_t /*sources*/) : scheduler_(ns3::CreateObject<Scheduler>()) {}

  void push(Time at, std::uint32_t source, const HoldPayload& payload) {
    if (idle_.empty()) {
      owned_.push_back(std::make_unique<Impl>());
      idle_.push_back(owned_.back().get());
    }
    Impl* impl = idle_.back();
    idle_.pop_back();
    impl->payload = payload;
    scheduler_->Insert({impl, {static_cast<std::uint64_t>(at.time_since_epoch().count()), next_uid_++, source}});
  }

  Event pop() {
    const ns3::Scheduler::Event event = scheduler_->RemoveNext();
    Impl* impl = static_cast<Impl*>(event.impl);
    idle_.push_back(impl);
    return {{Time(Duration(static_cast<std::int64_t>(event.key.m_ts))), event.key.m_context, event.key.m_uid},
            impl->payload};
  }

 private:
  struct Impl final : ns3::EventImpl {
    void Notify() override {}
    HoldPayload payload{};
  };

  ns3::Ptr<ns3::Scheduler> scheduler_;
  std::vector<std::unique_ptr<Impl>> owned_;
  std::vector<Impl*> idle_;
  std::uint32_t next_uid_ = 0;
};

using Ns3Heap = Ns3Queue<ns3::HeapScheduler>;
using Ns3Map = Ns3Queue<ns3::MapScheduler>;
using Ns3PriorityQueue = Ns3Queue<ns3::PriorityQueueScheduler>;

}  // namespace knetsim::bench
