# strata_mpi_test(<name> <processes> <command…>): a test of a program in so many processes.
# More processes than processors, none bound to one, and root may: Open MPI asks for permission, MPICH does not look.
function(strata_mpi_test name processes)
  add_test(NAME ${name} COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${processes} ${ARGN})
  strata_mpi_environment(${name})
endfunction()

function(strata_mpi_environment test)
  set(environment OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
                  OMPI_MCA_hwloc_base_binding_policy=none OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
                  PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe PRTE_MCA_hwloc_default_binding_policy=none
                  PRTE_ALLOW_RUN_AS_ROOT=1 PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1
                  ASAN_OPTIONS=detect_leaks=0)  # MPI's own leaks
  set_tests_properties(${test} PROPERTIES ENVIRONMENT "${environment}" PROCESSORS 2 TIMEOUT 600)
endfunction()
