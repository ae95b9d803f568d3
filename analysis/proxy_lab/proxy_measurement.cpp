#include "analysis/proxy_lab/proxy_measurement.h"

#include <map>
#include <memory>
#include <thread>

#include "analysis/lab/cpu_idle.h"
#include "analysis/lab/lab_cluster.h"
#include "analysis/lab/process_times.h"
#include "analysis/lab/temporary_folder.h"
#include "analysis/proxy_lab/http_clients.h"
#include "analysis/proxy_lab/http_upstream.h"
#include "analysis/proxy_lab/running_proxy.h"
#include "analysis/proxy_lab/tls_files.h"
#include "sim/output/safe_file.h"

namespace knetsim::lab {
namespace {

constexpr std::uint16_t kUpstreamPort = 8080;
constexpr std::uint32_t kClientPod = 0;
constexpr std::uint32_t kProxyPod = 1;
constexpr std::uint32_t kUpstreamPod = 2;

/// Three pods of a node: clients, the proxies, what is behind them.
class ProxyBench {
 public:
  ProxyBench(const std::vector<ProxyCase>& cases, int cpu)
      : cpu_(cpu),
        cluster_({.nodes = 1, .pods = {{.node = 0}, {.node = 0}, {.node = 0}}}),
        upstream_(cluster_.pod(kUpstreamPod), kUpstreamPort, cpu) {
    for (const TlsKey key : {TlsKey::Rsa2048, TlsKey::P256})
      write_file_safely(certificate_file(folder_.path(), key), self_signed_pem(key));
    std::uint16_t first_port = 8000;
    for (const ProxyCase& one : cases) {
      if (one.proxy.empty() || setups_.contains(one.proxy)) continue;
      std::vector<ProxyCase> of_it;
      for (const ProxyCase& other : cases) {
        if (other.proxy == one.proxy) of_it.push_back(other);
      }
      ProxySetup setup{.folder = folder_.path(),
                       .upstream = {cluster_.pod_address(kUpstreamPod), kUpstreamPort},
                       .first_port = first_port,
                       .listeners = listeners_of(of_it)};
      first_port = static_cast<std::uint16_t>(first_port + setup.listeners.size());
      proxies_[one.proxy] = std::make_unique<RunningProxy>(one.proxy, cluster_.pod(kProxyPod), setup, cpu);
      setups_[one.proxy] = std::move(setup);
    }
  }

  struct Sample {
    double requests = 0;
    double seconds = 0;
    double busy_ns = 0;
    double proxy_user_ns = 0;
    double client_user_ns = 0;
    double upstream_user_ns = 0;
  };

  Sample watch(const ProxyCase& one, std::uint32_t clients, const ProxyMeasurementOptions& options) const {
    HttpClientsOptions asking{.asked = {cluster_.pod_address(kUpstreamPod), kUpstreamPort},
                              .host = asked_host(one.listener),
                              .bytes = one.bytes,
                              .kept = one.kept,
                              .resumed = one.resumed,
                              .tls = one.listener.tls,
                              .clients = clients,
                              .cpu = cpu_};
    const WorkerProcess* proxy = nullptr;
    if (!one.proxy.empty()) {
      asking.asked = {cluster_.pod_address(kProxyPod), setups_.at(one.proxy).port_of(one.listener)};
      proxy = &proxies_.at(one.proxy)->process();
    }
    if (one.listener.tls) asking.trusted = certificate_file(folder_.path(), one.listener.tls->key);
    HttpClients asked(cluster_.pod(kClientPod), asking);
    std::this_thread::sleep_for(options.warm_up);
    const auto user_ns = [](int process) { return 1e9 * cpu_times("/proc", process).user_seconds; };
    const auto of_clients = [&] {
      double sum = 0;
      for (const int process : asked.processes()) sum += user_ns(process);
      return sum;
    };
    const auto now = [&] {
      return Sample{
          .requests = static_cast<double>(asked.answers()),
          .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(),
          .busy_ns = 0,
          .proxy_user_ns = proxy == nullptr ? 0 : user_ns(proxy->id()),
          .client_user_ns = of_clients(),
          .upstream_user_ns = user_ns(upstream_.process().id())};
    };
    const IdleReading idle_before = idle_.read(cpu_);
    const Sample begin = now();
    std::this_thread::sleep_for(options.window);
    const Sample end = now();
    const double busy = busy_share(idle_before, idle_.read(cpu_));
    asked.stop();
    const double seconds = end.seconds - begin.seconds;
    return {.requests = end.requests - begin.requests,
            .seconds = seconds,
            .busy_ns = busy * seconds * 1e9,
            .proxy_user_ns = end.proxy_user_ns - begin.proxy_user_ns,
            .client_user_ns = end.client_user_ns - begin.client_user_ns,
            .upstream_user_ns = end.upstream_user_ns - begin.upstream_user_ns};
  }

 private:
  int cpu_;
  TemporaryFolder folder_{"knetsim-proxies"};
  LabCluster cluster_;
  HttpUpstream upstream_;
  CpuIdle idle_;
  std::map<std::string, ProxySetup> setups_;
  std::map<std::string, std::unique_ptr<RunningProxy>> proxies_;
};

struct ProxyRounds {
  std::vector<double> rate, cpu, alone;
  double requests = 0;
  double proxy_user = 0;
  double client_user = 0;
  double upstream_user = 0;
};

}  // namespace

std::vector<MeasuredProxy> measure_proxies(const std::vector<ProxyCase>& fitted, const std::vector<ProxyCase>& held_out,
                                           const ProxyMeasurementOptions& options) {
  std::vector<ProxyCase> cases = fitted;
  cases.insert(cases.end(), held_out.begin(), held_out.end());
  const auto tell = [&](double fraction, const std::string& what) {
    if (options.on_progress) options.on_progress(fraction, what);
  };
  tell(0, "starts the proxies");
  const ProxyBench bench(cases, options.cpu);
  std::vector<ProxyRounds> rounds(cases.size());
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    const std::vector<std::size_t> order = order_of_round(cases.size(), round);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const ProxyCase& one = cases[order[i]];
      tell((round + static_cast<double>(i) / static_cast<double>(cases.size())) / options.rounds, one.name());
      const ProxyBench::Sample seen = bench.watch(one, kSaturatingClients, options);
      const double requests = std::max(1.0, seen.requests);
      ProxyRounds& of = rounds[order[i]];
      of.rate.push_back(seen.requests / seen.seconds);
      of.cpu.push_back(seen.busy_ns / requests);
      of.requests += requests;
      of.proxy_user += seen.proxy_user_ns;
      of.client_user += seen.client_user_ns;
      of.upstream_user += seen.upstream_user_ns;
      if (order[i] < fitted.size()) continue;
      const ProxyBench::Sample alone = bench.watch(one, 1, options);
      of.alone.push_back(alone.seconds * 1e9 / std::max(1.0, alone.requests));
    }
  }
  std::vector<MeasuredProxy> measured;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const ProxyRounds& of = rounds[i];
    measured.push_back({.proxy_case = cases[i],
                        .held_out = i >= fitted.size(),
                        .rate = median_of(of.rate),
                        .cpu_ns = median_of(of.cpu),
                        .alone_ns = median_of(of.alone),
                        .proxy_user_ns = of.proxy_user / of.requests,
                        .client_user_ns = of.client_user / of.requests,
                        .upstream_user_ns = of.upstream_user / of.requests});
  }
  return measured;
}

}  // namespace knetsim::lab
