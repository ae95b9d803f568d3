#include "sim/net/scoreboard.h"

#include <algorithm>

#include "sim/core/ensure.h"

namespace knetsim {
namespace {

// Acknowledged segments are forgotten in blocks of at least this many.
constexpr std::uint32_t kForget = 4096;

}  // namespace

Scoreboard::Scoreboard(std::uint32_t una, std::uint32_t next, std::uint32_t held, Time sent_at)
    : base_(una), una_(una), next_(una), lost_from_(una), judged_(una) {
  sent({una, next - una}, sent_at);
  for (std::uint32_t s = una; s < held; ++s) {
    at(s).flags |= kHeld;
  }
}

void Scoreboard::sent(SegmentRange range, Time now) {
  for (std::uint32_t s = range.first; s < range.first + range.count; ++s) {
    if (s == next_) {
      segments_.emplace_back();
      ++next_;
    } else {
      Segment& again = at(s);
      lost_ -= (again.flags & kLost) != 0 ? 1 : 0;
      again.flags = static_cast<std::uint8_t>((again.flags & (kHeld | kAcknowledged)) | kResent);
    }
    at(s).order = first_sending_ + static_cast<std::uint32_t>(sendings_.size());
    sendings_.push_back({s, now});
  }
}

void Scoreboard::dropped(SegmentRange range) {
  for (std::uint32_t s = std::max(range.first, una_); s < range.first + range.count; ++s) {
    at(s).flags |= kDropped;
  }
}

bool Scoreboard::needed(SegmentRange range) const {
  for (std::uint32_t s = range.first; s < range.first + range.count; ++s) {
    if (s < una_ || (at(s).flags & kDropped) == 0) return false;
  }
  return true;
}

std::uint32_t Scoreboard::take_in(SegmentRange range) {
  std::uint32_t fresh = 0;
  for (std::uint32_t s = std::max(range.first, una_); s < range.first + range.count; ++s) {
    Segment& segment = at(s);
    fresh += (segment.flags & kHeld) == 0 ? 1 : 0;
    segment.flags |= kHeld;
  }
  return fresh;
}

std::uint32_t Scoreboard::acknowledge(SegmentRange range) {
  std::uint32_t news = 0;
  for (std::uint32_t s = std::max(range.first, una_); s < range.first + range.count; ++s) {
    Segment& segment = at(s);
    if ((segment.flags & kAcknowledged) != 0) {
      continue;
    }
    KNETSIM_ENSURE((segment.flags & kHeld) != 0, "what is acknowledged was received");
    lost_ -= (segment.flags & kLost) != 0 ? 1 : 0;
    segment.flags = static_cast<std::uint8_t>((segment.flags & ~kLost) | kAcknowledged);
    newest_acknowledged_order_ = std::max(newest_acknowledged_order_, segment.order);
    ++sacked_;
    ++news;
    std::uint32_t mark = s + 1;
    for (std::uint32_t& high : highest_) {
      if (mark > high) std::swap(mark, high);
    }
  }
  advance();
  return news;
}

void Scoreboard::advance() {
  while (una_ < next_ && (at(una_).flags & kAcknowledged) != 0) {
    ++una_;
    --sacked_;
  }
  while (!sendings_.empty() &&
         (sendings_.front().segment < una_ || at(sendings_.front().segment).order != first_sending_)) {
    sendings_.pop_front();
    ++first_sending_;
  }
  if (una_ - base_ >= kForget && una_ - base_ >= segments_.size() / 2) {
    segments_.erase(segments_.begin(), segments_.begin() + (una_ - base_));
    base_ = una_;
  }
}

void Scoreboard::lose(std::uint32_t segment) {
  at(segment).flags |= kLost;
  ++lost_;
  lost_from_ = std::min(lost_from_, segment);
}

bool Scoreboard::judge_by_count() {
  bool found = false;
  const std::uint32_t below = highest_[kDupThresh - 1] == 0 ? 0 : highest_[kDupThresh - 1] - 1;
  for (judged_ = std::max(judged_, una_); judged_ < below; ++judged_) {
    if ((at(judged_).flags & (kAcknowledged | kLost | kResent)) == 0) {
      lose(judged_);
      found = true;
    }
  }
  return found;
}

std::optional<Time> Scoreboard::overtaken() {
  // What is at the front and was acknowledged, sent again or taken for lost since has nothing to say.
  while (!sendings_.empty() && first_sending_ < newest_acknowledged_order_) {
    const std::uint32_t s = sendings_.front().segment;
    if (s >= una_ && at(s).order == first_sending_ && (at(s).flags & (kAcknowledged | kLost)) == 0) {
      return sendings_.front().at;
    }
    sendings_.pop_front();
    ++first_sending_;
  }
  return std::nullopt;
}

bool Scoreboard::judge_by_order(Time sent_by) {
  bool found = false;
  for (std::optional<Time> sent = overtaken(); sent && *sent <= sent_by; sent = overtaken()) {
    lose(sendings_.front().segment);
    found = true;
  }
  return found;
}

void Scoreboard::lose_all() {
  for (std::uint32_t s = una_; s < next_; ++s) {
    Segment& segment = at(s);
    segment.flags = static_cast<std::uint8_t>(segment.flags & ~kResent);
    if ((segment.flags & (kAcknowledged | kLost)) == 0) {
      lose(s);
    }
  }
}

SegmentRange Scoreboard::first_lost(std::uint32_t limit) {
  if (lost_ == 0) {
    lost_from_ = next_;
    return {};
  }
  lost_from_ = std::max(lost_from_, una_);
  while ((at(lost_from_).flags & kLost) == 0) {
    ++lost_from_;
  }
  SegmentRange run{lost_from_, 0};
  while (run.count < limit && run.first + run.count < next_ && (at(run.first + run.count).flags & kLost) != 0) {
    ++run.count;
  }
  return run;
}

std::uint32_t Scoreboard::last_unacknowledged() const {
  std::uint32_t s = next_ - 1;
  while (s > una_ && (at(s).flags & kAcknowledged) != 0) {
    --s;
  }
  return s;
}

}  // namespace knetsim
