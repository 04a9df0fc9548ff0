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
find_package(Threads QUIET)
if(NOT Threads_FOUND)
  message(STATUS "No threads found for this compiler: no target strata::threads. "
                 "Engines of one thread need none; g++ for Windows has them as x86_64-w64-mingw32-g++-posix.")
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

# Strangers' files are read in a child process, which Windows cannot fork. (libzip's own CMake file on Debian asks for
# programs that its package has not.)
find_path(STRATA_LIBHDF5_INCLUDE_DIR hdf5.h PATH_SUFFIXES hdf5/serial)
find_library(STRATA_LIBHDF5_LIBRARY NAMES hdf5_serial hdf5)
if(STRATA_LIBHDF5_INCLUDE_DIR AND STRATA_LIBHDF5_LIBRARY AND STRATA_HAS_JSON AND NOT WIN32)
  set(STRATA_HAS_HDF5 ON)
else()
  message(STATUS "libhdf5 not found: no target strata::hdf5 (weights of Keras, .h5). "
                 "On Debian or Ubuntu: apt-get install libhdf5-dev.")
endif()
find_path(STRATA_LIBZIP_INCLUDE_DIR zip.h)
find_library(STRATA_LIBZIP_LIBRARY zip)
if(STRATA_LIBZIP_INCLUDE_DIR AND STRATA_LIBZIP_LIBRARY AND STRATA_HAS_JSON AND NOT WIN32)
  set(STRATA_HAS_ZIP ON)
else()
  message(STATUS "libzip not found: no target strata::zip (models of Keras, .keras, and NumPy's .npz). "
                 "On Debian or Ubuntu: apt-get install libzip-dev.")
endif()
find_path(STRATA_LIBPROTOZERO_INCLUDE_DIR protozero/pbf_reader.hpp)
if(NOT STRATA_LIBPROTOZERO_INCLUDE_DIR)
  message(STATUS "protozero not found: no target strata::protozero (models of ONNX). "
                 "On Debian or Ubuntu: apt-get install libprotozero-dev.")
endif()

foreach(dependency IN ITEMS boost xsimd json libhdf5 libzip libprotozero)
  string(TOUPPER ${dependency} upper)
  if(STRATA_${upper}_INCLUDE_DIR AND NOT TARGET strata_${dependency})
    add_library(strata_${dependency} INTERFACE IMPORTED GLOBAL)
    target_include_directories(strata_${dependency} INTERFACE ${STRATA_${upper}_INCLUDE_DIR})
    if(STRATA_${upper}_LIBRARY)
      target_link_libraries(strata_${dependency} INTERFACE ${STRATA_${upper}_LIBRARY})
    endif()
  endif()
endforeach()
