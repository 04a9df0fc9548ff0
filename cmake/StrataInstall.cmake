include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/strata)
set(targets strata strata_io)
foreach(optional IN ITEMS zlib threads openmp hdf5 zip protozero mpi)
  if(TARGET strata_${optional})
    list(APPEND targets strata_${optional})
  endif()
endforeach()
if(TARGET strata-import)
  list(APPEND targets strata-import)
endif()
install(DIRECTORY include/strata DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS ${targets} EXPORT strataTargets)
install(EXPORT strataTargets NAMESPACE strata:: DESTINATION ${package_dir})
configure_package_config_file(cmake/strataConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/strataConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/strataConfigVersion.cmake COMPATIBILITY SameMinorVersion
                                 ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/strataConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/strataConfigVersion.cmake
              cmake/StrataBuildType.cmake cmake/StrataDependencies.cmake cmake/StrataDispatch.cmake
        DESTINATION ${package_dir})
