# Finds the libraries and says what to install where one is missing. Included by the project and by strataConfig.cmake.

# Boost.MP11: headers only, so any Boost with include/boost/mp11 will do, whatever its packaging.
find_path(STRATA_BOOST_INCLUDE_DIR boost/mp11/algorithm.hpp)
if(NOT STRATA_BOOST_INCLUDE_DIR)
  message(FATAL_ERROR "Strata needs the headers of Boost 1.74 or newer (Boost.MP11, Boost.Hana); "
                      "on Debian or Ubuntu: apt-get install libboost-dev. "
                      "Elsewhere pass -DSTRATA_BOOST_INCLUDE_DIR=<the folder that holds boost/>.")
endif()
find_path(STRATA_XSIMD_INCLUDE_DIR xsimd/xsimd.hpp)
if(NOT STRATA_XSIMD_INCLUDE_DIR)
  message(FATAL_ERROR "Strata needs the headers of xsimd 8 or newer; on Debian or Ubuntu: apt-get install libxsimd-dev. "
                      "Elsewhere pass -DSTRATA_XSIMD_INCLUDE_DIR=<the folder that holds xsimd/>.")
endif()
find_path(STRATA_JSON_INCLUDE_DIR nlohmann/json.hpp)
if(STRATA_JSON_INCLUDE_DIR)
  set(STRATA_HAS_JSON ON)
else()
  message(STATUS "nlohmann/json.hpp not found: strata/io (weight files) will not compile. "
                 "On Debian or Ubuntu: apt-get install nlohmann-json3-dev.")
endif()
find_package(ZLIB QUIET)
if(NOT ZLIB_FOUND)
  message(STATUS "zlib not found: no target strata::zlib (compressed data sets). "
                 "On Debian or Ubuntu: apt-get install zlib1g-dev.")
endif()
find_package(OpenMP QUIET COMPONENTS CXX)
if(NOT OpenMP_CXX_FOUND)
  message(STATUS "OpenMP not found for this compiler: no target strata::openmp (threads). "
                 "On Debian or Ubuntu g++ has it, clang needs: apt-get install libomp-dev.")
endif()
set(MPI_CXX_SKIP_MPICXX ON)  # the C interface only
find_package(MPI QUIET COMPONENTS CXX)
if(NOT MPI_CXX_FOUND)
  message(STATUS "MPI not found for this compiler: no target strata::mpi (processes). "
                 "On Debian or Ubuntu: apt-get install libopenmpi-dev openmpi-bin, or libmpich-dev mpich.")
endif()

foreach(dependency IN ITEMS boost xsimd json)
  string(TOUPPER ${dependency} upper)
  if(STRATA_${upper}_INCLUDE_DIR AND NOT TARGET strata_${dependency})
    add_library(strata_${dependency} INTERFACE IMPORTED GLOBAL)
    target_include_directories(strata_${dependency} INTERFACE ${STRATA_${upper}_INCLUDE_DIR})
  endif()
endforeach()
