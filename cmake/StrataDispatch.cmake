# One source for every processor.
#
#     strata_dispatch(<target> <source> [ARCHITECTURES sse4.2 avx2 avx512])
#
# Adds <source> to <target>, compiled once for each architecture and once for any x86-64. When the program starts, the
# best copy that the processor and the system can run is chosen; STRATA_ARCHITECTURE=<name> in the environment asks for
# a lesser one. Every function with external linkage that is not inline is an entry: it keeps its name and signature,
# and callers notice nothing but one jump. Elsewhere (not x86-64, not ELF) <source> is compiled once, as it is.
#
# Call it in the directory of <target>: an executable or a static, shared or module library.
# What crosses the entries is compiled on both sides and must mean the same to both: no Engine<Net> and no vector, whose
# sizes depend on the architecture; spans, standard containers, Model<Net> and abstract classes are fine.
# Variables stay private to each copy, in inline functions too.
#
# Why nothing can fault: inline functions and templates compiled for AVX-512 carry the same names as everyone's, and a
# linker keeps any one copy of a name. So each copy of <source> has every symbol that it defines renamed, `f` to
# `f.avx512`, COMDAT groups included (a demangler shows `f() [clone .avx512]`); only the type information of exceptions
# and casts, which is data, stays common. Its static initialisers are moved out of .init_array and run only where their
# architecture was chosen. The processor is asked with __builtin_cpu_supports, feature by feature as in the flags:
# unlike the detection of xsimd 8 it also asks whether the system saves the wide registers.

# From least to best: what the compiler may use, and so what the processor must have. A list with other features needs
# another name: two libraries in one process may share the names.
macro(strata_dispatch_architectures)
  set(architectures sse2 sse4.2 avx2 avx512)
  set(features_sse2)  # every x86-64
  set(features_sse4.2 sse4.2 popcnt)
  set(features_avx2 avx2 fma popcnt)
  set(features_avx512 avx512f avx512cd avx512dq avx512bw avx512vl avx2 fma popcnt)
endmacro()

function(strata_dispatch target source)
  strata_dispatch_architectures()
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "ARCHITECTURES")
  if(NOT arg_ARCHITECTURES)
    set(arg_ARCHITECTURES ${architectures})
  endif()
  foreach(architecture IN LISTS arg_ARCHITECTURES)
    if(NOT architecture IN_LIST architectures)
      message(FATAL_ERROR "strata_dispatch: no architecture ${architecture}; expected some of ${architectures}")
    endif()
  endforeach()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "strata_dispatch: expected a target, one source and perhaps ARCHITECTURES, "
                        "received also ${arg_UNPARSED_ARGUMENTS}; call it once for each source")
  endif()
  get_target_property(type ${target} TYPE)
  if(NOT type MATCHES "^(EXECUTABLE|STATIC_LIBRARY|SHARED_LIBRARY|MODULE_LIBRARY)$")
    message(FATAL_ERROR "strata_dispatch: ${target} is neither an executable nor a static, shared or module library")
  endif()
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" OR NOT CMAKE_SIZEOF_VOID_P EQUAL 8 OR WIN32 OR APPLE
     OR NOT CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang" OR NOT CMAKE_NM OR NOT CMAKE_OBJCOPY OR NOT CMAKE_READELF
     OR CMAKE_CONFIGURATION_TYPES)
    message(STATUS "strata_dispatch: ${source} is compiled once. Choosing at run time is for x86-64 with ELF, g++ or "
                   "clang++, nm, objcopy and readelf, and one configuration a build folder.")
    target_sources(${target} PRIVATE ${source})
    return()
  endif()

  get_filename_component(path ${source} ABSOLUTE)
  get_filename_component(name ${source} NAME_WE)
  set(copies ${target}_${name}_architectures)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${copies})
  set(least -march=x86-64 -mtune=generic -mno-sse3 -fno-lto)  # takes back what the target's own flags add
  set(sources)
  set(outputs)
  foreach(architecture IN LISTS architectures)
    if(architecture STREQUAL "sse2" OR architecture IN_LIST arg_ARCHITECTURES)
      set(copy ${folder}/${name}.${architecture}.cpp)
      set(flags ${features_${architecture}})
      list(TRANSFORM flags PREPEND -m)
      file(CONFIGURE OUTPUT ${copy} CONTENT "#include \"@path@\"\n" @ONLY)
      set_source_files_properties(${copy} PROPERTIES COMPILE_OPTIONS "${least};${flags}")
      list(APPEND sources ${copy})
      list(APPEND outputs ${folder}/${name}.${architecture}.o)
    endif()
  endforeach()

  # Compiled as a source of the target would be. The archive is for nobody: every generator can depend on its file.
  add_library(${copies} STATIC EXCLUDE_FROM_ALL ${sources})
  set_target_properties(${copies} PROPERTIES UNITY_BUILD OFF DISABLE_PRECOMPILE_HEADERS ON
                                             INTERPROCEDURAL_OPTIMIZATION OFF)
  target_link_libraries(${copies} PRIVATE $<TARGET_PROPERTY:${target},LINK_LIBRARIES>)
  target_include_directories(${copies} PRIVATE $<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>)
  target_compile_definitions(${copies} PRIVATE $<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>)
  target_compile_options(${copies} PRIVATE $<TARGET_PROPERTY:${target},COMPILE_OPTIONS>)
  target_compile_features(${copies} PRIVATE $<TARGET_PROPERTY:${target},COMPILE_FEATURES>)
  foreach(property IN ITEMS CXX_STANDARD CXX_STANDARD_REQUIRED CXX_EXTENSIONS POSITION_INDEPENDENT_CODE)
    get_target_property(value ${target} ${property})
    if(NOT value MATCHES "NOTFOUND")
      set_target_properties(${copies} PROPERTIES ${property} ${value})
    endif()
  endforeach()

  set(chooser ${folder}/${name}.choose.cpp)
  add_custom_command(OUTPUT ${outputs} ${chooser} VERBATIM COMMAND_EXPAND_LISTS
                     COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DOBJCOPY=${CMAKE_OBJCOPY} -DREADELF=${CMAKE_READELF}
                             -DCHOOSER=${chooser} -DSOURCE=${source} -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
                             -- $<TARGET_OBJECTS:${copies}>
                     DEPENDS ${copies} ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
                     COMMENT "Giving each architecture of ${source} its own names")
  set_source_files_properties(${outputs} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  set_source_files_properties(${chooser} PROPERTIES COMPILE_OPTIONS "${least}" SKIP_PRECOMPILE_HEADERS ON
                                                    SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${outputs} ${chooser})
endfunction()

# Run as a script, in the build: renames what the objects after `--` define and writes the chooser.
if(NOT CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  return()
endif()
cmake_minimum_required(VERSION 3.21)
strata_dispatch_architectures()

foreach(i RANGE ${CMAKE_ARGC})
  if(is_object)
    list(APPEND objects "${CMAKE_ARGV${i}}")
  elseif("${CMAKE_ARGV${i}}" STREQUAL "--")
    set(is_object ON)
  endif()
endforeach()
get_filename_component(folder ${CHOOSER} DIRECTORY)

foreach(object IN LISTS objects)
  if(NOT object MATCHES "([^/]*)\\.(sse2|sse4\\.2|avx2|avx512)\\.cpp\\.o(bj)?$")
    continue()
  endif()
  set(name ${CMAKE_MATCH_1})
  set(architecture ${CMAKE_MATCH_2})
  execute_process(COMMAND ${NM} -P ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE ";" "" symbols "${symbols}")
  string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
  set(names)
  set(entries)
  foreach(symbol IN LISTS symbols)
    if(NOT symbol MATCHES "^_ZT[IS]" AND symbol MATCHES "^([^ ]+) [^Uwv]")
      list(APPEND names ${CMAKE_MATCH_1})
    endif()
    if(symbol MATCHES "^([^ ]+) T")
      list(APPEND entries ${CMAKE_MATCH_1})
    endif()
  endforeach()
  if(NOT entries)
    message(FATAL_ERROR "strata_dispatch: ${SOURCE} defines no function that another file could call: "
                        "each is inline, static, a template or in an anonymous namespace")
  endif()
  list(SORT entries)
  if(NOT all_entries)
    set(all_entries ${entries})
    list(GET entries 0 first)
  elseif(NOT entries STREQUAL all_entries)
    message(FATAL_ERROR "strata_dispatch: ${SOURCE} defines other functions for ${architecture} than for sse2")
  endif()
  list(REMOVE_DUPLICATES names)
  list(TRANSFORM names REPLACE "(.+)" "\\1 \\1.${architecture}" OUTPUT_VARIABLE renamed)
  list(JOIN renamed "\n" renamed)
  file(WRITE ${folder}/${name}.${architecture}.names "${renamed}\n")
  string(MAKE_C_IDENTIFIER ${architecture} id)

  # Such names give the linker's __start_ and __stop_; the first entry makes them this source's own. Arrays with a
  # priority (the sanitizers') join the others.
  execute_process(COMMAND ${READELF} -SW ${object} OUTPUT_VARIABLE sections COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL " \\.(init|fini)_array[.0-9]*" arrays "${sections}")
  list(REMOVE_DUPLICATES arrays)
  set(moves)
  foreach(array IN LISTS arrays)
    string(REGEX REPLACE " (\\.([a-z]+)_array.*)" "\\1=strata_\\2_${id}_${first}" move ${array})
    list(APPEND moves --rename-section ${move})
  endforeach()
  execute_process(COMMAND ${OBJCOPY} --redefine-syms=${folder}/${name}.${architecture}.names ${moves}
                          ${object} ${folder}/${name}.${architecture}.o COMMAND_ERROR_IS_FATAL ANY)

  # Its lines of the chooser.
  list(TRANSFORM features_${architecture} REPLACE "(.+)" "__builtin_cpu_supports(\"\\1\")"
       OUTPUT_VARIABLE condition)
  list(APPEND condition true)
  list(JOIN condition "\n           && " condition)
  set(functions)
  foreach(entry IN LISTS entries)
    list(FIND entries ${entry} index)
    string(APPEND declarations "extern \"C\" void ${id}_${index}() asm(\"${entry}.${architecture}\");\n")
    list(APPEND functions ${id}_${index})
  endforeach()
  foreach(bound IN ITEMS start_strata_init stop_strata_init start_strata_fini stop_strata_fini)
    string(APPEND declarations
           "extern \"C\" [[gnu::weak, gnu::visibility(\"hidden\")]] Function* ${bound}_${id}[] "
           "asm(\"__${bound}_${id}_${first}\");\n")
  endforeach()
  list(JOIN functions ", " functions)
  string(APPEND tables "    {\"${architecture}\", [] { return ${condition}; }, {${functions}},\n"
                       "     start_strata_init_${id}, stop_strata_init_${id}, "
                       "start_strata_fini_${id}, stop_strata_fini_${id}},\n")
  if(architecture STREQUAL "sse2")
    list(LENGTH entries count)
    set(least ${functions})
  endif()
endforeach()

foreach(entry IN LISTS all_entries)
  list(FIND all_entries ${entry} index)
  math(EXPR offset "8 * ${index}")
  string(APPEND jumps "
    .globl ${entry}
    .type ${entry}, @function
${entry}:
    .cfi_startproc
    endbr64
    jmp *strata_chosen+${offset}(%rip)
    .cfi_endproc
    .size ${entry}, . - ${entry}")
endforeach()
file(CONFIGURE OUTPUT ${CHOOSER} @ONLY CONTENT [=[
// Written by StrataDispatch.cmake: the entries of @SOURCE@ and who answers them.
#include <cstdlib>
#include <cstring>

using Function = void();
@declarations@
namespace {

struct Architecture {
  const char* name;
  bool (*is_supported)();
  Function* entries[@count@];
  Function **init_begin, **init_end, **fini_begin, **fini_end;
};
const Architecture architectures[] = {
@tables@};
const Architecture* chosen = architectures;

// Right from the start: whoever calls before anything is chosen gets the least.
[[gnu::used]] Function* entries[@count@] asm("strata_chosen") = {@least@};

// Before the static initialisers without a priority.
[[gnu::constructor(101)]] void choose() {
  __builtin_cpu_init();
  const char* const wanted = std::getenv("STRATA_ARCHITECTURE");
  for (const Architecture& candidate : architectures) {
    if (!candidate.is_supported()) continue;
    chosen = &candidate;
    if (wanted && std::strcmp(wanted, candidate.name) == 0) break;
  }
  std::memcpy(entries, chosen->entries, sizeof entries);
}

[[gnu::constructor]] void initialise() {
  for (Function** f = chosen->init_begin; f != chosen->init_end; ++f) (*f)();
}
[[gnu::destructor]] void finish() {
  for (Function** f = chosen->fini_end; f != chosen->fini_begin; --f) f[-1]();
}

}  // namespace

asm(R"(
    .text@jumps@
)");
]=])
