// What eBPF programs pay for on this machine's kernel: the figures of bpf.lookup, bpf.update and bpf.rewrite in the default
// profile, and that of a map entry written by a system call (models/proxy/ebpf.cpp). The unit of work is one operation:
// programs of eight of them run under BPF_PROG_TEST_RUN, whose own time for an empty program is taken off. Needs the
// right to load programs (CAP_BPF); skipped without it.

#include <benchmark/benchmark.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace {

constexpr int kOperations = 8;  // in a program
constexpr std::uint32_t kRuns = 100'000;

long bpf(int command, bpf_attr& attributes) { return ::syscall(SYS_bpf, command, &attributes, sizeof(attributes)); }

std::uint64_t address(const void* what) { return reinterpret_cast<std::uintptr_t>(what); }

int make_map(bpf_map_type type, std::uint32_t value_bytes, std::uint32_t entries) {
  bpf_attr attributes{};
  attributes.map_type = type;
  attributes.key_size = 16;
  attributes.value_size = value_bytes;
  attributes.max_entries = entries;
  return static_cast<int>(bpf(BPF_MAP_CREATE, attributes));
}

void write(int map, std::uint32_t key, std::uint32_t value_bytes) {
  const std::array<std::uint32_t, 4> full{key};
  const std::vector<char> value(value_bytes);
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(map);
  attributes.key = address(full.data());
  attributes.value = address(value.data());
  bpf(BPF_MAP_UPDATE_ELEM, attributes);
}

/// A program as it is put together. Registers and operations by their numbers (linux/bpf.h).
class Program {
 public:
  void add(int code, int to, int from, int offset, int value) {
    bpf_insn one{};
    one.code = static_cast<__u8>(code);
    one.dst_reg = static_cast<__u8>(to & 15);
    one.src_reg = static_cast<__u8>(from & 15);
    one.off = static_cast<__s16>(offset);
    one.imm = value;
    code_.push_back(one);
  }
  void call(int helper) { add(BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
  void set(int to, int value) { add(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value); }
  void stack_address(int to, int offset) {
    add(BPF_ALU64 | BPF_MOV | BPF_X, to, BPF_REG_10, 0, 0);
    add(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, offset);
  }
  void clear_stack(int bytes) {
    for (int offset = 8; offset <= bytes; offset += 8) add(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -offset, 0);
  }
  void map(int to, int file) {
    add(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, file);
    add(0, 0, 0, 0, 0);
  }
  /// A random number of so many bits becomes the key at the top of the stack.
  void random_key(int bits) {
    call(BPF_FUNC_get_prandom_u32);
    if (bits < 32) add(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, (1 << bits) - 1);
    add(BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, 0, -16, 0);
  }

  /// Nanoseconds of a run, the least of some; nothing where it cannot be loaded.
  double run() {
    set(0, 0);
    add(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    bpf_attr load{};
    load.prog_type = BPF_PROG_TYPE_SCHED_CLS;
    load.insns = address(code_.data());
    load.insn_cnt = static_cast<std::uint32_t>(code_.size());
    load.license = address("GPL");
    const auto file = static_cast<int>(bpf(BPF_PROG_LOAD, load));
    if (file < 0) return std::numeric_limits<double>::quiet_NaN();
    std::array<char, 64> packet{};
    double least = std::numeric_limits<double>::infinity();
    for (int i = 0; i < 10; ++i) {
      bpf_attr test{};
      test.test.prog_fd = static_cast<std::uint32_t>(file);
      test.test.data_in = address(packet.data());
      test.test.data_size_in = packet.size();
      test.test.repeat = kRuns;
      if (bpf(BPF_PROG_TEST_RUN, test) == 0) least = std::min(least, static_cast<double>(test.test.duration));
    }
    ::close(file);
    return least;
  }

 private:
  std::vector<bpf_insn> code_;
};

/// Reports what an operation takes: `with` has kOperations of it, `without` all else.
void report(benchmark::State& state, Program with, Program without) {
  for (auto _ : state) {
    const double each = (with.run() - without.run()) / kOperations;
    if (!(each < 1e9)) {
      state.SkipWithError("no right to load programs");
      return;
    }
    state.SetIterationTime(each * 1e-9);
  }
}

/// Keys of so many bits; 0 is one key that is asked for again and again.
void lookup(benchmark::State& state) {
  const auto bits = static_cast<int>(state.range(0));
  const int map = make_map(BPF_MAP_TYPE_HASH, 16, 1U << bits);
  for (std::uint32_t key = 0; key < 1U << bits; ++key) write(map, key, 16);
  Program with, without;
  for (Program* one : {&with, &without}) {
    one->clear_stack(16);
    for (int i = 0; i < kOperations; ++i) {
      one->random_key(bits);
      if (one == &without) continue;
      one->map(1, map);
      one->stack_address(2, -16);
      one->call(BPF_FUNC_map_lookup_elem);
    }
  }
  report(state, with, without);
  ::close(map);
}
BENCHMARK(lookup)->Arg(0)->Arg(6)->Arg(10)->Arg(14)->Arg(18)->UseManualTime()->Iterations(1);

void new_entry(benchmark::State& state) {
  constexpr int kValueBytes = 56;  // of a connection
  const int map = make_map(BPF_MAP_TYPE_LRU_HASH, kValueBytes, 1U << state.range(0));
  Program with, without;
  for (Program* one : {&with, &without}) {
    one->clear_stack(16 + kValueBytes);
    for (int i = 0; i < kOperations; ++i) {
      one->random_key(32);
      if (one == &without) continue;
      one->map(1, map);
      one->stack_address(2, -16);
      one->stack_address(3, -16 - kValueBytes);
      one->set(4, BPF_ANY);
      one->call(BPF_FUNC_map_update_elem);
    }
  }
  report(state, with, without);
  ::close(map);
}
BENCHMARK(new_entry)->Arg(14)->Arg(18)->UseManualTime()->Iterations(1);

void rewrite(benchmark::State& state) {
  constexpr int kAddress = 30, kIpChecksum = 24, kTcpChecksum = 50;
  Program with, without;
  for (Program* one : {&with, &without}) {
    one->add(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);
    one->clear_stack(8);
    for (int i = 0; one == &with && i < kOperations; ++i) {
      const auto argument = [&] { one->add(BPF_ALU64 | BPF_MOV | BPF_X, 1, 6, 0, 0); };
      argument();
      one->set(2, kAddress);
      one->stack_address(3, -4);
      one->set(4, 4);
      one->set(5, 0);
      one->call(BPF_FUNC_skb_store_bytes);
      for (const bool tcp : {false, true}) {
        argument();
        one->set(2, tcp ? kTcpChecksum : kIpChecksum);
        one->set(3, 1);
        one->set(4, 2);
        one->set(5, 4 | (tcp ? BPF_F_PSEUDO_HDR : 0));
        one->call(tcp ? BPF_FUNC_l4_csum_replace : BPF_FUNC_l3_csum_replace);
      }
    }
  }
  report(state, with, without);
}
BENCHMARK(rewrite)->UseManualTime()->Iterations(1);

void entry_by_system_call(benchmark::State& state) {
  const int map = make_map(BPF_MAP_TYPE_HASH, 12, 65'536);
  if (map < 0) {
    state.SkipWithError("no right to make maps");
    return;
  }
  std::uint32_t key = 0;
  for (auto _ : state) write(map, key++ % 30'000, 12);
  ::close(map);
}
BENCHMARK(entry_by_system_call);

}  // namespace
