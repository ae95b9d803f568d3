# Everything comes from Debian's packages (./dev setup installs them). Headers of libraries are system headers: their warnings are not ours.
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED)  # header-only parts: Graph, Math, Random
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(CLI11 2.1 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5)
pkg_check_modules(FYAML REQUIRED IMPORTED_TARGET libfyaml)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_library(HDF5_HL_LIBRARY NAMES hdf5_serial_hl hdf5_hl REQUIRED)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)

add_library(knetsim_hdf5 INTERFACE)
target_link_libraries(knetsim_hdf5 INTERFACE ${HDF5_HL_LIBRARY} PkgConfig::HDF5)
add_library(knetsim_random123 INTERFACE)
target_include_directories(knetsim_random123 SYSTEM INTERFACE ${RANDOM123_INCLUDE_DIR})
