// Goal: a worker of the lab is a process that ends with its owner, keeps no file of another one open, and says why it
// failed. Method: workers that do one thing each; no namespaces, so that it runs anywhere.

#include "analysis/lab/worker_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <thread>

namespace knetsim::lab {
namespace {

using namespace std::chrono_literals;

void wait_for_ever() {
  while (true) ::pause();
}

TEST(WorkerProcess, SharesWhatIsSharedAndNothingElse) {
  int own = 1;
  const Shared<std::atomic<int>> shared;
  WorkerProcess worker({}, [&](const WorkerProcess::Ready& ready) {
    own = 2;
    shared->store(own);
    ready();
    wait_for_ever();
  });
  worker.wait_until_ready();
  EXPECT_EQ(shared->load(), 2);
  EXPECT_EQ(own, 1);
}

TEST(WorkerProcess, SaysWhyItFailed) {
  WorkerProcess worker({}, [](const WorkerProcess::Ready&) { throw LabError("no route to anywhere"); });
  try {
    worker.wait_until_ready();
    FAIL();
  } catch (const LabError& error) {
    EXPECT_STREQ(error.what(), "no route to anywhere");
  }
}

TEST(WorkerProcess, OneThatEndsByItselfIsAFailureToo) {
  WorkerProcess worker({}, [](const WorkerProcess::Ready&) {});
  EXPECT_THROW(worker.wait_until_ready(), LabError);
  EXPECT_NO_THROW(worker.wait_until_ended()) << "where an end is waited for, it is none";
}

TEST(WorkerProcess, HasOnlyTheFilesItIsGiven) {
  const Descriptor given(::eventfd(0, EFD_CLOEXEC));
  const Descriptor other(::eventfd(0, EFD_CLOEXEC));
  WorkerProcess worker({given.get()}, [&](const WorkerProcess::Ready& ready) {
    const auto is_open = [](int fd) { return ::fcntl(fd, F_GETFD) >= 0; };
    if (!is_open(given.get()) || !is_open(1)) throw LabError("too few");
    if (is_open(other.get())) throw LabError("too many");
    ready();
  });
  EXPECT_NO_THROW(worker.wait_until_ready());
}

TEST(WorkerProcess, EndsWithItsOwnerAndCountsItsTime) {
  const Shared<std::atomic<std::uint64_t>> turns;
  auto worker = std::make_unique<WorkerProcess>(std::vector<int>{}, [&](const WorkerProcess::Ready& ready) {
    ready();
    while (true) turns->fetch_add(1);
  });
  worker->wait_until_ready();
  for (int tries = 0; worker->cpu_ns() < 1e6 && tries < 1'000; ++tries) std::this_thread::sleep_for(5ms);
  EXPECT_GE(worker->cpu_ns(), 1e6);
  worker.reset();
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

// The lab may be killed at any moment: its workers go with it.
TEST(WorkerProcess, EndsWhenTheLabIsKilled) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t lab = ::fork();
  ASSERT_GE(lab, 0);
  if (lab == 0) {
    WorkerProcess worker({ends[1]}, [](const WorkerProcess::Ready& ready) {
      ready();
      wait_for_ever();
    });
    worker.wait_until_ready();
    ::kill(::getpid(), SIGKILL);
  }
  ::close(ends[1]);
  ASSERT_EQ(::waitpid(lab, nullptr, 0), lab);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0) << "the worker's end of the pipe has closed";
  ::close(ends[0]);
}

}  // namespace
}  // namespace knetsim::lab
