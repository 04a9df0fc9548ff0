# Says so where a user's program would be compiled without optimisation and nobody asked for that: CMake's build type is
# empty by default. Included by the project and by strataConfig.cmake; no flag is forced on anybody.
get_property(STRATA_MULTI_CONFIG GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT STRATA_MULTI_CONFIG AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CXX_FLAGS MATCHES "(^| )[-/]O")
  message(WARNING "Strata: CMAKE_BUILD_TYPE is empty, so the compiler will not optimise, and networks run "
                  "hundreds of times slower. Configure with -DCMAKE_BUILD_TYPE=Release, or Debug to debug.")
endif()
