#include "analysis/lab/worker_process.h"

#include <fmt/format.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <exception>

namespace knetsim::lab {
namespace {

constexpr char kReady = '\n';

/// Closes what the child has from its parent but does not need: another worker's sockets would live as long as it.
void close_all_but(std::vector<int> kept) {
  for (const int standard : {0, 1, 2}) kept.push_back(standard);
  std::sort(kept.begin(), kept.end());
  unsigned next = 0;
  for (const int fd : kept) {
    const auto stays = static_cast<unsigned>(fd);
    if (stays > next) ::close_range(next, stays - 1, 0);
    next = std::max(next, stays + 1);
  }
  ::close_range(next, ~0u, 0);
}

[[noreturn]] void become_worker(pid_t parent, int tell, std::vector<int> files,
                                const std::function<void(const WorkerProcess::Ready&)>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it died before
  std::signal(SIGINT, SIG_IGN);           // of a terminal: the parent decides
  std::signal(SIGTERM, SIG_DFL);
  files.push_back(tell);
  close_all_but(std::move(files));
  std::string why;
  try {
    work([&] { [[maybe_unused]] const ssize_t sent = ::send(tell, &kReady, 1, MSG_NOSIGNAL); });
  } catch (const std::exception& error) {
    why = error.what();
  }
  if (!why.empty()) [[maybe_unused]]
    const ssize_t sent = ::send(tell, why.data(), why.size(), MSG_NOSIGNAL);
  ::_exit(why.empty() ? 0 : 1);
}

}  // namespace

WorkerProcess::WorkerProcess(std::vector<int> files, const std::function<void(const Ready&)>& work) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw LabError("no pair of sockets: too many open files?");
  }
  told_ = Descriptor(ends[0]);
  const Descriptor tell(ends[1]);
  const pid_t parent = ::getpid();
  child_ = ::fork();
  if (child_ < 0) throw LabError(fmt::format("no process can be started: {}", std::strerror(errno)));
  if (child_ == 0) become_worker(parent, tell.get(), std::move(files), work);
}

WorkerProcess::~WorkerProcess() {
  ::kill(child_, SIGKILL);
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

/// The next words; empty: it has ended.
std::string WorkerProcess::hear() const {
  char words[1024];
  ssize_t got = 0;
  while ((got = ::recv(told_.get(), words, sizeof words, 0)) < 0 && errno == EINTR) {
  }
  return {words, static_cast<std::size_t>(std::max<ssize_t>(0, got))};
}

void WorkerProcess::wait_until_ready() {
  const std::string words = hear();
  if (words == std::string(1, kReady)) return;
  throw LabError(words.empty() ? "a process of the lab has ended by itself" : words);
}

void WorkerProcess::wait_until_ended() {
  for (std::string words = hear(); !words.empty(); words = hear()) {
    if (words != std::string(1, kReady)) throw LabError(words);
  }
}

void WorkerProcess::pin_to(int cpu) const {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  if (::sched_setaffinity(child_, sizeof set, &set) != 0) throw LabError(fmt::format("CPU {} may not be used", cpu));
}

void WorkerProcess::give_way(bool batch) const {
  // A task that wakes with SCHED_BATCH preempts nobody (Linux v6.1, kernel/sched/fair.c, check_preempt_wakeup).
  const sched_param none{};
  ::sched_setscheduler(child_, batch ? SCHED_BATCH : SCHED_OTHER, &none);
}

double WorkerProcess::cpu_ns() const {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(child_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

}  // namespace knetsim::lab
