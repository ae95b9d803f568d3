#pragma once

#include <filesystem>
#include <string>

namespace knetsim::lab {

/// All of a file. @throws LabError  It cannot be read.
std::string file_bytes(const std::filesystem::path& file);

}  // namespace knetsim::lab
