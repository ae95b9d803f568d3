# One direction of dependency, enforced by the include path: each code folder is a library whose public include root holds
# that folder alone (a link in the build tree). A source can include a header only if its own target links, directly or
# through another, the target that owns it.

# What the results depend on must not change with the compiler's taste: no fused multiply-add, no reassociation.
add_library(knetsim_flags INTERFACE)
target_compile_options(knetsim_flags INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wcast-align -Wunused -Wnull-dereference
  -ffp-contract=off
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)  # the same binary, and the same messages, wherever the tree stands
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside its own library headers at -O3 (GCC bugs 105329, 105562, 105651, 107852).
  target_compile_options(knetsim_flags INTERFACE -Wno-restrict -Wno-null-dereference -Wno-maybe-uninitialized
    -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(KNETSIM_SANITIZE)
  target_compile_options(knetsim_flags INTERFACE -fsanitize=${KNETSIM_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(knetsim_flags INTERFACE -fsanitize=${KNETSIM_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The checks that sanitizers insert make g++ warn of paths that are not there. Other presets compile with every warning.
    target_compile_options(knetsim_flags INTERFACE -w)
  endif()
endif()

if(CMAKE_UNITY_BUILD)  # what one source declares is in sight of the next; where each is compiled alone the warning holds
  target_compile_options(knetsim_flags INTERFACE -Wno-shadow)
endif()
if(KNETSIM_FUZZ)
  target_link_options(knetsim_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# knetsim_layer(<folder> SOURCES a.cpp ... KNOWS <folder> ... LIBRARIES <external target> ...)
# Target name: knetsim_<folder with _ for />. KNOWS names other code folders; LIBRARIES stays private to the folder.
function(knetsim_layer folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;KNOWS;LIBRARIES;PUBLIC_LIBRARIES" ${ARGN})
  string(REPLACE "/" "_" suffix ${folder})
  set(target knetsim_${suffix})
  set(root ${CMAKE_BINARY_DIR}/include_roots/${suffix})
  set_property(GLOBAL APPEND PROPERTY KNETSIM_LAYERS ${folder})  # read by the test of the include paths
  get_filename_component(parent ${root}/${folder} DIRECTORY)
  file(MAKE_DIRECTORY ${parent})
  file(GLOB layers_below CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*/CMakeLists.txt)
  if(layers_below)  # a link to the folder would show theirs too: its headers one by one
    if(IS_SYMLINK ${root}/${folder})  # of a configuration in which there was none below
      file(REMOVE ${root}/${folder})
    endif()
    file(MAKE_DIRECTORY ${root}/${folder})
    file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.h)
    foreach(header ${headers})
      get_filename_component(name ${header} NAME)
      file(CREATE_LINK ${header} ${root}/${folder}/${name} SYMBOLIC)
    endforeach()
  else()
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${folder} ${root}/${folder} SYMBOLIC)
  endif()
  if(ARG_SOURCES)
    add_library(${target} STATIC ${ARG_SOURCES})
    set(public PUBLIC)
    target_link_libraries(${target} PRIVATE knetsim_flags ${ARG_LIBRARIES})
    # A fuzzer looks at the counters of all branches after each input: with the 100,000 of all folders the target of objectives
    # read 4,702 inputs in a time in which it read 17,226 without looking. So only folders that read foreign bytes have them.
    if(KNETSIM_FUZZ AND folder MATCHES "^(sim/(input|output)|models/(cost|cluster)|analysis(/(lab|results))?|app/scenario)$")
      target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
  else()
    add_library(${target} INTERFACE)
    set(public INTERFACE)
  endif()
  target_include_directories(${target} ${public} ${root})
  foreach(known ${ARG_KNOWS})
    string(REPLACE "/" "_" known_suffix ${known})
    target_link_libraries(${target} ${public} knetsim_${known_suffix})
  endforeach()
  if(ARG_PUBLIC_LIBRARIES)
    target_link_libraries(${target} ${public} ${ARG_PUBLIC_LIBRARIES})
  endif()
endfunction()
