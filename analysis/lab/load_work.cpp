#include "analysis/lab/load_work.h"

#include "models/service/unawaited.h"
#include "models/walk/compile.h"

namespace knetsim::lab {
namespace {

/// What every packet takes on its way, data or not; the ends of data and of ACKs are kinds of their own.
bool of_way(StepKind kind) {
  switch (info(kind).unit) {
    case CostUnit::Skb:
    case CostUnit::Rule:
    case CostUnit::Lookup:
    case CostUnit::Match:
      return info(kind).side != StepSide::Sender && info(kind).side != StepSide::Receiver;
    default:
      return false;
  }
}

LabWork stream_work(LabCase path) {
  path.operation = Operation::RoundTrip;
  path.bytes = 1;
  LabWork work = work_of(path);
  const double skbs = kBulkWriteBytes / kStreamSkbBytes;
  const double acks = skbs;
  const auto times = [&](StepKind kind) {
    if (of_way(kind)) return skbs + acks;
    if (info(kind).unit == CostUnit::Byte) return static_cast<double>(kBulkWriteBytes);
    return info(kind).unit == CostUnit::Skb ? skbs : 1.0;  // once a write
  };
  for (std::size_t i = 0; i < kStepKinds; ++i) work.count[i] *= times(static_cast<StepKind>(i)) / 2 / kBulkWriteBytes;
  // Few rules, all in the cache: those that an established packet meets.
  for (LabWork::Scan& scan : work.scans) scan.rules *= (skbs + acks) / 2 / kBulkWriteBytes;
  work.count[static_cast<std::size_t>(StepKind::Ack)] += 2 * acks / kBulkWriteBytes;  // sent, and received
  return work;
}

// connect() holds the handshake's third packet already.
constexpr double kClosingPackets = kUnawaitedPackets - 1;
constexpr double kCloses = 1 + kPassiveClose;

LabWork connection_work(LabCase path) {
  path.operation = Operation::Connect;
  LabWork work = work_of(path);
  path.operation = Operation::RoundTrip;
  const LabWork trip = work_of(path);
  for (std::size_t i = 0; i < kStepKinds; ++i) {
    const auto kind = static_cast<StepKind>(i);
    work.count[i] += trip.count[i] * (of_way(kind) ? 1 + kClosingPackets / 2 : 1);
  }
  work.count[static_cast<std::size_t>(StepKind::Accept)] += 1;
  work.count[static_cast<std::size_t>(StepKind::Close)] += kCloses;
  return work;
}

}  // namespace

LabWork work_of(const LoadCase& load) {
  LabCase path = load.path;
  switch (load.kind) {
    case LoadKind::Bulk:
      return stream_work(path);
    case LoadKind::Requests:
      path.operation = Operation::RoundTrip;
      return work_of(path);
    case LoadKind::Connections:
      return connection_work(path);
  }
  return {};
}

double wire_payload_rate(const LoadCase& load, const CostProfile& profile) {
  const Plan plan = compile(data_walk(load.path), profile, plan_tables(profile), {});
  const Bytes segment(plan.max_segment_bytes);
  const Bytes wire = plan.packets_of(segment, false).bytes;
  return load.path.setup.wire_mbit * 1e6 / 8 * static_cast<double>(segment.count()) / static_cast<double>(wire.count());
}

}  // namespace knetsim::lab
