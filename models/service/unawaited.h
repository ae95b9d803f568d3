#pragma once

#include <span>
#include <vector>

#include "models/walk/walk.h"

namespace knetsim {

/// Packets of a TCP connection that pass each machine and that nobody waits for: the handshake's ACK, a FIN each way
/// and its ACK.
inline constexpr double kUnawaitedPackets = 5;

/// A passive close leaves no TIME_WAIT socket and no timer behind: share of the active side's cost.
inline constexpr double kPassiveClose = 0.7;

/// Where packets that nobody waits for pass: the ACKs of data, or what opens and closes a connection beside the first
/// packet and its answer.
struct UnawaitedPlace {
  bool opening = false;  ///< The handshake's last packet and the close; else the ACKs of a message.
  bool origin = false;   ///< The machine of the message's sender ...
  bool last = false;     ///< ... and of its receiver.
  Place place{};
  NodeRole node{};
};

/// Adds their steps on one machine of a TCP connection.
/// @param passages  An established packet's steps on that machine.
void append_unawaited(std::vector<Step>& steps, std::span<const Step> passages, const UnawaitedPlace& at);

}  // namespace knetsim
