# Debian package of the program (./dev package): component knetsim. Library dependencies are read from the binary.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # packing needs the program, not the tests
install(TARGETS knetsim RUNTIME DESTINATION bin COMPONENT knetsim)
install(DIRECTORY configs/ DESTINATION share/knetsim/configs COMPONENT knetsim)
install(FILES README.md CHANGELOG.md DESTINATION share/doc/knetsim COMPONENT knetsim OPTIONAL)
install(FILES LICENSE DESTINATION share/doc/knetsim RENAME copyright COMPONENT knetsim)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR "knetsim")
set(CPACK_PACKAGE_CONTACT "The knetsim developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION "Reads unmodified Kubernetes manifests and a scenario, simulates the cluster's data path (kube-proxy\
 mode, pod network, topology) step by step, and compares latency, throughput and CPU between variants.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL knetsim)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_KNETSIM_PACKAGE_NAME knetsim)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
include(CPack)
