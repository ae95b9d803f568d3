#pragma once

#include <sys/mman.h>
#include <sys/types.h>

#include <functional>
#include <new>
#include <string>
#include <type_traits>
#include <vector>

#include "analysis/lab/descriptor.h"
#include "analysis/lab/lab_error.h"

namespace knetsim::lab {

/// A client or server of the lab: a process, since those of a cluster are processes, and going from one to another
/// changes page tables. It ends with its owner, and with this process, however that ends.
class WorkerProcess {
 public:
  /// What the worker may tell once: that it is under way.
  using Ready = std::function<void()>;

  /// Forks. `work` runs in the child, with those of the open files alone that it is given; standard ones stay.
  /// @pre Called by a thread that lives as long as the worker is to. @throws LabError
  WorkerProcess(std::vector<int> files, const std::function<void(const Ready&)>& work);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// Waits until the worker says so. @throws LabError  It has failed, and why.
  void wait_until_ready();
  /// Waits until the worker has come to its end. @throws LabError  It has failed, and why.
  void wait_until_ended();
  /// Goes on on one CPU. @throws LabError
  void pin_to(int cpu) const;
  /// Whether it lets whoever wakes it finish first.
  void give_way(bool batch) const;
  pid_t id() const { return child_; }
  /// CPU time until now, nanoseconds: user, system, and what interrupts and softirqs took while it ran, unless the
  /// kernel keeps these apart (CONFIG_IRQ_TIME_ACCOUNTING).
  double cpu_ns() const;

 private:
  std::string hear() const;

  pid_t child_ = -1;
  Descriptor told_;  // the worker's words: kReady, or why it failed
};

/// A value that this process and the workers forked after it see. T holds atomics.
template <class T>
class Shared {
 public:
  Shared() {
    static_assert(std::is_trivially_destructible_v<T>);
    void* memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw LabError("no memory to share with a process");
    value_ = new (memory) T{};
  }
  ~Shared() { ::munmap(value_, sizeof(T)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  T* operator->() const { return value_; }

 private:
  T* value_;
};

}  // namespace knetsim::lab
