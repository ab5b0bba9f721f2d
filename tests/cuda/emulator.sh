#!/bin/sh
# emulator.sh -- does the stand-in runtime run good programs in silence, and say of each planted bug
# what it is? $EMULATED is the folder with the stand-in libraries; $NVCC a compiler, if not the usual.
set -u
: "${EMULATED:?must be the folder of the stand-in libcudart}"
bugs=$(cd "$(dirname "$0")/bugs" && pwd) || exit 1

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
if ! [ -x "$nvcc" ]; then
    echo "skipped: no nvcc (put it on PATH, or into NVCC)"
    exit 77
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/emulator.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1

checks=0 failures=0

failed() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$*"
    head -n 20 said
}

# Floats are compared to the bit: neither compiler may fuse multiplications and additions.
build() {
    "$nvcc" -std=c++17 -gencode 'arch=compute_75,code=[compute_75,sm_75]' --no-compress \
        -cudart shared --fmad=false -Xcompiler -ffp-contract=off -o "$1" "$bugs/$1.cu" && return
    echo "FAILED: $1.cu does not compile"
    exit 1
}

# run PROGRAM ARGUMENTS...: under the emulator; what it says is in `said`, its end in $status.
run() {
    LD_LIBRARY_PATH="$EMULATED" "$@" >said 2>&1
    status=$?
    checks=$((checks + 1))
}

# Orders: as written, reversed (streams: at once), and two of chance.
for program in good_assembly good_instructions good_streams; do
    build $program
    for order in 0 1 2 3; do
        export EMULATED_ORDER=$order EMULATED_STREAMS=$order
        run ./$program
        [ $status -eq 0 ] && ! [ -s said ] || failed "$program, order $order: status $status"
    done
done

for program in memory_bugs kernel_bugs stream_bugs; do
    build $program
    LD_LIBRARY_PATH="$EMULATED" ./$program list >list
    [ -s list ] || failed "$program: an empty list"
    while read -r name words; do
        for order in 0 1 2; do
            export EMULATED_ORDER=$order EMULATED_STREAMS=$order
            run ./$program "$name"
            wanted=98
            [ "$name" = unknown_instruction ] && wanted=97
            [ $status -eq $wanted ] && grep -q -F -e "$words" said ||
                failed "$program $name, order $order: status $status, not $wanted with '$words'"
        done
    done <list
done
unset EMULATED_ORDER EMULATED_STREAMS

# with VARIABLE=VALUE STATUS WORDS: good_streams ends with STATUS and says WORDS.
with() {
    wanted=$2 words=$3
    export "${1?}"
    run ./good_streams
    [ $status -eq "$wanted" ] && grep -q -F -e "$words" said || failed "$1: status $status"
    unset "${1%%=*}"
}
with EMULATED_DEVICES=0 1 'no CUDA-capable device'
with EMULATED_MEMORY=0 1 'out of memory'
# The program ends without freeing what it has.
with EMULATED_FAIL=cudaMallocHost:1 98 'cudaMallocHost((void **)&pinned'
with EMULATED_FAIL=1 1 'bugs.h'
with EMULATED_SM=33 97 'EMULATED_SM=33'
with EMULATED_COUNT=1 0 ' calls'

printf '%d checks, %d failed\n' $checks $failures
[ $failures -eq 0 ]
