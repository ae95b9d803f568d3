// Goal: the guest's file system holds what the lab needs, in the form that the kernel unpacks. Method: the archive is
// read back field by field, as Documentation/driver-api/early-userspace/buffer-format.rst gives them; modules are made
// by hand. The kernel itself is the judge in emulated_lab_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "analysis/lab/cpio_archive.h"
#include "analysis/lab/emulator.h"
#include "analysis/lab/file_bytes.h"
#include "analysis/lab/guest_image.h"
#include "analysis/lab/kernel_modules.h"
#include "analysis/lab/lab_error.h"
#include "support/temporary_folder.h"

namespace knetsim::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CpioArchive, IsReadBackFieldByField) {
  CpioArchive archive;
  archive.add_file("usr/sbin/ip", "five!", 0755);
  archive.add_file("usr/sbin/ip", "again");  // the first one stays
  archive.add_folder("proc");
  const std::string bytes = archive.finish();
  std::vector<std::string> names;
  std::size_t at = 0;
  const auto field = [&](std::size_t number) { return std::stoul(bytes.substr(at + 6 + 8 * number, 8), nullptr, 16); };
  while (at < bytes.size()) {
    ASSERT_EQ(bytes.substr(at, 6), "070701");
    ASSERT_EQ(at % 4, 0U);
    const std::string name = bytes.c_str() + at + 110;
    EXPECT_EQ(field(11), name.size() + 1);
    const std::size_t contents = (at + 110 + field(11) + 3) / 4 * 4;
    names.push_back(name);
    if (name == "usr/sbin/ip") {
      EXPECT_EQ(field(1), 0100755U);
      EXPECT_EQ(bytes.substr(contents, field(6)), "five!");
    }
    if (name == "proc") {
      EXPECT_EQ(field(1), 040755U);
    }
    at = (contents + field(6) + 3) / 4 * 4;
  }
  EXPECT_THAT(names, ElementsAre("usr", "usr/sbin", "usr/sbin/ip", "proc", "TRAILER!!!"));
}

TEST(KernelModules, AreLoadedAfterWhatTheyNeed) {
  const TemporaryFolder folder;
  using std::string_literals::operator""s;
  folder.write("kernel/net/xt_set.ko", "ELF\0license=GPL\0depends=ip_set,x-tables\0name=xt_set\0"s);
  folder.write("kernel/net/ip_set.ko", "ELF\0depends=nfnetlink\0"s);
  folder.write("kernel/net/x_tables.ko", "ELF\0depends=\0"s);
  folder.write("modules.builtin", "kernel/net/nfnetlink.ko\n");
  std::vector<std::string> missing;
  std::vector<std::string> order;
  for (const auto& file : KernelModules(folder.path()).load_order({"xt_set", "ip_set", "nothing"}, missing)) {
    order.push_back(file.filename().string());
  }
  EXPECT_THAT(order, ElementsAre("ip_set.ko", "x_tables.ko", "xt_set.ko"));
  EXPECT_THAT(missing, ElementsAre("nothing"));
}

std::string error_of(const std::function<void()>& what) {
  try {
    what();
  } catch (const LabError& error) {
    return error.what();
  }
  return "no error";
}

TEST(GuestImage, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { find_guest_kernel(folder.path().string()); }), HasSubstr("./dev setup lab"));
  folder.write("boot/vmlinuz-6.1.0-9-cloud-amd64", "image");
  EXPECT_THAT(error_of([&] { find_guest_kernel(folder.path().string()); }), HasSubstr("with its modules"));
  folder.write("lib/modules/6.1.0-9-cloud-amd64/kernel/packed.ko.xz", "");
  const GuestKernel kernel = find_guest_kernel(folder.path().string());
  EXPECT_EQ(kernel.release, "6.1.0-9-cloud-amd64");
  folder.write("boot/vmlinuz-6.1.0-56-cloud-amd64", "image");
  folder.write("lib/modules/6.1.0-56-cloud-amd64/kernel/packed.ko.xz", "");
  EXPECT_EQ(find_guest_kernel(folder.path().string()).release, "6.1.0-56-cloud-amd64") << "56 is newer than 9";
  EXPECT_THAT(error_of([&] { file_bytes(folder / "gone.ko"); }), HasSubstr("gone.ko cannot be read"));
  std::vector<std::string> notes;
  EXPECT_THAT(error_of([&] { guest_image(kernel, KNETSIM_PROGRAM, {.program = KNETSIM_PROGRAM}, notes); }),
              HasSubstr("no modules (*.ko, not compressed)"));
}

}  // namespace
}  // namespace knetsim::lab
