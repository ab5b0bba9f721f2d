#!/bin/sh
# mutants.sh -- bugs planted in the CUDA device itself, one at a time: does a test say so, under
# emulation? $BUILD is the build folder, $SOURCE the repository, $EMULATED the stand-in libraries,
# $NVCC a compiler; $CUDNN_INCLUDE where cudnn.h is.
set -u
: "${BUILD:?}" "${SOURCE:?}" "${EMULATED:?}" "${NVCC:?}" "${CUDNN_INCLUDE:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/mutants.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1
checks=0 failures=0

failed() {
    failures=$((failures + 1))
    echo "FAILED: $*"
    tail -n 5 said
}

# build FILE...: the plugin beside the tests, with these files compiled again from kernels/.
build() {
    objects=
    for object in "$BUILD"/cuda_*.o; do
        name=$(basename "$object" .o)
        case " $* " in *" ${name#cuda_} "*) object=$name.o ;; esac
        objects="$objects $object"
    done
    for name in "$@"; do
        "$NVCC" -std=c++17 -O3 --no-compress -gencode arch=compute_75,code=compute_75 -D_GNU_SOURCE \
            -I"$SOURCE/include" -Ikernels -I"$BUILD/include" -I"$CUDNN_INCLUDE" \
            -Xcompiler -fPIC,-fvisibility=hidden -c "kernels/cuda/$name.cu" -o "cuda_$name.o" || return
    done
    # shellcheck disable=SC2086
    "$NVCC" -shared -cudart shared -o libpolarvae_cuda.so $objects \
        -Xlinker "$(echo "$EMULATED"/libcudnn.so.*),$(echo "$EMULATED"/libcublas.so.*)"
}

# run TEST CASE: with the plugin that lies here; its words are in `said`, its end in $status.
run() {
    ln -f "$BUILD/$1" . 2>/dev/null || cp "$BUILD/$1" .
    LD_LIBRARY_PATH="$EMULATED" EMULATED_ORDER=3 EMULATED_STREAMS=3 "./$1" cuda:0 "$2" >said 2>&1
    status=$?
    checks=$((checks + 1))
}

# mutant WHAT FILE OLD NEW UNITS TEST CASE: OLD becomes NEW in kernels/FILE, once or more often.
mutant() {
    rm -rf kernels
    cp -r "$SOURCE/kernels" . || exit 1
    sed -i "s@$3@$4@" "kernels/$2"
    if cmp -s "kernels/$2" "$SOURCE/kernels/$2"; then
        failed "$1: $2 has no '$3'"
        return
    fi
    # shellcheck disable=SC2086
    if ! build $5 >said 2>&1; then
        failed "$1: does not compile"
        return
    fi
    run "$6" "$7"
    [ "$status" -ne 0 ] || failed "$1: test_${6#test_} $7 does not notice"
    echo "$1: $(grep -m 1 -E '^emulator:|FAIL|cublas|cudnn' said | cut -c 1-150)"
}

# What is not mutated passes.
rm -rf kernels && cp -r "$SOURCE/kernels" . && build patches >said 2>&1 || failed "the device does not compile"
for case in conv dense_weight_grad; do
    run test_layers $case
    [ "$status" -eq 0 ] || failed "the device as it is: test_layers $case"
done

mutant 'a dropped barrier' cuda/layers.cu '    __syncthreads();' '' layers test_layers dense_weight_grad
mutant 'a dropped barrier between warps' fn.h '    pv_team_wait(t); /\*.*' '' ops test_kernels range
mutant 'a wrong leading dimension' cuda/layers.cu \
    'product p = {0, 0, in, rows, out, w, in, dy, out, dx}' \
    'product p = {0, 0, in, rows, out, w, out, dy, out, dx}' layers test_layers dense
mutant 'a grid that is one block short' cuda/layers.cu '(e->cols + BIAS_COLS - 1) / BIAS_COLS' \
    '(e->cols + BIAS_COLS - 2) / BIAS_COLS' layers test_layers dense_weight_grad
mutant 'a loop that goes one too far' cuda/drivers.cuh 'threadIdx.x; i < (n);  ' \
    'threadIdx.x; i <= (n);' layers test_layers dense
mutant 'a wait for the stream that is missing' cuda/stream.cu \
    '        PV_TRY(pv_cuda_sync(stream));' '' stream test_kernels copy
mutant 'a wait for staging memory that is missing' cuda/stream.cu \
    'CUDA_TRY(stream->device, cudaEventSynchronize(s->sent\[turn % 2\]));' '' stream test_layers conv
mutant 'work space that is too small' cuda/layers.cu \
    'scaled_bytes(a) + pv_cuda_bias_workspace(a->rows, a->out)' \
    'pv_cuda_bias_workspace(a->rows, a->out) / 2' layers test_layers dense_weight_grad
mutant 'activations that overlap' cuda/plan.cu \
    'q->last < p->first || p->last < q->first' 'q->last <= p->first || p->last <= q->first' \
    plan test_train_step ''
mutant 'sums over rows of another length' cuda/pairs.cu ' || made.cols != wanted.cols' '' pairs \
    test_train_step ''
mutant 'lanes that are not added' fn.h 'int d = 16; d > 0' 'int d = 8; d > 0' ops test_kernels kl

echo "$checks checks, $failures failed"
[ "$failures" -eq 0 ]
