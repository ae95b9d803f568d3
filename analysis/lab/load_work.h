#pragma once

#include "analysis/lab/lab_case.h"
#include "analysis/lab/load_case.h"
#include "models/cost/cost_profile.h"

namespace knetsim::lab {

/// Bytes of an skb of a stream, as TCP segmentation offload leaves it: as many segments of 1,448 bytes as 64 KiB hold.
inline constexpr double kStreamSkbBytes = 45 * 1448;

/// What the models say one operation of a load consists of, with everything that it brings about, whoever waits for it.
///
/// A request is a round trip; a connection is a connect() and a round trip, with accept(), both
/// closes, and the passage of two FINs and their ACKs. A byte of a stream is its share of a write of
/// kBulkWriteBytes: the write's system call, its copies in and out, its skbs' way, one pure ACK for each skb (as
/// sim/net/network.cpp has it) and the ACK's way back, one wake-up and one read of the server. The way of one direction
/// is half of a round trip's, since both pass the same devices and hooks.
LabWork work_of(const LoadCase& load);

/// Payload that a cable of the load's rate carries one way, bytes a second, all streams together: full segments, framed
/// as the engine frames them (sim/net/plan.h), of the walk's headers and encapsulation.
/// @pre The load's wire_mbit is above 0, and it is a stream.
double wire_payload_rate(const LoadCase& load, const CostProfile& profile);

}  // namespace knetsim::lab
