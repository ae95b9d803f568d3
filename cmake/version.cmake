# Run at build time (cmake -P): asks git which commit this is and writes the header only where that changed, so that a commit
# recompiles one file. Without git, or outside a work tree (a source archive), the commit is "unknown".
set(GIT_SHA unknown)
set(GIT_DIRTY false)
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} rev-parse --show-toplevel HEAD
                  OUTPUT_VARIABLE answer RESULT_VARIABLE failed ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  string(REPLACE "\n" ";" answer "${answer}")
  list(LENGTH answer lines)
  if(NOT failed AND lines EQUAL 2)
    list(GET answer 0 top)
    file(REAL_PATH ${SOURCE_DIR} here)
    if(top STREQUAL here)  # an archive unpacked inside some other repository has no commit of its own
      list(GET answer 1 GIT_SHA)
      execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} status --porcelain --untracked-files=no
                      OUTPUT_VARIABLE changes ERROR_QUIET)
      if(changes)
        set(GIT_DIRTY true)
      endif()
    endif()
  endif()
endif()
configure_file(${SOURCE_DIR}/cmake/version.h.in ${OUTPUT} @ONLY)
