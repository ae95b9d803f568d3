#pragma once

#include <cstdint>
#include <vector>

/// TCP packet by packet, written from the RFCs and without a line of sim/net: what the engine's recovery is judged by.
///
/// N senders, each behind a network card of its own, share one drop-tail port towards one receiver, which answers every
/// segment at once. No answer is lost. Each sender does slow start and congestion avoidance (RFC 5681, with the factor
/// of CUBIC, RFC 9438, on loss), loss detection and recovery with SACK (RFC 6675), one tail loss probe an episode (RFC
/// 8985, section 7) and one retransmission timer (RFC 6298, with Linux's floor: srtt + max(200 ms, 4 rttvar)).
///
/// Not here, as not in the engine: RACK's detection by time (RFC 8985, section 6), delayed acknowledgements, pacing.
namespace packet_tcp {

struct Incast {
  int senders = 8;
  int segments = 10;
  double rate_bits_per_s = 10e9;    ///< Of every card and of the port.
  double buffer_bytes = 128 << 10;  ///< Of the port, the packet on the wire not counted out.
  double cable_s = 0.5e-6;          ///< Propagation of each of the two cables.
  double switch_s = 0.5e-6;
  double wire_bytes = 1538;    ///< A full segment with its headers, preamble and gap.
  double start_jitter_s = 0;   ///< Senders begin at uniform times up to this ...
  double answer_jitter_s = 0;  ///< ... and so late is each answer.
  std::uint64_t seed = 1;
};

struct Outcome {
  std::vector<double> completion_s;  ///< One a sender, by when the receiver holds all of it.
  int dropped = 0;
  int timeouts = 0;
  int probes = 0;

  double median() const;
  double last() const;
};

Outcome run(const Incast& incast);

/// Medians over seeds 1 to `seeds` of the median and of the last completion, in seconds.
struct Medians {
  double median = 0;
  double last = 0;
};
Medians medians(Incast incast, int seeds);

double median_of(std::vector<double> values);

}  // namespace packet_tcp
