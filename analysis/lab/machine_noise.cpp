#include "analysis/lab/machine_noise.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "analysis/lab/control_group.h"
#include "analysis/lab/process_times.h"
#include "analysis/lab/sockets.h"

namespace knetsim::lab {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kStill = 200ms;
constexpr std::size_t kPieces = 1'000;  // of 0.1 ms
constexpr double kPieceNs = 1e5;

double ticks_per_second() { return static_cast<double>(::sysconf(_SC_CLK_TCK)); }

/// A loop whose time depends on nothing but the CPU: a chain of dependent multiplications.
double spin_ns(std::uint64_t turns) {
  volatile std::uint64_t seed = 88172645463325252u;
  std::uint64_t x = seed;
  const auto begin = Clock::now();
  for (std::uint64_t i = 0; i < turns; ++i) x = x * 6364136223846793005u + 1442695040888963407u;
  const double ns = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
  seed = x;
  return ns;
}

struct Spin {
  double spread = 0;
  double lost = 0;
};

/// Of the calling thread, on one CPU.
Spin spin_on(int cpu) {
  pin_to(cpu);
  double least = 1e300;
  for (int i = 0; i < 20; ++i) least = std::min(least, spin_ns(10'000));
  const auto turns = static_cast<std::uint64_t>(10'000 * kPieceNs / least);
  std::vector<double> times;
  for (std::size_t i = 0; i < kPieces; ++i) times.push_back(spin_ns(turns));
  std::sort(times.begin(), times.end());
  double sum = 0;
  double lost = 0;
  for (const double ns : times) {
    sum += ns;
    if (ns > 2 * times.front()) lost += ns - times.front();
  }
  return {.spread = times[times.size() * 9 / 10] / times.front() - 1, .lost = lost / sum};
}

/// On all CPUs at a time, as a hypervisor would have to run them: the worst of each figure.
Spin spin_on_all(const std::vector<int>& cpus) {
  std::vector<Spin> spins(cpus.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    threads.emplace_back([&spins, i, cpu = cpus[i]] { spins[i] = spin_on(cpu); });
  }
  for (std::thread& thread : threads) thread.join();
  Spin worst;
  for (const Spin& spin : spins) {
    worst = {.spread = std::max(worst.spread, spin.spread), .lost = std::max(worst.lost, spin.lost)};
  }
  return worst;
}

/// Seconds of the "steal" column, of the CPUs asked for.
double stolen_seconds(const std::vector<int>& cpus) {
  std::ifstream file("/proc/stat");
  double ticks = 0;
  for (std::string line; std::getline(file, line);) {
    for (const int cpu : cpus) {
      const std::string heading = fmt::format("cpu{} ", cpu);
      if (!line.starts_with(heading)) continue;
      std::istringstream columns(line.substr(heading.size()));
      double column[8] = {};  // user nice system idle iowait irq softirq steal
      for (double& value : column) columns >> value;
      ticks += column[7];
    }
  }
  return ticks / ticks_per_second();
}

}  // namespace

std::vector<std::string> complaints(const MachineNoise& noise) {
  std::vector<std::string> lines;
  const auto say = [&](double value, double most, const char* what) {
    if (value > most) lines.push_back(fmt::format("{:.0f} % {}", 100 * value, what));
  };
  say(noise.others_before, kMostOthers, "of the CPUs' time went to others while the lab slept");
  say(noise.others_during, kMostOthers, "of the CPUs' time went to other processes during the measurement");
  say(noise.stolen, kMostStolen, "of the CPUs' time was stolen by the hypervisor");
  say(noise.spin_spread, kMostSpread, "lies between the least and the 90th percentile of a loop's times");
  say(noise.spin_lost, kMostOthers, "of a loop's time went to interruptions");
  if (noise.throttled > kMostThrottled) {
    lines.push_back(fmt::format("{:.0f} % of the measurement was throttled: the control group has {:g} CPUs",
                                100 * noise.throttled, noise.quota_cpus));
  } else if (noise.quota_cpus > 0 && noise.quota_cpus < 1) {
    lines.push_back(fmt::format("the control group has {:g} of a CPU, which a busy loop exceeds", noise.quota_cpus));
  }
  return lines;
}

bool takes_time_away(const MachineNoise& noise) {
  return noise.throttled > kMostThrottled || noise.stolen > kMostStolen ||
         (noise.quota_cpus > 0 && noise.quota_cpus < 1);
}

NoiseWatch::NoiseWatch(std::vector<int> cpus) : cpus_(std::move(cpus)) {
  const CpuIdle idle;
  std::vector<IdleReading> readings;
  for (const int cpu : cpus_) readings.push_back(idle.read(cpu));
  std::this_thread::sleep_for(kStill);
  for (std::size_t i = 0; i < cpus_.size(); ++i) {
    before_.others_before += busy_share(readings[i], idle.read(cpus_[i])) / static_cast<double>(cpus_.size());
  }
  const Spin spin = spin_on_all(cpus_);
  before_.spin_spread = spin.spread;
  before_.spin_lost = spin.lost;
  before_.quota_cpus = cpu_quota().cpus;
  begin_ = now();
}

NoiseWatch::Counters NoiseWatch::now() const {
  return {.at = Clock::now(),
          .others_s = other_processes_seconds("/proc", ::getpid()),
          .stolen_s = stolen_seconds(cpus_),
          .throttled_s = cpu_quota().throttled_s};
}

MachineNoise NoiseWatch::finish() const {
  const Counters end = now();
  const double seconds = std::max(1e-9, std::chrono::duration<double>(end.at - begin_.at).count());
  const double all = seconds * static_cast<double>(cpus_.size());
  // Shares: others may have used CPUs that are not the lab's, and a group is throttled on each CPU by itself.
  const auto share = [](double spent, double of) { return std::clamp(spent / of, 0.0, 1.0); };
  MachineNoise noise = before_;
  noise.others_during = share(end.others_s - begin_.others_s, all);
  noise.stolen = share(end.stolen_s - begin_.stolen_s, all);
  noise.throttled = share(end.throttled_s - begin_.throttled_s, seconds);
  return noise;
}

}  // namespace knetsim::lab
