#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace knetsim::lab {

/// The modules of one kernel that lie in a folder, and what each needs. Read from the modules themselves, so that a
/// kernel package need not be installed (which runs depmod) but only unpacked.
class KernelModules {
 public:
  /// @param folder  "/lib/modules/6.1.0-56-cloud-amd64"
  explicit KernelModules(const std::filesystem::path& folder);

  /// Files of the modules of these names and of all that they need, what is needed first. Those that are built into the
  /// kernel need no file.
  /// @param missing  Gets the names of modules that are neither.
  std::vector<std::filesystem::path> load_order(const std::vector<std::string>& names,
                                                std::vector<std::string>& missing) const;

 private:
  void add(const std::string& name, std::set<std::string>& done, std::vector<std::filesystem::path>& order,
           std::vector<std::string>& missing) const;

  std::map<std::string, std::filesystem::path> files_;
  std::set<std::string> built_in_;
};

/// Names in a module's "depends=" (section .modinfo); "-" and "_" are one in names of modules, here "_".
std::vector<std::string> module_needs(const std::string& module_bytes);

}  // namespace knetsim::lab
