# faults.sh -- cuda:0, under emulation: every call fails once, and a CUDA device that is not there, is
# too small or does not fit. One line says what it is, and nothing is lost.
# shellcheck shell=sh disable=SC2086
. "$SOURCE/tests/cli/check.inc"
: "${EMULATED:?must be the folder of the stand-in libraries}"
export LD_LIBRARY_PATH="$EMULATED"

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
tiny="data=sprites.h5 batch=1 latents=1 log_every=1"

gpu() { polarvae "$@" --device cuda:0 --quiet; }

# ---- every call fails once ----

# calls_of COMMAND...: $calls, how many there are that can fail.
calls_of() {
    EMULATED_COUNT=1 gpu "$@" >out.text 2>error.text
    checks=$((checks + 1))
    calls=$(sed -n 's/^emulator: \([0-9]*\) calls$/\1/p' error.text)
    [ "$(wc -l <error.text)" -eq 1 ] && [ "${calls:-0}" -gt 100 ] && return
    failed "$*: $(cat error.text)"
    calls=0
}

# fails N COMMAND...: call N fails. Status 1 and the device's line on stderr; or, if that was in what
# frees, status 0 and no word, so that the caller has results to check. Not a word about leaks.
fails() {
    number=$1
    shift
    EMULATED_FAIL=$number timeout 300 "$POLARVAE" "$@" --device cuda:0 --quiet >out.text 2>error.text
    status=$?
    checks=$((checks + 1))
    case $status in
    0) [ ! -s error.text ] && return ;;
    1) [ "$(wc -l <error.text)" -eq 1 ] && grep -q '^polarvae: cuda:0: ' error.text && return ;;
    esac
    failed "polarvae $*: call $number fails: status $status and"
    head -n 20 error.text
}

# train_with_faults STEP key=value...: each STEPth call of a step from a checkpoint to a checkpoint.
train_with_faults() {
    every=$1
    shift
    rm -rf begun straight cut
    need gpu train $tiny steps=1 "$@" --out begun
    need cp -r begun straight
    need gpu train steps=2 --resume --out straight
    need cp -r begun cut
    calls_of train steps=2 --resume --out cut
    same_run "undisturbed" cut straight
    need rm -r cut
    need cp -r begun cut
    failing=0 n=1
    while [ $n -le "$calls" ]; do
        fails $n train steps=2 --resume --out cut
        [ $status -eq 0 ] && same_run "call $n fails, but status 0" cut straight
        [ $status -eq 0 ] || failing=$((failing + 1))
        if ! cmp -s begun/checkpoint.h5 cut/checkpoint.h5; then
            same_run "call $n fails after the step" cut straight
            need rm -r cut
            need cp -r begun cut
        fi
        n=$((n + every))
    done
    echo "$calls calls of train $*: one in $every failed once"
    check "too many calls fail without a word" test $((failing * every)) -gt $((calls - 100))
    check "parts are left behind" test -z "$(find cut -name '*.part')"
    need gpu train steps=2 --resume --out cut
    same_run "after all that failed" cut straight
}
export EMULATED_CUDNN_REFUSE=all
train_with_faults 17
unset EMULATED_CUDNN_REFUSE
export EMULATED_SM=80
train_with_faults 17 precision=bf16
unset EMULATED_SM
train_with_faults 1

# ---- encoding and evaluation ----

need gpu encode straight --examples 10 --out good.h5 >out.text
calls_of encode straight --examples 10 --out codes.h5
check "encode: other codes" cmp good.h5 codes.h5
n=1
while [ $n -le "$calls" ]; do
    rm -f codes.h5
    fails $n encode straight --examples 10 --out codes.h5
    if [ $status -eq 0 ]; then
        check "encode, call $n fails: other codes" cmp good.h5 codes.h5
    else
        check "encode, call $n fails: codes.h5 is there" test ! -e codes.h5
    fi
    n=$((n + 13))
done
calls_of evaluate straight examples=10 metrics=none
n=1
while [ $n -le "$calls" ]; do
    fails $n evaluate straight examples=10 metrics=none
    n=$((n + 29))
done

# ---- two lanes: a model gets a second turn; none hangs ----

cat >sweep.yaml <<END
data: sprites.h5
batch: 1
latents: 1
log_every: 1
steps: 2
beta: [1, 4]
END
need gpu sweep sweep.yaml --dir models --lanes 1 --train-only >out.text
calls_of sweep sweep.yaml --dir lanes --lanes 2 --train-only
n=1 second=0
while [ $n -le "$calls" ]; do
    rm -rf lanes
    EMULATED_FAIL=$n timeout 300 "$POLARVAE" sweep sweep.yaml --dir lanes --lanes 2 --train-only \
        --device cuda:0 --quiet >out.text 2>error.text
    status=$?
    check "sweep, call $n fails: status $status: $(cat error.text)" test $status -le 1
    check "sweep, call $n fails: $(cat error.text)" sh -c '! grep -v "^failed: \|^polarvae: " error.text'
    if [ $status -eq 1 ]; then
        check "sweep, call $n fails: no reason" grep -q "cuda:0: " error.text
        need gpu sweep sweep.yaml --dir lanes --lanes 2 --train-only >out.text
    elif grep -q . error.text; then
        failed "sweep, call $n fails: status 0, but: $(cat error.text)"
    else
        second=$((second + 1))
    fi
    for name in models/*; do same_run "sweep, call $n fails" "$name" "lanes/${name##*/}"; done
    n=$((n + 67))
done
check "sweep: no model got a second turn" test $second -gt 0

# ---- no device, or one that does not fit ----

new="train $tiny steps=1 --quiet --out new"
export EMULATED_DEVICES=0
refused 1 "^polarvae: cuda:0: this machine has no CUDA device" $new --device cuda:0
export EMULATED_DEVICES=3
refused 1 "^polarvae: cuda:7: there are cuda:0 to cuda:2" $new --device cuda:7
unset EMULATED_DEVICES
refused 1 "^polarvae: cuda:1: there is only cuda:0$" $new --device cuda:1
refused 2 "device 'cuda:x' is not known; use auto, cpu or cuda:N" $new --device cuda:x
refused 2 "device 'cuda0' is not known" $new --device cuda0
export EMULATED_MEMORY=8
refused 1 "^polarvae: cuda:0: out of memory in [a-zA-Z]*: [0-9] of 8 MB are free" $new --device cuda:0
unset EMULATED_MEMORY
export EMULATED_FAIL=cudaGetDeviceCount:1
refused 1 "^polarvae: cuda:0: no NVIDIA driver, or one that is too old for CUDA" $new --device cuda:0
unset EMULATED_FAIL

# ---- the plugin and the libraries ----

mkdir program libraries
need cp "$POLARVAE" program/polarvae
plugin=${POLARVAE%/*}/libpolarvae_cuda.so
version=$(polarvae info --json | sed -n 's/.*"version": "\(.*\)".*/\1/p')

# not_opened PATTERN: program/polarvae cannot open its device, and says PATTERN.
not_opened() {
    usual=$POLARVAE
    POLARVAE=program/polarvae
    refused 1 "$1" $new --device cuda:0
    POLARVAE=$usual
}
not_opened "cuda:0 cannot be opened: libpolarvae_cuda.so: "
LC_ALL=C sed "s/$version/9.9.9/g" "$plugin" >program/libpolarvae_cuda.so
not_opened "cuda:0: libpolarvae_cuda.so is of version 9.9.9, not $version"
echo "this is no library" >program/libpolarvae_cuda.so
not_opened "cuda:0 cannot be opened: .*/program/libpolarvae_cuda.so: "
need cp "$plugin" program/libpolarvae_cuda.so
for name in "$EMULATED"/libcudnn.so.*; do echo "this is no library" >"libraries/${name##*/}"; done
export LD_LIBRARY_PATH="$work/libraries:$EMULATED"
not_opened "cuda:0 cannot be opened: .*libcudnn.so.*: "
need rm -r libraries program
export LD_LIBRARY_PATH="$EMULATED"

# ---- --device auto ----

# falls_back NOTICE: auto trains on the CPU, and says why.
falls_back() {
    rm -rf new cpu
    polarvae train $tiny steps=1 --out new --device auto >out.text 2>error.text
    check "auto: status $?" test $? -eq 0
    check "auto: no notice '$1' but: $(cat error.text)" grep -q -e "$1" error.text
    check "auto: a finding" sh -c '! grep "^emulator: " error.text'
    need train $tiny steps=1 --out cpu --device cpu
    same_run "auto, $1" cpu new
}
# What is asked for first is the driver's own library, which the stand-ins lack.
unset LD_LIBRARY_PATH
if [ -n "$(polarvae info --json | sed -n 's/"no_cuda": null/here/p')" ]; then
    echo "skipped: what a machine without a driver says"
else
    falls_back "^no CUDA device: this machine has no NVIDIA driver"
    refused 1 "^polarvae: cuda:0: no NVIDIA driver, or one that is too old for CUDA" \
        train $tiny steps=1 --quiet --out other --device cuda:0
fi
mkdir driver
need cp "$EMULATED"/libcudart.so.* driver/libcuda.so.1
export LD_LIBRARY_PATH="$EMULATED:$work/driver"
export EMULATED_DEVICES=0
falls_back "^cuda:0: this machine has no CUDA device"
unset EMULATED_DEVICES
rm -rf begun auto
need gpu train $tiny steps=1 --out begun
need train $tiny steps=1 --out auto --device auto
same_run "auto takes the GPU" begun auto
finish
