#include "analysis/proxy_lab/running_proxy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "analysis/lab/command.h"
#include "analysis/lab/file_bytes.h"
#include "analysis/lab/lab_error.h"
#include "analysis/lab/sockets.h"
#include "sim/output/safe_file.h"

namespace knetsim::lab {
namespace {

constexpr auto kStartPatience = std::chrono::seconds(10);
constexpr auto kLookEvery = std::chrono::milliseconds(20);

/// Writes what it reads. @return  Its command line.
std::vector<std::string> configured(const std::string& proxy, const ProxySetup& setup) {
  const std::filesystem::path file = setup.folder / (proxy + ".conf");
  const std::string program = find_program(proxy).string();
  if (proxy == "nginx") {
    write_file_safely(file, nginx_configuration(setup));
    return {program, "-p", setup.folder.string(), "-c", file.string()};
  }
  for (const ProxyListener& listener : setup.listeners)
    write_file_safely(haproxy_map_file(setup.folder, listener.hosts), haproxy_map(listener.hosts));
  write_file_safely(file, haproxy_configuration(setup));
  return {program, "-db", "-q", "-f", file.string()};
}

[[noreturn]] void become(const std::vector<std::string>& command, const std::filesystem::path& words) {
  const int out = ::open(words.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments.front(), arguments.data());
  throw LabError(fmt::format("{} does not start: {}", command.front(), std::strerror(errno)));
}

bool accepts(const NetNamespace& where, std::uint16_t port) {
  bool connected = false;
  where.inside([&] { connected = connect_to(tcp_socket(), {.address = ipv4(127, 0, 0, 1), .port = port}); });
  return connected;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

RunningProxy::RunningProxy(const std::string& proxy, const NetNamespace& where, const ProxySetup& setup, int cpu) {
  const std::vector<std::string> command = configured(proxy, setup);
  const std::filesystem::path words = setup.folder / (proxy + ".out");
  const auto work = [&](const WorkerProcess::Ready&) {
    where.enter();
    pin_to(cpu);
    become(command, words);
  };
  process_ = std::make_unique<WorkerProcess>(std::vector{where.descriptor()}, work);
  const auto last = static_cast<std::uint16_t>(setup.first_port + setup.listeners.size() - 1);
  for (const auto end = std::chrono::steady_clock::now() + kStartPatience; !accepts(where, last);) {
    if (std::chrono::steady_clock::now() > end) {
      throw LabError(fmt::format("{} does not listen: {}", proxy, first_line(file_bytes(words))));
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

std::vector<std::string> installed_proxies() {
  std::vector<std::string> installed;
  for (const std::string_view proxy : kLabProxies) {
    if (is_installed(std::string(proxy))) installed.emplace_back(proxy);
  }
  return installed;
}

std::string proxy_version(const std::string& proxy) {
  const std::string said =
      run({proxy, "-v"}).output;  // "nginx version: nginx/1.22.1", "HAProxy version 2.6.12-1+deb12u4 2025/.."
  const std::size_t digit = said.find_first_of("0123456789");
  if (digit == std::string::npos) return proxy;
  return fmt::format("{} {}", proxy, said.substr(digit, said.find_first_not_of("0123456789.", digit) - digit));
}

}  // namespace knetsim::lab
