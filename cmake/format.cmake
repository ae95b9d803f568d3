# Targets `format` and `check_format`; ./dev format and ./dev check run the same script.
add_custom_target(format COMMAND sh ${CMAKE_SOURCE_DIR}/cmake/format.sh COMMENT "clang-format" USES_TERMINAL)
add_custom_target(check_format COMMAND sh ${CMAKE_SOURCE_DIR}/cmake/format.sh --check COMMENT "clang-format --dry-run"
                  USES_TERMINAL)
