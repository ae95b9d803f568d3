#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analysis/lab/cpu_idle.h"
#include "analysis/lab/lab_datapath.h"
#include "analysis/lab/load_case.h"
#include "analysis/lab/measurement.h"

namespace knetsim::lab {

/// A load as watched for a while.
struct LoadSample {
  double seconds = 0;
  double operations = 0;  ///< Requests, connections, or bytes received.
  double skbs_out = 0;    ///< Packets that the client's device sent: an skb, of up to 64 KiB, is one.
  double skbs_back = 0;   ///< ... and received: responses, or pure ACKs.
  double client_ns = 0;   ///< CPU time of the clients ...
  double server_ns = 0;   ///< ... and of the servers'.
  double busy_ns = 0;     ///< Time in which the CPUs of the load were not idle, whoever had them; all together.
};

struct LoadTiming {
  std::chrono::milliseconds warm_up{30};
  std::chrono::milliseconds window{100};
};

/// Runs the load once. @pre The datapath is of the case's setup and has no servers of its own. @throws LabError
LoadSample watch_load(const LabDatapath& datapath, const LoadCase& load, const std::vector<int>& cpus,
                      const LoadTiming& timing, const CpuIdle& idle);

/// One load as measured: medians over rounds, as for latencies.
struct MeasuredLoad {
  LoadCase load{};
  Estimate rate{};        ///< Operations a second, all clients together.
  Estimate cpu_ns{};      ///< CPU time of an operation: time in which the load's CPUs were not idle, over operations.
  Estimate skb_cpu_ns{};  ///< The same over the packets that the client's device sent and received.
  Estimate process_ns{};  ///< The part that the clients' and servers' processes account for, of an operation.
  Estimate skbs_out{};    ///< Packets of an operation that the client's device sent. Of a byte: much below 1.
  Estimate skbs_back{};   ///< ... and received.
  Estimate busy{};        ///< Share of the load's CPUs that was not idle.
  std::uint32_t rounds = 0;
};

struct LoadOptions {
  std::vector<int> cpus;
  std::uint32_t rounds = 15;  ///< At least 6, or there is no 95 % interval of a median.
  LoadTiming timing{};
  std::function<void(double fraction, const std::string& what)> on_progress{};
};

/// All loads round by round, in an order that turns. @return  Shape (loads,), in their order. @throws LabError
std::vector<MeasuredLoad> measure_loads(const std::vector<LoadCase>& loads, const LoadOptions& options);

}  // namespace knetsim::lab
