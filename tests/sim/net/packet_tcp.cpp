#include "packet_tcp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>
#include <random>

namespace packet_tcp {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kInitialWindow = 10;     // RFC 6928
constexpr int kDupThresh = 3;             // RFC 6675, section 2
constexpr double kBeta = 0.7;             // RFC 9438, section 4.6
constexpr double kMinRto = 0.2;           // Linux, TCP_RTO_MIN
constexpr double kProbeAllowance = 2e-3;  // Linux, TCP_TIMEOUT_MIN: two ticks of 1 ms
constexpr double kMaxRto = 120;           // Linux, TCP_RTO_MAX

struct Segment {
  double sent = -1;
  bool retransmitted = false;  ///< Ever: Karn's rule takes no sample from it.
  bool sacked = false;
  bool lost = false;      ///< Judged lost and not sent again yet.
  bool resent = false;    ///< Sent again since the last timeout: out of the judgement of RFC 6675.
  bool received = false;  ///< At the receiver.
};

struct Sender {
  std::vector<Segment> segments;
  int una = 0;
  int next = 0;
  double window = kInitialWindow;
  double threshold = kNever;
  int recovery_point = 0;  ///< Recovery lasts until all below is acknowledged.
  bool recovering = false;
  bool after_timeout = false;  ///< Until `recovery_point`: slow start from one segment.
  double srtt = 0;
  double rttvar = 0;
  int backoff = 0;
  double rto_at = kNever;
  double probe_at = kNever;
  bool probed = false;  ///< In this episode: until the cumulative acknowledgement moves.
  double card_free = 0;
  int expected = 0;  ///< The receiver's next in order.
};

enum class What { Begin, AtPort, AtReceiver, Acknowledged, Timer };

struct Event {
  double at = 0;
  std::uint64_t order = 0;
  What what = What::Begin;
  int sender = 0;
  int segment = 0;
  int cumulative = 0;
};

struct Later {
  bool operator()(const Event& a, const Event& b) const { return a.at > b.at || (a.at == b.at && a.order > b.order); }
};

class Run {
 public:
  explicit Run(const Incast& incast) : incast_(incast), random_(incast.seed) {
    packet_s_ = incast.wire_bytes * 8 / incast.rate_bits_per_s;
    const double rtt = 4 * incast.cable_s + 2 * incast.switch_s + 2 * packet_s_;
    senders_.resize(static_cast<std::size_t>(incast.senders));
    for (int s = 0; s < incast.senders; ++s) {
      Sender& sender = senders_[static_cast<std::size_t>(s)];
      sender.segments.resize(static_cast<std::size_t>(incast.segments));
      sender.srtt = rtt;  // the handshake's sample (RFC 6298, 2.2)
      sender.rttvar = rtt / 2;
      push({.at = uniform(incast.start_jitter_s), .what = What::Begin, .sender = s});
    }
    outcome_.completion_s.assign(senders_.size(), kNever);
  }

  Outcome finish() {
    int open = incast_.senders;
    while (open > 0 && !events_.empty()) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      Sender& sender = senders_[static_cast<std::size_t>(event.sender)];
      switch (event.what) {
        case What::Begin:
          send_allowed(event.sender);
          break;
        case What::AtPort:
          at_port(event);
          break;
        case What::AtReceiver:
          open -= at_receiver(event) ? 1 : 0;
          break;
        case What::Acknowledged:
          acknowledged(event);
          break;
        case What::Timer:
          timer(event.sender, sender);
          break;
      }
    }
    return outcome_;
  }

 private:
  void push(Event event) {
    event.order = order_++;
    events_.push(event);
  }

  double uniform(double most) { return most * std::uniform_real_distribution<double>(0, 1)(random_); }

  void transmit(int index, int number) {
    Sender& sender = senders_[static_cast<std::size_t>(index)];
    Segment& segment = sender.segments[static_cast<std::size_t>(number)];
    if (segment.sent >= 0) segment.retransmitted = segment.resent = true;
    segment.lost = false;
    segment.sent = now_;
    sender.card_free = std::max(now_, sender.card_free) + packet_s_;
    push({.at = sender.card_free + incast_.cable_s + incast_.switch_s,
          .what = What::AtPort,
          .sender = index,
          .segment = number});
    if (sender.rto_at == kNever) restart_timer(index, sender);  // RFC 6298, 5.1
    schedule_probe(index, sender);
  }

  void at_port(const Event& event) {
    port_free_ = std::max(port_free_, now_);
    const double backlog = (port_free_ - now_) / packet_s_ * incast_.wire_bytes;
    if (backlog + incast_.wire_bytes > incast_.buffer_bytes) {
      ++outcome_.dropped;
      return;
    }
    port_free_ += packet_s_;
    push({.at = port_free_ + incast_.cable_s,
          .what = What::AtReceiver,
          .sender = event.sender,
          .segment = event.segment});
  }

  /// @return True when this segment completes the sender's.
  bool at_receiver(const Event& event) {
    Sender& sender = senders_[static_cast<std::size_t>(event.sender)];
    sender.segments[static_cast<std::size_t>(event.segment)].received = true;
    const int before = sender.expected;
    while (sender.expected < incast_.segments && sender.segments[static_cast<std::size_t>(sender.expected)].received) {
      ++sender.expected;
    }
    push({.at = now_ + 2 * incast_.cable_s + incast_.switch_s + uniform(incast_.answer_jitter_s),
          .what = What::Acknowledged,
          .sender = event.sender,
          .segment = event.segment,
          .cumulative = sender.expected});
    if (sender.expected < incast_.segments || before == incast_.segments) return false;
    outcome_.completion_s[static_cast<std::size_t>(event.sender)] = now_;
    return true;
  }

  /// RFC 6298, 2.3, from segments that were sent once.
  static void sample(Sender& sender, double rtt) {
    sender.rttvar = 0.75 * sender.rttvar + 0.25 * std::abs(sender.srtt - rtt);
    sender.srtt = 0.875 * sender.srtt + 0.125 * rtt;
  }

  void acknowledged(const Event& event) {
    Sender& sender = senders_[static_cast<std::size_t>(event.sender)];
    if (sender.una >= incast_.segments) return;
    Segment& segment = sender.segments[static_cast<std::size_t>(event.segment)];
    if (!segment.retransmitted) sample(sender, now_ - segment.sent);
    int newly = segment.sacked ? 0 : 1;
    segment.sacked = true;
    segment.lost = false;
    const bool advanced = event.cumulative > sender.una;
    if (advanced) {
      sender.una = event.cumulative;
      sender.backoff = 0;
      sender.probed = false;
      if (sender.una >= incast_.segments) {
        sender.rto_at = sender.probe_at = kNever;
        return;
      }
      if (sender.una >= sender.recovery_point) sender.recovering = sender.after_timeout = false;
    }
    judge(sender);
    if (!sender.recovering) {
      sender.window += sender.window < sender.threshold ? newly : newly / sender.window;
    }
    if (advanced || newly > 0) restart_timer(event.sender, sender);
    send_allowed(event.sender);
    schedule_probe(event.sender, sender);
  }

  /// RFC 6675, IsLost(): three segments above it have been selectively acknowledged.
  void judge(Sender& sender) {
    bool found = false;
    int above = 0;
    for (int s = sender.next - 1; s >= sender.una; --s) {
      Segment& segment = sender.segments[static_cast<std::size_t>(s)];
      if (segment.sacked) {
        ++above;
      } else if (above >= kDupThresh && !segment.lost && !segment.resent) {
        segment.lost = found = true;
      }
    }
    if (found && !sender.recovering && !sender.after_timeout) {
      sender.recovering = true;
      sender.recovery_point = sender.next;
      sender.threshold = sender.window = std::max(2.0, std::floor(sender.window * kBeta));
    }
  }

  /// RFC 6675, SetPipe().
  static int pipe(const Sender& sender) {
    int in_flight = 0;
    for (int s = sender.una; s < sender.next; ++s) {
      const Segment& segment = sender.segments[static_cast<std::size_t>(s)];
      in_flight += !segment.sacked && !segment.lost ? 1 : 0;
    }
    return in_flight;
  }

  /// RFC 6675, NextSeg(): what is lost first, then what is new.
  void send_allowed(int index) {
    Sender& sender = senders_[static_cast<std::size_t>(index)];
    for (int room = static_cast<int>(sender.window) - pipe(sender); room > 0; --room) {
      int number = sender.una;
      while (number < sender.next && !sender.segments[static_cast<std::size_t>(number)].lost) ++number;
      if (number == incast_.segments) return;
      sender.next = std::max(sender.next, number + 1);
      transmit(index, number);
    }
  }

  void restart_timer(int index, Sender& sender) {
    const double base = sender.srtt + std::max(kMinRto, 4 * sender.rttvar);
    sender.rto_at = now_ + std::min(kMaxRto, std::ldexp(base, sender.backoff));
    push({.at = sender.rto_at, .what = What::Timer, .sender = index});
  }

  /// RFC 8985, 7.2: after each transmission and acknowledgement, unless recovery is under way or a probe was sent. A
  /// lone segment's answer may be delayed, so that its timeout comes first. Segments that were acknowledged selectively
  /// do not forbid a probe, as they do where RACK would act on them.
  void schedule_probe(int index, Sender& sender) {
    const bool allowed = !sender.probed && !sender.recovering && !sender.after_timeout && sender.next - sender.una > 1;
    sender.probe_at = allowed ? now_ + 2 * sender.srtt + kProbeAllowance : kNever;
    if (allowed) push({.at = sender.probe_at, .what = What::Timer, .sender = index});
  }

  void timer(int index, Sender& sender) {
    if (now_ == sender.probe_at) {
      probe(index, sender);
    } else if (now_ == sender.rto_at) {
      timeout(index, sender);
    }
  }

  /// RFC 8985, 7.3: a new segment if there is one, else the last one again; the timer restarts.
  void probe(int index, Sender& sender) {
    ++outcome_.probes;
    sender.probed = true;
    const int number = sender.next < incast_.segments ? sender.next++ : sender.next - 1;
    transmit(index, number);
    restart_timer(index, sender);
  }

  /// RFC 6298, 5.4 to 5.6 and RFC 6675, 5.1: all that is not acknowledged is lost, one segment leaves.
  void timeout(int index, Sender& sender) {
    ++outcome_.timeouts;
    if (!sender.after_timeout) sender.threshold = std::max(2.0, std::floor(sender.window * kBeta));
    sender.window = 1;
    sender.after_timeout = true;
    sender.recovering = false;
    sender.recovery_point = sender.next;
    sender.probe_at = kNever;
    ++sender.backoff;
    for (int s = sender.una; s < sender.next; ++s) {
      Segment& segment = sender.segments[static_cast<std::size_t>(s)];
      segment.lost = !segment.sacked;
      segment.resent = false;
    }
    restart_timer(index, sender);
    send_allowed(index);
  }

  Incast incast_;
  std::mt19937_64 random_;
  double packet_s_ = 0;
  double now_ = 0;
  double port_free_ = 0;
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::vector<Sender> senders_;
  Outcome outcome_;
};

}  // namespace

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double Outcome::median() const { return median_of(completion_s); }
double Outcome::last() const { return *std::max_element(completion_s.begin(), completion_s.end()); }

Outcome run(const Incast& incast) { return Run(incast).finish(); }

Medians medians(Incast incast, int seeds) {
  std::vector<double> median;
  std::vector<double> last;
  for (int seed = 1; seed <= seeds; ++seed) {
    incast.seed = static_cast<std::uint64_t>(seed);
    const Outcome outcome = run(incast);
    median.push_back(outcome.median());
    last.push_back(outcome.last());
  }
  return {median_of(median), median_of(last)};
}

}  // namespace packet_tcp
