#include "sim/net/transport.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace knetsim {
namespace {

using std::chrono::seconds;

// Resends of a first packet whose timeout doubles after the first `linear` ones.
SynSchedule schedule(std::uint32_t retries, std::uint32_t linear, Duration initial, Duration longest) {
  SynSchedule result;
  if (retries + linear > result.resend.size() - 1) {
    throw std::invalid_argument("at most 15 retransmissions of a SYN are supported");
  }
  result.count = retries + linear;
  Duration timeout = initial;
  Duration at{};
  for (std::uint32_t i = 0; i < result.count; ++i) {
    at += timeout;
    result.resend[i] = at;
    if (i >= linear) {
      timeout = std::min(2 * timeout, longest);
    }
  }
  result.give_up = at + timeout;
  return result;
}

}  // namespace

std::optional<KernelVersion> parse_kernel_version(std::string_view text) {
  KernelVersion version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') {
    return std::nullopt;
  }
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc{} || version.major < 0 || version.minor < 0) {
    return std::nullopt;
  }
  return version;
}

SynSchedule syn_schedule(KernelVersion kernel, std::uint32_t retries, std::uint32_t linear_timeouts) {
  const RecoveryTimers timers;
  const bool linear = kernel >= KernelVersion{6, 5};
  return schedule(retries, linear ? linear_timeouts : 0, timers.rto_initial, timers.rto_max);
}

SynSchedule syn_ack_schedule(std::uint32_t retries) {
  const RecoveryTimers timers;
  return schedule(retries, 0, timers.rto_initial, timers.rto_max);
}

RecoveryTimers linux_timers(KernelVersion kernel) {
  const bool floor = kernel < KernelVersion{4, 14};
  using std::chrono::milliseconds;
  return {.rto_min_bounds_variance = true,
          .probe_min = floor ? milliseconds(10) : milliseconds(0),
          .probe_slack = floor ? milliseconds(0) : milliseconds(2),
          .probe_lone_slack = milliseconds(200),
          .rack_slack = milliseconds(2),
          .rack_timer = true};
}

void RttEstimator::sample(Duration rtt) {
  rtt = std::max(rtt, Duration(1));
  if (!has_sample()) {
    srtt_ = rtt;
    rttvar_ = rtt / 2;
    return;
  }
  // RTTVAR first: it takes the SRTT from before this sample.
  const Duration off = std::chrono::abs(srtt_ - rtt);
  rttvar_ += (off - rttvar_) / 4;
  srtt_ += (rtt - srtt_) / 8;
}

Duration RttEstimator::rto(const RecoveryTimers& timers, std::uint32_t backoff) const {
  Duration rto = timers.rto_initial;
  if (has_sample()) {
    rto = timers.rto_min_bounds_variance ? srtt_ + std::max(timers.rto_min, 4 * rttvar_)
                                         : std::max(timers.rto_min, srtt_ + 4 * rttvar_);
  }
  rto = std::min(rto, timers.rto_max);
  for (; backoff > 0 && rto < timers.rto_max; --backoff) {
    rto = std::min(2 * rto, timers.rto_max);
  }
  return rto;
}

Duration RttEstimator::probe_timeout(const RecoveryTimers& timers, std::uint32_t outstanding) const {
  const Duration rto_now = rto(timers);
  if (!has_sample()) {
    return rto_now;
  }
  const Duration slack = outstanding == 1 ? timers.probe_lone_slack : timers.probe_slack;
  return std::min(rto_now, std::max(2 * srtt_, timers.probe_min) + slack);
}

std::uint32_t CongestionWindow::next_round(std::uint32_t remaining, std::uint32_t bdp) {
  if (cwnd >= bdp) {
    return remaining;
  }
  const std::uint32_t round = std::min(remaining, cwnd);
  // A window that the round filled by less than half does not grow: the application, not the window, was the limit.
  if (cwnd < ssthresh && cwnd < 2 * round) {
    cwnd = std::min(cwnd + round, ssthresh);
  } else if (cwnd >= ssthresh && round == cwnd) {
    ++cwnd;
  }
  return round;
}

void CongestionWindow::after_idle(Duration idle, Duration rto) {
  if (idle <= rto) {
    return;
  }
  const std::uint32_t restart = std::min(cwnd, kInitialWindow);
  ssthresh = std::max(ssthresh, cwnd / 2 + cwnd / 4);  // tcp_current_ssthresh
  for (idle -= rto; idle > Duration::zero() && cwnd > restart; idle -= rto) {
    cwnd /= 2;
  }
  cwnd = std::max(cwnd, restart);
}

void CongestionWindow::on_fast_retransmit() {
  // CUBIC, beta = 717/1024; never below two segments.
  ssthresh = std::max(cwnd * 717 / 1024, 2U);
  cwnd = ssthresh;
}

void CongestionWindow::on_timeout() {
  ssthresh = std::max(cwnd * 717 / 1024, 2U);
  cwnd = 1;
}

std::uint32_t slow_start_rounds(std::uint32_t segments, CongestionWindow window, std::uint32_t bdp) {
  std::uint32_t rounds = 0;
  while (segments > 0) {
    segments -= window.next_round(segments, bdp);
    ++rounds;
  }
  return rounds;
}

std::uint32_t bdp_segments(Bandwidth bottleneck, Duration rtt, Bytes wire_bytes_per_segment) {
  const Int128 bits = Int128{bottleneck.bits_per_second()} * rtt.count() / 1'000'000'000'000;
  const Int128 segments = bits / 8 / wire_bytes_per_segment.count();
  return static_cast<std::uint32_t>(std::clamp<Int128>(segments, 1, kNoThreshold));
}

RecoveryPlan recover(const Loss& loss, const RttEstimator& rtt, const RecoveryTimers& timers) {
  const Duration round_trip = loss.rtt > Duration::zero() ? loss.rtt : rtt.srtt();
  const Duration rto = rtt.rto(timers, loss.timeouts);
  if (!loss.resend) {
    if (loss.behind >= timers.dupthresh) {
      return {.by = Repair::FastRetransmit, .resend_after = round_trip, .resend_now = loss.lost};
    }
    if (timers.rack_timer && loss.behind > 0) {
      return {.by = Repair::RackTimer,
              .resend_after = std::min(rto, round_trip + rtt.srtt() / 4 + timers.rack_slack),
              .resend_now = loss.lost};
    }
    if (rtt.has_sample() && loss.timeouts == 0) {
      const Duration probe = rtt.probe_timeout(timers, loss.sent);
      RecoveryPlan plan{.by = Repair::TailLossProbe, .resend_after = probe, .resend_now = 1};
      if (loss.behind > 0) {
        // The last segment had arrived, so the probe repairs nothing; its ACK shows the hole.
        plan.resend_after += round_trip;
        plan.resend_now = loss.lost;
        return plan;
      }
      plan.resend_rest = loss.lost - 1;
      plan.rest_after = probe + round_trip;
      return plan;
    }
  }
  return {.by = Repair::Timeout,
          .resend_after = rto,
          .resend_now = 1,
          .rest_after = rto + round_trip,
          .resend_rest = loss.lost - 1};
}

}  // namespace knetsim
