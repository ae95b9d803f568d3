#include "sim/output/apart.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>

namespace knetsim {
namespace {

constexpr int kThrew = 120;  // exit status of a child whose job threw

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Bytes of address space in use: the libraries, and under a sanitizer its shadow.
std::uint64_t address_space() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  if (!(file >> pages)) return std::uint64_t{1} << 30U;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void limit(int resource, std::uint64_t most) {
  const rlimit wanted{.rlim_cur = most, .rlim_max = most};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &wanted);  // a lower limit that is there already stays
}

/// The child's life. Never returns.
[[noreturn]] void live_apart(const ApartLimits& limits, int out, const std::function<void(PipeWriter&)>& job) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGPROF, SIGABRT, SIGSEGV, SIGBUS}) std::signal(signal, SIG_DFL);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, standard);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_AS, address_space() + limits.memory_bytes);
  const auto microseconds = static_cast<std::int64_t>(limits.cpu_s * 1e6);
  const itimerval timer{.it_interval = {},
                        .it_value = {.tv_sec = microseconds / 1'000'000, .tv_usec = microseconds % 1'000'000}};
  ::setitimer(ITIMER_PROF, &timer, nullptr);  // SIGPROF ends it; RLIMIT_CPU knows whole seconds only
  try {
    PipeWriter writer(out);
    job(writer);
  } catch (...) {
    ::_exit(kThrew);
  }
  ::_exit(0);
}

std::string end_text(int status, bool late, const ApartLimits& limits) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
    return fmt::format("took more than {:.3g} s of CPU time", limits.cpu_s);
  if (late) return fmt::format("did not end within {:.3g} s", limits.wall_s);
  if (WIFSIGNALED(status)) return fmt::format("ended by SIG{}", ::sigabbrev_np(WTERMSIG(status)));
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

}  // namespace

void PipeWriter::write(const void* bytes, std::size_t size) {
  const char* from = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t put = ::write(descriptor_, from, size);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) ::_exit(kThrew);
    from += put;
    size -= static_cast<std::size_t>(put);
  }
}

void PipeReader::read(void* bytes, std::size_t size) {
  char* to = static_cast<char*>(bytes);
  while (size > 0) {
    const std::int64_t left_ms = (deadline_ns_ - now_ns()) / 1'000'000;
    pollfd waiting{.fd = descriptor_, .events = POLLIN, .revents = 0};
    const int ready = left_ms <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left_ms, 60'000)));
    if (ready == 0 && now_ns() >= deadline_ns_) throw PipeEnd{};
    if (ready <= 0) continue;
    const ssize_t got = ::read(descriptor_, to, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw PipeEnd{};
    to += got;
    size -= static_cast<std::size_t>(got);
  }
}

void run_apart(const ApartLimits& limits, const std::function<void(PipeWriter&)>& job,
               const std::function<void(PipeReader&)>& take) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw ApartFailure(fmt::format("no pipe: {}", std::strerror(errno)));
  ::fcntl(pipe[1], F_SETPIPE_SZ, 1 << 20);  // fewer turns between the two; without it only slower
  const std::int64_t deadline = now_ns() + static_cast<std::int64_t>(limits.wall_s * 1e9);
  const pid_t child = ::fork();
  if (child < 0) {
    const int error = errno;
    for (const int end : pipe) ::close(end);
    throw ApartFailure(fmt::format("no child process: {}", std::strerror(error)));
  }
  if (child == 0) live_apart(limits, pipe[1], job);
  ::close(pipe[1]);
  std::exception_ptr failure;
  bool lost = false;
  try {
    PipeReader reader(pipe[0], deadline);
    take(reader);
  } catch (const PipeEnd&) {
    lost = true;
  } catch (...) {
    failure = std::current_exception();
  }
  ::close(pipe[0]);
  const bool late = now_ns() >= deadline;
  // Where all was read, or no more is wanted, it is not waited for: what it does at its end is nothing to us.
  if (late || !lost) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (failure) std::rethrow_exception(failure);
  if (lost) throw ApartFailure(end_text(status, late, limits));
}

}  // namespace knetsim
