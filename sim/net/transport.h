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

// TCP as arithmetic: windows and timers. No events, no connection table: the engine keeps the small states below per
// connection and asks. What was lost is known to a Scoreboard.

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

/// What tells the sender that a segment is lost, before its timer does.
enum class LossDetection : std::uint8_t {
  Sack,  ///< Three segments behind it have arrived (RFC 6675): net.ipv4.tcp_recovery = 0.
  Rack,  ///< One that left later has arrived (RFC 8985): tcp_recovery = 1, Linux's default.
};

/// What the kernels of all machines are set to.
struct TcpSettings {
  KernelVersion kernel{6, 18};
  Bytes receive_window{3 << 20};  ///< The largest that is advertised: half of tcp_rmem's maximum of 6 MiB.
  Bytes send_buffer{4 << 20};     ///< tcp_wmem's maximum: sent and not acknowledged.
  LossDetection detection = LossDetection::Sack;
};

/// Constants of loss recovery. The defaults are the RFCs' with Linux's floor; linux_timers() gives a kernel's own.
struct RecoveryTimers {
  Duration rto_min = std::chrono::milliseconds(200);  ///< TCP_RTO_MIN
  Duration rto_max = std::chrono::seconds(120);       ///< TCP_RTO_MAX
  Duration rto_initial = std::chrono::seconds(1);     ///< TCP_TIMEOUT_INIT: before the first sample
  bool rto_min_bounds_variance = false;  ///< RTO = SRTT + max(rto_min, 4 RTTVAR) instead of max(rto_min, sum)
  Duration probe_min = std::chrono::milliseconds(10);  ///< Tail-loss probe at max(2 SRTT, this) ...
  Duration probe_slack{};                              ///< ... + this,
  Duration probe_lone_slack{};                         ///< or + this when one segment is outstanding.
  Duration rack_slack{};                               ///< What RACK's reordering timer adds to a quarter of an RTT.
};

/// Timers as the kernel computes them. In all versions RTO = SRTT + max(200 ms, 4 RTTVAR). The tail-loss probe:
/// - before 4.14: max(2 SRTT, 10 ms);
/// - since: 2 SRTT + 2 ms (two jiffies of CONFIG_HZ = 1000; 6.6, and stable kernels since, write 2 ms);
/// - with one segment outstanding: 2 SRTT + 200 ms (before 4.14: 1.5 SRTT + 200 ms, not told apart here), which is to
///   outlast a delayed ACK. The RTO comes before that.
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

  /// When the tail-loss probe goes out, counted from the last segment sent or ACK heard, if the RTO does not come
  /// before.
  Duration probe_timeout(const RecoveryTimers& timers, std::uint32_t outstanding) const;

 private:
  Duration srtt_{};
  Duration rttvar_{};
};

/// Initial window, in segments. @source RFC 6928; Linux v6.6 include/net/tcp.h, TCP_INIT_CWND.
inline constexpr std::uint32_t kInitialWindow = 10;
inline constexpr std::uint32_t kNoThreshold = 0x7fffffffU;  ///< TCP_INFINITE_SSTHRESH

/// Congestion window of one direction of a connection, in segments. CUBIC's growth in congestion avoidance and HyStart
/// are left out: above the threshold it grows as Reno's, by one segment a round trip.
struct CongestionWindow {
  std::uint32_t cwnd = kInitialWindow;
  std::uint32_t ssthresh = kNoThreshold;
  std::uint32_t credit = 0;  ///< Acknowledged above the threshold and not yet turned into growth (tp->snd_cwnd_cnt).

  /// `acked` segments of `outstanding` ones have been acknowledged: one segment more for each of them up to the
  /// threshold, one for a whole window of them above it. A window that is not even half filled does not grow: the
  /// application, the receiver or the machine is the limit.
  /// @source Linux v6.6 net/ipv4/tcp_cong.c, tcp_slow_start and tcp_cong_avoid_ai; include/net/tcp.h,
  /// tcp_is_cwnd_limited.
  void on_acked(std::uint32_t acked, std::uint32_t outstanding);

  /// The connection was silent for `idle`: the window is halved for each RTO beyond the first instant, not below the
  /// initial one (net.ipv4.tcp_slow_start_after_idle = 1).
  /// @source Linux v6.6 net/ipv4/tcp_output.c, tcp_cwnd_restart; include/net/tcp.h, tcp_slow_start_after_idle_check.
  void after_idle(Duration idle, Duration rto);

  /// CUBIC's reduction to 717/1024 of the window. @source Linux v6.6 net/ipv4/tcp_cubic.c, cubictcp_recalc_ssthresh.
  void on_fast_retransmit();
  /// Slow start again from one segment. @param again  A timeout in a row: the threshold stays, else it is the same as
  /// above.
  /// @source Linux v6.6 net/ipv4/tcp_input.c, tcp_enter_loss.
  void on_timeout(bool again);
};

/// What repairs a loss.
enum class Repair : std::uint8_t { FastRetransmit, RackTimer, TailLossProbe, Timeout };

}  // namespace knetsim
