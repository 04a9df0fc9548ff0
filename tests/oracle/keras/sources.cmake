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

# Whole networks of keras.applications, imported, compiled and compared: an hour.
if(TARGET strata-import)
  add_test(NAME keras.applications
           COMMAND ${keras}/python ${keras}/applications.py $<TARGET_FILE:strata-import> ${PROJECT_SOURCE_DIR}/include
                   ${CMAKE_CURRENT_BINARY_DIR}/applications)
  set_tests_properties(keras.applications PROPERTIES TIMEOUT 14400)
endif()
