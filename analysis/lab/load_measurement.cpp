#include "analysis/lab/load_measurement.h"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <thread>

#include "analysis/lab/load_clients.h"
#include "analysis/lab/load_server.h"
#include "analysis/lab/receive_steering.h"

namespace knetsim::lab {
namespace {

struct DeviceCount {
  double received = 0;
  double sent = 0;
};

/// Packets of a device, from the table of the namespace that the calling thread is in.
DeviceCount packets_of(const NetNamespace& space, const std::string& device) {
  DeviceCount count;
  space.inside([&] {
    std::ifstream table("/proc/thread-self/net/dev");
    for (std::string line; std::getline(table, line);) {
      const std::size_t colon = line.find(':');
      const std::size_t name = line.find_first_not_of(' ');
      if (colon == std::string::npos || line.substr(name, colon - name) != device) continue;
      std::istringstream columns(line.substr(colon + 1));
      double column[10] = {};  // eight of reception, then bytes and packets sent
      for (double& value : column) columns >> value;
      count = {.received = column[1], .sent = column[9]};
    }
  });
  return count;
}

struct Moment {
  std::chrono::steady_clock::time_point at;
  double operations = 0;
  double client_ns = 0;
  double server_ns = 0;
};

Moment moment_of(const LoadClients& clients, const LoadServer& server, LoadKind kind) {
  const auto each = clients.operations();
  const double operations = kind == LoadKind::Bulk
                                ? static_cast<double>(server.bytes())
                                : static_cast<double>(std::accumulate(each.begin(), each.end(), 0ull));
  return {.at = std::chrono::steady_clock::now(),
          .operations = operations,
          .client_ns = clients.cpu_ns(),
          .server_ns = server.cpu_ns()};
}

std::vector<int> client_cpus(const LoadCase& load, const std::vector<int>& used) {
  std::vector<int> cpus;
  for (std::uint32_t i = 0; i < load.clients; ++i) {
    const bool pairs = load.placement == Placement::PairPerCpu;
    cpus.push_back(pairs ? used[i % used.size()] : placed_on(load.placement, used).clients);
  }
  return cpus;
}

std::vector<int> server_cpus(const LoadCase& load, const std::vector<int>& used) {
  if (load.placement == Placement::PairPerCpu) return used;
  return {placed_on(load.placement, used).servers};
}

}  // namespace

LoadSample watch_load(const LabDatapath& datapath, const LoadCase& load, const std::vector<int>& cpus,
                      const LoadTiming& timing, const CpuIdle& idle) {
  const std::vector<int> used = load.cpus_used(cpus);
  const ReceiveSteering steering(datapath, load.placement, used);
  const LabEnds ends = datapath.ends_of(load.path);
  const LoadServer server(ends.server,
                          {.port = LabDatapath::kServerPort, .kind = load.kind, .cpus = server_cpus(load, used)});
  LoadClients clients(ends.client, ends.asked, {.kind = load.kind, .cpus = client_cpus(load, used)});
  std::this_thread::sleep_for(timing.warm_up);

  std::vector<IdleReading> idle_before;
  for (const int cpu : used) idle_before.push_back(idle.read(cpu));
  const DeviceCount packets_before = packets_of(ends.client, ends.client_device);
  const Moment begin = moment_of(clients, server, load.kind);
  std::this_thread::sleep_for(timing.window);
  const Moment end = moment_of(clients, server, load.kind);
  const DeviceCount packets_after = packets_of(ends.client, ends.client_device);
  double busy = 0;
  for (std::size_t i = 0; i < used.size(); ++i) busy += busy_share(idle_before[i], idle.read(used[i]));
  clients.stop();

  const double seconds = std::chrono::duration<double>(end.at - begin.at).count();
  return {.seconds = seconds,
          .operations = end.operations - begin.operations,
          .skbs_out = packets_after.sent - packets_before.sent,
          .skbs_back = packets_after.received - packets_before.received,
          .client_ns = end.client_ns - begin.client_ns,
          .server_ns = end.server_ns - begin.server_ns,
          .busy_ns = busy * seconds * 1e9};
}

namespace {

/// The rounds of one load.
struct LoadRounds {
  std::vector<double> rate, cpu, skb_cpu, process, out, back, busy;

  void add(const LoadSample& one, double cpus) {
    const double operations = std::max(1.0, one.operations);
    const double packets = std::max(1.0, one.skbs_out + one.skbs_back);
    rate.push_back(one.operations / one.seconds);
    cpu.push_back(one.busy_ns / operations);
    skb_cpu.push_back(one.busy_ns / packets);
    process.push_back((one.client_ns + one.server_ns) / operations);
    out.push_back(one.skbs_out / operations);
    back.push_back(one.skbs_back / operations);
    busy.push_back(one.busy_ns * 1e-9 / one.seconds / cpus);
  }
};

}  // namespace

std::vector<MeasuredLoad> measure_loads(const std::vector<LoadCase>& loads, const LoadOptions& options) {
  const auto tell = [&](double fraction, const std::string& what) {
    if (options.on_progress) options.on_progress(fraction, what);
  };
  std::map<LabSetup, std::unique_ptr<LabDatapath>> datapaths;
  for (const LoadCase& load : loads) {
    auto& datapath = datapaths[load.path.setup];
    if (datapath) continue;
    tell(0, "sets up " + load.name());
    datapath = std::make_unique<LabDatapath>(load.path.setup, LabServers::None);
  }
  const CpuIdle idle;
  std::vector<LoadRounds> rounds(loads.size());
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    const std::vector<std::size_t> order = order_of_round(loads.size(), round);
    for (std::size_t i = 0; i < loads.size(); ++i) {
      const std::size_t index = order[i];
      const LoadCase& load = loads[index];
      tell((round + static_cast<double>(i) / static_cast<double>(loads.size())) / options.rounds, load.name());
      rounds[index].add(watch_load(*datapaths.at(load.path.setup), load, options.cpus, options.timing, idle),
                        static_cast<double>(load.cpus_used(options.cpus).size()));
    }
  }
  std::vector<MeasuredLoad> measured;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    const LoadRounds& of = rounds[i];
    measured.push_back({.load = loads[i],
                        .rate = median_of(of.rate),
                        .cpu_ns = median_of(of.cpu),
                        .skb_cpu_ns = median_of(of.skb_cpu),
                        .process_ns = median_of(of.process),
                        .skbs_out = median_of(of.out),
                        .skbs_back = median_of(of.back),
                        .busy = median_of(of.busy),
                        .rounds = options.rounds});
  }
  return measured;
}

}  // namespace knetsim::lab
