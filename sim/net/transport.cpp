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
          .rack_slack = milliseconds(2)};
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
  const Duration slack = outstanding == 1 ? timers.probe_lone_slack : timers.probe_slack;
  return std::max(2 * srtt_, timers.probe_min) + slack;
}

void CongestionWindow::on_acked(std::uint32_t acked, std::uint32_t outstanding) {
  if (cwnd >= 2 * outstanding) {
    return;
  }
  if (cwnd < ssthresh) {
    const std::uint32_t grown = std::min(acked, ssthresh - cwnd);
    cwnd += grown;
    acked -= grown;
  }
  for (credit += acked; credit >= cwnd; ++cwnd) {
    credit -= cwnd;
  }
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

void CongestionWindow::on_timeout(bool again) {
  if (!again) {
    ssthresh = std::max(cwnd * 717 / 1024, 2U);
  }
  cwnd = 1;
}

}  // namespace knetsim
