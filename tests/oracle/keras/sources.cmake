# Sets `sources` and `tests_directory` for a comparison with real Keras in all cases: fixtures and C++ are generated.
set(tests_directory ${CMAKE_CURRENT_BINARY_DIR}/fresh)
set(keras ${CMAKE_CURRENT_SOURCE_DIR}/oracle/keras)
set(fixtures ${tests_directory}/oracle/keras/fixtures)
foreach(part RANGE 7)
  list(APPEND sources ${fixtures}/cases_${part}.cpp)
endforeach()
file(GLOB lists CONFIGURE_DEPENDS ${keras}/*.py ${keras}/requirements.txt)
add_custom_command(OUTPUT ${sources} COMMAND ${keras}/python ${keras}/generate.py whole ${fixtures} 8 DEPENDS ${lists}
                   COMMENT "Asking Keras" USES_TERMINAL)
list(APPEND sources ${keras}/param_counts.cpp)
set_source_files_properties(${keras}/param_counts.cpp PROPERTIES
                            INCLUDE_DIRECTORIES ${PROJECT_SOURCE_DIR}/examples/zoo)
add_test(NAME keras.fixtures COMMAND ${keras}/python ${keras}/compare.py ${keras}/fixtures ${fixtures})

add_executable(strata_zoo_configs ${keras}/zoo_configs.cpp)
target_link_libraries(strata_zoo_configs PRIVATE strata::strata strata::io strata_build_flags)
target_include_directories(strata_zoo_configs PRIVATE ${PROJECT_SOURCE_DIR}/examples/zoo)
add_test(NAME keras.zoo COMMAND ${keras}/python ${keras}/zoo_configs.py $<TARGET_FILE:strata_zoo_configs>)

if(TARGET strata::hdf5 AND TARGET strata::zip)
  add_executable(strata_keras_files ${keras}/keras_files.cpp)
  target_link_libraries(strata_keras_files PRIVATE strata::strata strata::hdf5 strata::zip strata_build_flags)
  target_include_directories(strata_keras_files PRIVATE ${PROJECT_SOURCE_DIR}/examples/zoo ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_options(strata_keras_files PRIVATE -O0)  # files, and two small networks run once
  add_test(NAME keras.files COMMAND ${keras}/python ${keras}/keras_files.py $<TARGET_FILE:strata_keras_files>)
endif()

if(EXISTS ${PROJECT_SOURCE_DIR}/.git)
  add_test(NAME keras.readme COMMAND ${keras}/python ${CMAKE_CURRENT_SOURCE_DIR}/import_model/check.py
                                     ${PROJECT_SOURCE_DIR} clone ${CMAKE_CURRENT_BINARY_DIR}/clone)
endif()

# Whole networks, imported, compiled and compared: those of keras.applications, hours; trained ones that packages of PyPI
# and npm carry, which npm and node must be there for; one with a new head, which is trained here and there.
if(TARGET strata-import)
  foreach(part IN ITEMS applications trained transfer)
    add_test(NAME keras.${part}
             COMMAND ${keras}/python ${keras}/${part}.py $<TARGET_FILE:strata-import> ${PROJECT_SOURCE_DIR}/include
                     ${CMAKE_CURRENT_BINARY_DIR}/${part}
                     --compiler "${CMAKE_CXX_COMPILER} -O1 -march=native -I${STRATA_LIBHDF5_INCLUDE_DIR}"
                     --libraries "${STRATA_LIBHDF5_LIBRARY} ${STRATA_LIBZIP_LIBRARY}")
    set_tests_properties(keras.${part} PROPERTIES TIMEOUT 28800)
  endforeach()
endif()
