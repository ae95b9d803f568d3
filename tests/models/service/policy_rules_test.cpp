// Goal: the counts of network policies' rules are those of kube-router's chains. Method: the chains of a node written out as
// pod.go writes them, a packet walked through them rule by rule, in every order that the pods may stand in.

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "models/service/policy_rules.h"
#include "models/walk/bindings.h"

namespace knetsim {
namespace {

struct WalkedPacket {
  int from = -1;  ///< Pods of the node, by number; -1: none of them.
  int to = -1;
  bool is_new = false;
  bool bridged = false;
  bool from_node = false;
};

/// Rules that a new packet meets in a pod's own chain for its policies.
constexpr int kOfPolicies = 7;

/// Walks a packet through KUBE-ROUTER-FORWARD or -OUTPUT of a node whose pods stand in this order.
class WrittenChains {
 public:
  WrittenChains(Hook hook, const std::vector<int>& order, const WalkedPacket& packet) : packet_(packet) {
    ++rules;  // the jump of the base chain
    for (const int pod : order) {
      if (accepted) return;
      jump(packet.to == pod, pod);  // -d POD
      if (hook == Hook::Forward) jump(packet.bridged && packet.to == pod, pod);
      jump(packet.from == pod, pod);  // -s POD
      if (hook == Hook::Forward) jump(packet.bridged && packet.from == pod, pod);
    }
    if (accepted) return;
    ++rules;  // -m mark --mark 0x20000 -j ACCEPT
    accepted = marked_;
  }

  int rules = 0;
  bool accepted = false;

 private:
  void jump(bool matches, int pod) {
    if (accepted) return;
    ++rules;
    if (!matches) return;
    ++rules;  // RELATED,ESTABLISHED
    if (!packet_.is_new) {
      accepted = true;
      return;
    }
    ++rules;  // the own node's, to the pod
    if (packet_.from_node && packet_.to == pod) {
      accepted = true;
      return;
    }
    rules += kOfPolicies + 4;  // NFLOG, REJECT, and two MARKs
    marked_ = true;
  }

  WalkedPacket packet_;
  bool marked_ = false;
};

struct Counted {
  double rules = 0;
  bool accepted = false;
};

/// The mean over all orders of this many pods.
Counted written(Hook hook, int pods, const WalkedPacket& packet) {
  std::vector<int> order(static_cast<std::size_t>(pods));
  std::iota(order.begin(), order.end(), 0);
  double sum = 0;
  double orders = 0;
  bool accepted = false;
  do {
    const WrittenChains walk(hook, order, packet);
    sum += walk.rules;
    accepted = walk.accepted;
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  return {sum / orders, accepted};
}

Counted modelled(Hook hook, int pods, const WalkedPacket& packet) {
  std::vector<Step> steps;
  StepSink sink{steps};
  const PolicyPassage passage{.from_pod = packet.from >= 0,
                              .to_pod = packet.to >= 0,
                              .bridged = packet.bridged,
                              .is_new = packet.is_new,
                              .from_node = packet.from_node};
  Counted counted;
  counted.accepted = PolicyRules(IptablesBackend::Legacy).at_hook(hook, passage, sink);
  Bindings bindings;
  bindings[Symbol::EgressRules] = bindings[Symbol::IngressRules] = kOfPolicies;
  MachineSymbols node{};
  set(node, Symbol::PolicyPods, pods);
  bindings.set_everywhere(node);
  for (const Step& step : steps) {
    if (step.kind == StepKind::Rule) counted.rules += value_of(step.count, bindings, step.node);
  }
  return counted;
}

TEST(PolicyRules, CountsAreThoseOfTheChainsAsTheyAreWritten) {
  for (const int pods : {2, 3, 5}) {
    for (const bool is_new : {false, true}) {
      for (const WalkedPacket& ends :
           {WalkedPacket{}, WalkedPacket{.from = 0}, WalkedPacket{.to = 1}, WalkedPacket{.from = 0, .to = 1}}) {
        for (const bool bridged : {false, true}) {
          if (bridged && (ends.from < 0 || ends.to < 0)) continue;
          WalkedPacket packet = ends;
          packet.is_new = is_new;
          packet.bridged = bridged;
          const Counted by_hand = written(Hook::Forward, pods, packet);
          const Counted model = modelled(Hook::Forward, pods, packet);
          EXPECT_NEAR(model.rules, by_hand.rules, 1e-4) << pods << " pods, new " << is_new << ", from " << ends.from
                                                        << ", to " << ends.to << ", bridged " << bridged;
          EXPECT_EQ(model.accepted, by_hand.accepted);
        }
        WalkedPacket packet = ends;
        packet.is_new = is_new;
        const Counted by_hand = written(Hook::Output, pods, packet);
        const Counted model = modelled(Hook::Output, pods, packet);
        EXPECT_NEAR(model.rules, by_hand.rules, 1e-4)
            << "OUTPUT, " << pods << " pods, new " << is_new << ", from " << ends.from << ", to " << ends.to;
        EXPECT_EQ(model.accepted, by_hand.accepted);
      }
    }
    const WalkedPacket probe{.to = 1, .is_new = true, .from_node = true};  // a kubelet's
    EXPECT_NEAR(modelled(Hook::Output, pods, probe).rules, written(Hook::Output, pods, probe).rules, 1e-4);
  }
}

}  // namespace
}  // namespace knetsim
