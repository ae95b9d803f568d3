#include <gtest/gtest.h>

#include "hand_walks.h"
#include "models/service/plan_book.h"
#include "sim/net/generators.h"
#include "sim/net/network.h"

// Goal: on an idle network without noise a message takes what its walk says, step by step, and nothing else but the
// links. Method: the three walks written out by hand (hand_walks.h), played by the engine between three machines of
// many cores; the service time of all kinds but the wire against the hand's sums, and no waiting.

namespace knetsim {
namespace {

constexpr std::uint32_t kCores = 64;
constexpr double kRoundingNs = 0.1;  // each term of a plan is rounded to a picosecond

Cpus& with_three_machines(Cpus& cpus) {
  for (int host = 0; host < 3; ++host) cpus.add_node(kCores);
  return cpus;
}

/// Plays one message after another.
class Player final : public MessageOwner, public EventHandler {
 public:
  Player(const HandCase& example, const PlanBook::Entry& entry, const PlanTables& tables)
      : topology_(single_switch({.hosts = {.count = 3}})),
        routing_(topology_),
        scheduler_(1 + 3 + Network::sources_needed(topology_)),
        cpus_(scheduler_, 1),
        network_(scheduler_, with_three_machines(cpus_), topology_, routing_, tables, RandomStreams(1), {}, 1 + 3),
        handler_(scheduler_.add(*this)) {
    network_.set_owner(*this);
    FlowSpec spec;
    spec.plans = &entry.plans;
    spec.nodes = {0, 1, 2};
    spec.tuple = {.src_address = 0x0af40002,
                  .dst_address = 0x0af40102,
                  .src_port = 40'001,
                  .dst_port = 80,
                  .protocol = kProtocolTcp};
    spec.encapsulation = entry.walks[0].encapsulation;
    spec.symbols = hand_bindings().connection;
    for (HostId host = 0; host < 3; ++host) network_.set_symbols(host, hand_bindings().node[0]);
    spec.outer_untracked = 1;
    spec.id = example.name.size();
    flow_ = network_.open(spec, scheduler_.now());
    last_node_ = static_cast<HostId>(entry.nodes.size() - 1);
  }

  /// Sends one message and waits for its end. @return its time by kind; a First's includes the SYN-ACK's.
  TimeSplit play(FlowPacket packet, Bytes payload) {
    split_ = {};
    const Time now = scheduler_.now();
    split_.clock = now;
    const HostId from = packet == FlowPacket::Response ? last_node_ : 0;
    reader_ = packet == FlowPacket::Request ? last_node_ : 0;
    const MessageIndex message = network_.prepare(flow_, packet, payload, 7, &split_, 0);
    const Duration burst = network_.sender_burst(message, cpus_.first_core(from) + kCores - 1, now);
    scheduler_.schedule(now + burst, 0, {handler_, 0, message, 0});
    scheduler_.run_until(now + std::chrono::milliseconds(10));
    EXPECT_TRUE(std::exchange(done_, false));
    return split_;
  }

  void on_event(Time now, const Event& event) override {
    split_.clock = now;
    network_.launch(event.a, now);
  }
  void on_message(Time now, MessageIndex message) override {
    const Network::ReceiverBurst burst = network_.receiver_burst(message, cpus_.first_core(reader_) + kCores - 1, now);
    split_.serve(burst.wake_kind, burst.wake);
    network_.release(message);
    done_ = true;
  }
  void on_lost(Time /*now*/, std::uint64_t /*cookie*/) override { FAIL(); }

 private:
  Topology topology_;
  Routing routing_;
  Scheduler scheduler_;
  Cpus cpus_;
  Network network_;
  std::uint16_t handler_;
  FlowIndex flow_ = 0;
  HostId last_node_ = 0;
  HostId reader_ = 0;
  TimeSplit split_;
  bool done_ = false;
};

double by_hand(const HandCase& example, PacketClass packet) {
  double sum = 0;
  for (const HandWalk& walk : example.walks) {
    if (walk.packet != packet) continue;
    for (const HandStage& stage : walk.stages) {
      for (const double ns : stage.ns) sum += ns;
    }
  }
  return sum;
}

TEST(IdleNetwork, WalksWrittenOutByHandTakeTheTimeThatTheySay) {
  const CostProfile profile = hand_profile();
  const PlanTables tables = plan_tables(profile);
  const auto proxy = make_proxy("iptables", hand_params());
  for (const HandCase& example : hand_cases()) {
    const auto cni = cni_kind_named(example.cni)->make({});
    const Datapath datapath{*proxy, *cni};
    PlanBook book(datapath, profile, tables, 1'500);
    Player player(example, book.at(example.flow), tables);
    const auto expect = [&](FlowPacket packet, double payload, double ns) {
      const TimeSplit split = player.play(packet, Bytes(static_cast<std::int64_t>(payload)));
      const double wire = 1e-3 * static_cast<double>(split.service[tables.wire_kind]);
      EXPECT_NEAR(to_nanoseconds(split.total()) - wire, ns, kRoundingNs)
          << example.name << ", packet " << static_cast<int>(packet);
      for (const std::int64_t wait : split.wait) EXPECT_EQ(wait, 0) << example.name;
      EXPECT_GT(wire, 1'000);  // two cables of 500 ns each way at least
    };
    expect(FlowPacket::First, 0, by_hand(example, PacketClass::First) + by_hand(example, PacketClass::SynAck));
    expect(FlowPacket::Request, example.payload_bytes, by_hand(example, PacketClass::Request));
    expect(FlowPacket::Response, example.payload_bytes, by_hand(example, PacketClass::Response));
  }
}

}  // namespace
}  // namespace knetsim
