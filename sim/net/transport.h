#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "sim/core/time.h"
#include "sim/core/units.h"

namespace knetsim {

// TCP as arithmetic: what is sent in which round, and when what was lost is sent again. No events, no connection table:
// the engine keeps the small states below per connection and asks.

/// Version of a Linux kernel, as far as TCP's timers depend on it.
struct KernelVersion {
  int major = 6;
  int minor = 1;
  constexpr auto operator<=>(const KernelVersion&) const = default;
};

/// "6.18", "5.15.0-91-generic": the two leading numbers. Empty when there are none.
std::optional<KernelVersion> parse_kernel_version(std::string_view text);

/// When an unanswered first packet of a connection is sent again, counted from the first attempt.
struct SynSchedule {
  std::array<Duration, 16> resend{};
  std::uint32_t count = 0;
  Duration give_up{};  ///< connect() fails with ETIMEDOUT.
  std::span<const Duration> times() const { return {resend.data(), count}; }
};

/// A client's SYN. Before 6.5 the timeout doubles from 1 s on: 1, 3, 7, 15, 31, 63 s, the end at 127 s. From 6.5 on the
/// first four timeouts do not double and come on top: 1, 2, 3, 4, 5, 7, 11, 19, 35, 67 s, the end at 131 s.
/// @param retries          net.ipv4.tcp_syn_retries, at most 9 (beyond, the array is full).
/// @param linear_timeouts  net.ipv4.tcp_syn_linear_timeouts, read from 6.5 on; at most 6.
/// @throws std::invalid_argument  More retries than that.
/// @source Linux v6.6 net/ipv4/tcp_timer.c, tcp_retransmit_timer and tcp_write_timeout; ip-sysctl.rst, tcp_syn_retries.
SynSchedule syn_schedule(KernelVersion kernel, std::uint32_t retries = 6, std::uint32_t linear_timeouts = 4);

/// A server's SYN-ACK: always doubling, 1, 3, 7, 15, 31 s; the half-open connection goes at 63 s.
/// @source Linux v6.6 net/ipv4/inet_connection_sock.c, reqsk_timer_handler; ip-sysctl.rst, tcp_synack_retries.
SynSchedule syn_ack_schedule(std::uint32_t retries = 5);

/// Constants of loss recovery. The defaults are the simulator's rule; linux_timers() gives a kernel's own.
struct RecoveryTimers {
  Duration rto_min = std::chrono::milliseconds(200);  ///< TCP_RTO_MIN
  Duration rto_max = std::chrono::seconds(120);       ///< TCP_RTO_MAX
  Duration rto_initial = std::chrono::seconds(1);     ///< TCP_TIMEOUT_INIT: before the first sample
  bool rto_min_bounds_variance = false;  ///< RTO = SRTT + max(rto_min, 4 RTTVAR) instead of max(rto_min, sum)
  Duration probe_min = std::chrono::milliseconds(10);  ///< Tail-loss probe at max(2 SRTT, this) ...
  Duration probe_slack{};                              ///< ... + this,
  Duration probe_lone_slack{};                         ///< or + this when one segment is outstanding.
  Duration rack_slack{};                               ///< What RACK's reordering timer adds.
  std::uint32_t dupthresh = 3;  ///< Segments that must arrive behind a hole for a fast retransmit.
  bool rack_timer = false;      ///< Fewer than that: resend a quarter of an RTT later (RFC 8985) instead of a probe.
};

/// Timers as the kernel computes them. In all versions RTO = SRTT + max(200 ms, 4 RTTVAR), and fewer than three
/// segments behind a hole wait for a timer (early retransmit's, then RACK's). The tail-loss probe:
/// - before 4.14: max(2 SRTT, 10 ms);
/// - since: 2 SRTT + 2 ms (two jiffies of CONFIG_HZ = 1000; 6.6, and stable kernels since, write 2 ms);
/// - with one segment outstanding: 2 SRTT + 200 ms (before 4.14: 1.5 SRTT + 200 ms, not told apart here), which is to
///   outlast a delayed ACK. The RTO would come before that, so the probe goes out when the RTO would.
/// @source Linux net/ipv4/tcp_output.c, tcp_schedule_loss_probe: v3.10, v4.14 ("tcp: adjust tail loss probe timeout"),
///         v6.6 ("tcp: fix excessive TLP and RACK timeouts from HZ rounding"); tcp_input.c, tcp_rtt_estimator and
///         __tcp_set_rto; tcp_recovery.c, tcp_rack_mark_lost and tcp_rack_reo_wnd, v6.6.
RecoveryTimers linux_timers(KernelVersion kernel = {6, 18});

/// Smoothed round-trip time. @source RFC 6298, section 2, in picoseconds, divisions truncating. Linux lets RTTVAR fall
/// once a round trip only (tcp_rtt_estimator); with an RTO floor far above cluster RTTs this changes no timeout.
class RttEstimator {
 public:
  void sample(Duration rtt);
  bool has_sample() const { return srtt_.count() != 0; }
  Duration srtt() const { return srtt_; }
  Duration rttvar() const { return rttvar_; }

  /// Retransmission timeout after `backoff` timeouts in a row, doubled for each of them, at most rto_max.
  Duration rto(const RecoveryTimers& timers, std::uint32_t backoff = 0) const;

  /// When the tail-loss probe goes out, counted from the last segment sent; never later than the RTO.
  Duration probe_timeout(const RecoveryTimers& timers, std::uint32_t outstanding) const;

 private:
  Duration srtt_{};
  Duration rttvar_{};
};

/// Initial window, in segments. @source RFC 6928; Linux v6.6 include/net/tcp.h, TCP_INIT_CWND.
inline constexpr std::uint32_t kInitialWindow = 10;
inline constexpr std::uint32_t kNoThreshold = 0x7fffffffU;  ///< TCP_INFINITE_SSTHRESH

/// Congestion window of one direction of a connection, in segments. Slow start only: beyond the path's bandwidth-delay
/// product a window more adds no rate, and there it stays. CUBIC's growth in congestion avoidance is left out (a
/// message has ended long before; bulk transfers are flows).
struct CongestionWindow {
  std::uint32_t cwnd = kInitialWindow;
  std::uint32_t ssthresh = kNoThreshold;

  /// Segments of the round that starts now, and growth by what they will have acknowledged.
  /// @param remaining  Segments of the message still to send, above 0.
  /// @param bdp        Bandwidth-delay product of the path in segments, at least 1. Once cwnd has reached it sending
  /// does not
  ///                   pause for ACKs any more, so all that remains goes in this round.
  /// @source Linux v6.6 net/ipv4/tcp_cong.c, tcp_slow_start; include/net/tcp.h, tcp_is_cwnd_limited.
  std::uint32_t next_round(std::uint32_t remaining, std::uint32_t bdp);

  /// The connection was silent for `idle`: the window is halved for each RTO beyond the first instant, not below the
  /// initial one (net.ipv4.tcp_slow_start_after_idle = 1).
  /// @source Linux v6.6 net/ipv4/tcp_output.c, tcp_cwnd_restart; include/net/tcp.h, tcp_slow_start_after_idle_check.
  void after_idle(Duration idle, Duration rto);

  /// CUBIC's reduction to 717/1024 of the window. @source Linux v6.6 net/ipv4/tcp_cubic.c, cubictcp_recalc_ssthresh.
  void on_fast_retransmit();
  /// The same threshold, and slow start again from one segment. @source Linux v6.6 net/ipv4/tcp_input.c,
  /// tcp_enter_loss.
  void on_timeout();
};

/// Rounds that slow start takes for a message of `segments` on a window: how often the sender waits for ACKs is one
/// less.
std::uint32_t slow_start_rounds(std::uint32_t segments, CongestionWindow window, std::uint32_t bdp);

/// Bandwidth-delay product in whole segments, at least 1.
std::uint32_t bdp_segments(Bandwidth bottleneck, Duration rtt, Bytes wire_bytes_per_segment);

/// What repairs a loss.
enum class Repair : std::uint8_t { FastRetransmit, RackTimer, TailLossProbe, Timeout };

/// A burst (one round of a message) of which some segments did not arrive.
struct Loss {
  std::uint32_t sent = 1;      ///< Segments of the burst.
  std::uint32_t lost = 1;      ///< How many of them did not arrive, at least 1.
  std::uint32_t behind = 0;    ///< Arrived, and sent after the first lost one.
  bool resend = false;         ///< The burst was itself a resend.
  std::uint32_t timeouts = 0;  ///< Timeouts of the connection in a row, this burst being the last one's.
  Duration rtt{};  ///< Of this burst: until the ACKs of what arrived are back, queueing included. Zero: SRTT.
};

/// When what was lost is sent again. Instants count from when the burst's last segment left the sender.
struct RecoveryPlan {
  Repair by = Repair::Timeout;
  Duration resend_after{};       ///< First resend.
  std::uint32_t resend_now = 0;  ///< Segments that go then.
  Duration rest_after{};  ///< When the others go, if any: their loss is known one round trip after a probe or timeout.
  std::uint32_t resend_rest = 0;
};

/// Picks the mechanism of TCP that acts first:
/// - at least `dupthresh` segments behind the hole: fast retransmit of all that is known lost, one RTT after sending;
/// - fewer, with timers.rack_timer: the same, a quarter of an RTT and rack_slack later;
/// - an original transmission: a tail-loss probe carries the last segment; what else is missing follows its ACK. A
///   probe that the RTO would overtake takes its place (tcp_schedule_loss_probe): it is no timeout, the next one is
///   not doubled;
/// - a resend, an original behind a timeout, or one without an RTT sample: timeout. One segment goes, the others follow
///   its ACK (more than one of them in rounds, after CongestionWindow::on_timeout()).
/// Not modelled: RACK's detection of a lost resend before the timeout, limited transmit, undo after a spurious resend.
/// UDP has none of this: do not ask.
/// @source RFC 5681, section 3.2; RFC 8985, sections 6 and 7; RFC 6298, section 5.
RecoveryPlan recover(const Loss& loss, const RttEstimator& rtt, const RecoveryTimers& timers = {});

}  // namespace knetsim
