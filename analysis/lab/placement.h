#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace knetsim::lab {

/// Which CPUs do the work. A veth pair hands a packet over on the sender's CPU; where another one takes it, receive
/// packet steering (RPS) of the node's end of the wire says so, as a NIC's queues would.
enum class Placement : std::uint8_t {
  OneCpu,        ///< Clients, softirq and servers on one.
  PairPerCpu,    ///< Client i, its softirq and its server on CPU i modulo the CPUs there are.
  CpuPerNode,    ///< The client's node has one CPU, the server's another: each its softirq with it.
  SoftirqApart,  ///< Clients and servers on one, the softirq of both nodes on another.
  ClientApart,   ///< Clients on one, the softirq of both nodes and the servers on another.
  AllApart,      ///< Clients, the softirq of both nodes, and servers: one each. Of three CPUs.
};
std::string_view placement_name(Placement placement);

/// CPUs of the clients, of each node's softirq and of the servers, where a placement tells them apart.
struct PlacedCpus {
  int clients = 0;
  int client_softirq = 0;
  int server_softirq = 0;
  int servers = 0;
};
/// @pre Not Placement::PairPerCpu. @param cpus  Those there are; of one, all are that one.
PlacedCpus placed_on(Placement placement, const std::vector<int>& cpus);

/// CPUs that do any of the work of `clients` clients, of those there are.
std::vector<int> cpus_used(Placement placement, std::uint32_t clients, const std::vector<int>& cpus);

}  // namespace knetsim::lab
