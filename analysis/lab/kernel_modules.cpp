#include "analysis/lab/kernel_modules.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "analysis/lab/file_bytes.h"

namespace knetsim::lab {
namespace {

namespace fs = std::filesystem;

/// "kernel/net/netfilter/xt_set.ko" -> "xt_set"
std::string module_name(const fs::path& file) {
  std::string name = file.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace

std::vector<std::string> module_needs(const std::string& module_bytes) {
  const std::string key("\0depends=", 9);
  const std::size_t found = module_bytes.find(key);
  if (found == std::string::npos) return {};
  std::istringstream list(std::string(module_bytes.c_str() + found + key.size()));
  std::vector<std::string> names;
  for (std::string name; std::getline(list, name, ',');) {
    std::replace(name.begin(), name.end(), '-', '_');
    names.push_back(name);
  }
  return names;
}

KernelModules::KernelModules(const fs::path& folder) {
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder / "kernel", error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".ko") files_[module_name(at->path())] = at->path();
  }
  std::ifstream list(folder / "modules.builtin");
  for (std::string line; std::getline(list, line);) built_in_.insert(module_name(line));
}

void KernelModules::add(const std::string& name, std::set<std::string>& done, std::vector<fs::path>& order,
                        std::vector<std::string>& missing) const {
  if (built_in_.contains(name) || !done.insert(name).second) return;
  const auto found = files_.find(name);
  if (found == files_.end()) {
    missing.push_back(name);
    return;
  }
  for (const std::string& needed : module_needs(file_bytes(found->second))) add(needed, done, order, missing);
  order.push_back(found->second);
}

std::vector<fs::path> KernelModules::load_order(const std::vector<std::string>& names,
                                                std::vector<std::string>& missing) const {
  std::set<std::string> done;
  std::vector<fs::path> order;
  for (const std::string& name : names) add(name, done, order, missing);
  return order;
}

}  // namespace knetsim::lab
