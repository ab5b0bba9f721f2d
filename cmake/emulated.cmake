# The CUDA device's own code in the tests, on a machine without a GPU: stand-ins for the libraries of
# the same names (tests/cuda/emulator), and the unit tests with cuda:0 for their device.

set(emulated ${PROJECT_BINARY_DIR}/emulated)
set(emulator ${PROJECT_SOURCE_DIR}/tests/cuda/emulator)
execute_process(COMMAND ${PV_NVCC} --version OUTPUT_VARIABLE nvcc_version)
string(REGEX REPLACE ".*release ([0-9]+).*" "\\1" cuda_major "${nvcc_version}")

function(pv_stand_in name major)
  add_library(emulated_${name} SHARED ${ARGN})
  set_target_properties(emulated_${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${emulated}
                        OUTPUT_NAME ${name} SUFFIX .so.${major} NO_SONAME ON)
  target_include_directories(emulated_${name} SYSTEM PRIVATE ${PV_CUDNN_INCLUDE})
  target_compile_options(emulated_${name} PRIVATE -O3)
  target_link_options(emulated_${name} PRIVATE -Wl,-soname,lib${name}.so.${major})
  target_link_libraries(emulated_${name} PRIVATE m Threads::Threads)
endfunction()

file(GLOB runtime_sources CONFIGURE_DEPENDS ${emulator}/*.c)
file(GLOB blas_sources CONFIGURE_DEPENDS ${emulator}/cublas*.c)
file(GLOB dnn_sources CONFIGURE_DEPENDS ${emulator}/cudnn*.c)
set(both_sources ${emulator}/numbers.c ${emulator}/operands.c)
list(REMOVE_ITEM runtime_sources ${blas_sources} ${dnn_sources} ${both_sources})
pv_stand_in(cudart ${cuda_major} ${runtime_sources})
configure_file(${emulator}/runtime.map.in ${emulated}/runtime.map @ONLY)
target_link_options(emulated_cudart PRIVATE -Wl,--version-script=${emulated}/runtime.map)
pv_stand_in(cublas ${cuda_major} ${blas_sources} ${both_sources})
pv_stand_in(cudnn 9 ${dnn_sources} ${both_sources})
target_link_libraries(emulated_cublas PRIVATE emulated_cudart)
target_link_libraries(emulated_cudnn PRIVATE emulated_cudart)

# The stand-ins themselves.
add_test(NAME emulated.emulator COMMAND sh ${PROJECT_SOURCE_DIR}/tests/cuda/emulator.sh)
set_tests_properties(emulated.emulator PROPERTIES
                     ENVIRONMENT "EMULATED=${emulated};NVCC=${PV_NVCC}")
pv_test_properties(emulated.emulator)
file(GLOB library_tests CONFIGURE_DEPENDS tests/cuda/*.c)
foreach(source ${library_tests})
  get_filename_component(name ${source} NAME_WE)
  add_executable(emulated_${name} ${source})
  target_include_directories(emulated_${name} PRIVATE tests tests/cuda)
  target_include_directories(emulated_${name} SYSTEM PRIVATE ${PV_CUDNN_INCLUDE})
  target_link_libraries(emulated_${name} PRIVATE emulated_cublas emulated_cudnn emulated_cudart m)
  add_test(NAME emulated.${name} COMMAND emulated_${name})
  pv_test_properties(emulated.${name})
endforeach()

# The device. Orders and streams: as written, and by chance.
function(pv_emulated test seed)
  add_test(NAME emulated.${test} COMMAND test_${test} cuda:0)
  set_tests_properties(emulated.${test} PROPERTIES ENVIRONMENT
      "LD_LIBRARY_PATH=${emulated};EMULATED_ORDER=${seed};EMULATED_STREAMS=${seed}")
  pv_test_properties(emulated.${test})
endfunction()
pv_emulated(kernels 0)
pv_emulated(layers 2)
pv_emulated(objectives 3)
pv_emulated(train_step 4)

# Bugs that are planted in the device are noticed.
add_test(NAME emulated.mutants COMMAND sh ${PROJECT_SOURCE_DIR}/tests/cuda/mutants.sh)
set_tests_properties(emulated.mutants PROPERTIES ENVIRONMENT
    "BUILD=${PROJECT_BINARY_DIR};SOURCE=${PROJECT_SOURCE_DIR};EMULATED=${emulated};NVCC=${PV_NVCC};CUDNN_INCLUDE=${PV_CUDNN_INCLUDE}")
pv_test_properties(emulated.mutants)

# The program.
foreach(script train faults sweep data)
  add_test(NAME emulated.cli_${script} COMMAND sh ${PROJECT_SOURCE_DIR}/tests/cuda/${script}.sh)
  set_tests_properties(emulated.cli_${script} PROPERTIES ENVIRONMENT
      "POLARVAE=$<TARGET_FILE:polarvae>;SOURCE=${PROJECT_SOURCE_DIR};EMULATED=${emulated}")
  pv_test_properties(emulated.cli_${script})
endforeach()
