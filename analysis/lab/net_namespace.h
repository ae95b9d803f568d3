#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace knetsim::lab {

/// A network namespace without a name. It lives as long as this object, or a process or socket inside it; no file
/// refers to it. So all devices, addresses and rules in it go when this process ends, however that happens: a lab that
/// is killed leaves nothing behind, and there is nothing of it outside.
class NetNamespace {
 public:
  /// A new one: loopback up, forwarding IPv4, no IPv6, bridged packets passing iptables where the kernel can.
  /// @throws LabError  Not allowed here.
  explicit NetNamespace(std::string name);
  ~NetNamespace();
  NetNamespace(const NetNamespace&) = delete;
  NetNamespace& operator=(const NetNamespace&) = delete;

  /// What messages call it.
  const std::string& name() const { return name_; }
  int descriptor() const { return fd_; }
  /// What iproute2 takes for "netns": a path through this process.
  std::string path() const;

  /// Runs a command inside; words between blanks. @return  What it printed. @throws LabError  It failed.
  std::string in(std::string_view command, std::string_view input = {}) const;
  /// Whether a command inside succeeds.
  bool can(std::string_view command, std::string_view input = {}) const;
  std::string ip(std::string_view arguments) const { return in("ip " + std::string(arguments)); }
  /// Sets a value below /proc/sys, "net.ipv4.ip_forward=1". @throws LabError
  void sysctl(std::string_view setting) const { in("sysctl -qw " + std::string(setting)); }

  /// Moves the calling thread inside, for good: sockets that it opens from now on are the namespace's.
  /// @throws LabError
  void enter() const;
  /// Runs `work` on a thread inside and waits for it. What it throws is thrown here.
  void inside(const std::function<void()>& work) const;

  /// One end of a cable: a veth device with the Ethernet address "02:00:00:00:XX:YY" of `number`.
  struct End {
    const NetNamespace& space;
    std::string device;
    std::uint16_t number = 0;
  };
  static void cable(const End& a, const End& b);
  static std::string ethernet_address(std::uint16_t number);
  /// Who answers to `address` on a device, so that nothing asks. Several may be given.
  void neighbour(const std::string& address, const std::string& device, std::uint16_t number) const;

 private:
  std::string name_;
  int fd_ = -1;
};

}  // namespace knetsim::lab
