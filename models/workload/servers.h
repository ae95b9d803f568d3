#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "models/workload/spec.h"
#include "sim/core/fifo.h"
#include "sim/net/cpu.h"

namespace knetsim {

/// Who serves a request: a pod, or one of its containers that serves the others over the loopback.
struct Server {
  PodIndex pod = kNoIndex;
  bool beside = false;
  AppIndex app = kNoIndex;  ///< EdgeSpec::app
};

/// The workers of every server and the requests that wait for one, in order of arrival.
class Servers {
 public:
  /// @param plan  Outlives the object.
  explicit Servers(const TrafficPlan& plan) : plan_(plan), pods_(plan.app_of_pod.size()) {
    echo_.workers = ~std::uint32_t{0};
  }

  /// What it does for a request; nothing, at once and without limit, for a pod without application.
  const AppSpec& app(const Server& server) const {
    const AppIndex app = app_index(server);
    return app == kNoIndex ? echo_ : plan_.apps[app];
  }
  /// kNoIndex for a pod without application.
  AppIndex app_index(const Server& server) const {
    return server.beside || server.app != kNoIndex ? server.app : plan_.app_of_pod[server.pod];
  }

  /// @return  True when a worker takes the request at once; else it waits.
  bool arrive(const Server& server, std::uint32_t request) {
    State& state = at(server);
    if (state.busy < app(server).workers) {
      ++state.busy;
      return true;
    }
    state.queue.push(request);
    return false;
  }

  /// A worker is done. @return  The request that it takes next.
  std::optional<std::uint32_t> done(const Server& server) {
    State& state = at(server);
    if (state.queue.empty()) {
      --state.busy;
      return std::nullopt;
    }
    return state.queue.pop();
  }

  /// A connection comes to the listening socket. Linux lets one more in than the backlog (include/net/sock.h,
  /// sk_acceptq_is_full).
  /// @return  Whether there is room for it, which it takes. @pre AppSpec::accept_places is not 0.
  bool listen(const Server& server) {
    std::uint32_t& unaccepted = at(server).unaccepted;
    if (unaccepted >= app(server).accept_places) return false;
    ++unaccepted;
    return true;
  }
  /// It is taken up, or gone. @pre listen() let it in.
  void accept(const Server& server) { --at(server).unaccepted; }

  /// A request comes to a step that AppStep::at_most bounds. @return  False where that is full.
  bool enter(const Server& server, std::uint32_t step) {
    std::uint32_t& inside = at(server).inside[step];
    if (inside >= app(server).steps[step].at_most) return false;
    ++inside;
    return true;
  }
  /// It goes on from there.
  void leave(const Server& server, std::uint32_t step) { --at(server).inside[step]; }

  /// Where one of its threads ran last, for the next to be woken there; nothing before the first has run.
  std::optional<CoreIndex> last_core(const Server& server) { return at(server).last_core; }
  void ran_on(const Server& server, CoreIndex core) { at(server).last_core = core; }

 private:
  struct State {
    std::uint32_t busy = 0;
    std::uint32_t unaccepted = 0;  // connections in the accept queue, and those whose handshake is under way
    Fifo<std::uint32_t> queue;
    std::optional<CoreIndex> last_core;
    std::map<std::uint32_t, std::uint32_t> inside;  // by step, of those that are bounded
  };
  State& at(const Server& server) {
    return server.beside ? containers_[(std::uint64_t{server.app} << 32) | server.pod] : pods_[server.pod];
  }

  const TrafficPlan& plan_;
  AppSpec echo_;
  std::vector<State> pods_;
  std::unordered_map<std::uint64_t, State> containers_;  // by (app, pod); looked up, never iterated
};

}  // namespace knetsim
