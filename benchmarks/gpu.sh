#!/bin/sh
# gpu.sh -- everything that a machine with a GPU can tell about the CUDA device, in under ten minutes:
# is it right, does it repeat itself, how fast is it. Fails if anything failed; goes on all the same.
#
#   sh benchmarks/gpu.sh
#
# writes benchmarks/results/<gpu>.csv (a line for each throughput) and <gpu>.txt (the summary, and the
# kernels one by one). Variables of the environment, with their defaults:
#
#   BUILD=build  DEVICE=cuda:0  RESULTS=benchmarks/results
#   NO_BUILD=         1: the program and its tests in BUILD are taken as they are
#   STAGES='tests sanitizer repeat check encode kernels train'
#   OBJECTIVES='beta_vae annealed_vae factor_vae beta_tcvae dip_vae_i dip_vae_ii'
#   PRECISIONS='fp32 tf32 bf16'   fp32 before compute capability 8.0
#   LANES='1 2 4 8 16 32'  BATCH=64  SECONDS_EACH=1
#   REPEATED=factor_vae  STEPS=200   the run that is done twice
#   REFERENCE=benchmarks/reference.h5   what `polarvae check` compares with
#   LIMIT=540         seconds after which no further measurement is begun
set -u
cd "$(dirname "$0")/.." || exit 1

: "${BUILD:=build}" "${DEVICE:=cuda:0}" "${RESULTS:=benchmarks/results}" "${NO_BUILD:=}"
: "${STAGES:=tests sanitizer repeat check encode kernels train}"
: "${OBJECTIVES:=beta_vae annealed_vae factor_vae beta_tcvae dip_vae_i dip_vae_ii}"
: "${LANES:=1 2 4 8 16 32}" "${SECONDS_EACH:=1}" "${BATCH:=64}"
: "${STEPS:=200}" "${LIMIT:=540}" "${REFERENCE:=benchmarks/reference.h5}" "${REPEATED:=factor_vae}"

say() { echo "gpu.sh: $*" >&2; }
die() { say "$@"; exit 1; }
now() { date +%s; }
started=$(now)
failures=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# ---- the program and the GPU ----

if [ -z "$NO_BUILD" ]; then
    say "building in $BUILD"
    generator=
    if command -v ninja >/dev/null && [ ! -f "$BUILD/CMakeCache.txt" ]; then generator=-GNinja; fi
    # shellcheck disable=SC2086
    { cmake -S . -B "$BUILD" $generator && cmake --build "$BUILD" --parallel "$(nproc)"; } \
        >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; die "the build in $BUILD failed"; }
fi
polarvae=$BUILD/polarvae
info=$("$polarvae" info --device "$DEVICE" 2>"$work/log") ||
    die "$(sed 's/^polarvae: //' "$work/log")"
gpu=$(echo "$info" | sed -n "s/^$DEVICE  *//p")
case $gpu in
*'capability 7.'*) : "${PRECISIONS:=fp32}" ;;
*) : "${PRECISIONS:=fp32 tf32 bf16}" ;;
esac
name=$(echo "${gpu%%,*}" | LC_ALL=C tr '[:upper:]' '[:lower:]' | LC_ALL=C tr -cs 'a-z0-9' '-' | sed 's/-$//')
csv=$RESULTS/$name.csv summary=$RESULTS/$name.txt
mkdir -p "$RESULTS" || exit 1
{ date -u +%Y-%m-%d; echo "$info"; echo; } >"$summary"

# ---- stages ----

tell() { echo "$*" | tee -a "$summary" >&2; }
skip() { tell "skipped  $1"; }
stage() { # stage NAME COMMAND...: runs it, says how it ended; what it said, where it failed
    title=$1
    shift
    began=$(now)
    status=0
    "$@" >"$work/log" 2>&1 || status=$?
    if [ "$status" = 0 ]; then
        tell "passed   $title ($(($(now) - began)) s)"
        return 0
    fi
    failures=$((failures + 1))
    tell "FAILED   $title (status $status)"
    tail -n 5 "$work/log" | sed 's/^/         /' | tee -a "$summary" >&2
    return 1
}
late() { # late NAME: no time is left to begin it
    [ $(($(now) - started)) -ge "$LIMIT" ] || return 1
    skip "$1: $LIMIT s are over"
}

tests() {
    for test in kernels layers objectives train_step; do
        stage "test_$test on $DEVICE" "$BUILD/test_$test" "$DEVICE"
    done
}

sanitizer() {
    if ! command -v compute-sanitizer >/dev/null; then
        skip "compute-sanitizer: is not installed"
        return
    fi
    for tool in memcheck racecheck; do
        late "compute-sanitizer, $tool" || stage "compute-sanitizer, $tool: test_kernels" \
            timeout 90 compute-sanitizer --tool $tool --error-exitcode 9 \
            "$BUILD/test_kernels" "$DEVICE"
    done
}

train() { # train OUT: a short run
    "$polarvae" train data="$work/sprites.h5" batch="$BATCH" steps="$STEPS" objective="$REPEATED" \
        --device "$DEVICE" --out "$work/$1" --quiet
}
repeat() {
    stage "generated sprites" \
        "$polarvae" data generate "$work/sprites.h5" --subset 3:2:4:8:8 --quiet || return
    stage "$STEPS steps of $REPEATED" train one || return
    stage "the same steps again" train two || return
    stage "both runs have the same bits" cmp "$work/one/checkpoint.h5" "$work/two/checkpoint.h5"
}

check() {
    if ! "$polarvae" check --help >/dev/null 2>&1; then
        skip "polarvae check: this program has no such command"
    elif [ ! -f "$REFERENCE" ]; then
        skip "polarvae check: there is no $REFERENCE"
    else
        stage "polarvae check against the CPU's $REFERENCE" \
            "$polarvae" check "$REFERENCE" --device "$DEVICE"
    fi
}

measure() { # measure TITLE VERB OPTION...: a line of the table
    title=$1
    shift
    if late "$title"; then return; fi
    stage "$title" "$polarvae" bench "$@" --device "$DEVICE" --batch "$BATCH" \
        --seconds "$SECONDS_EACH" --csv "$csv" --quiet || return
    sed -n 's|^  \(.* steps/s.*\)|         \1|p' "$work/log" | tee -a "$summary" >&2
}
measure_training() {
    for precision in $PRECISIONS; do
        for objective in $OBJECTIVES; do
            for lanes in $LANES; do
                measure "train $objective, $precision, lanes $lanes" train --objective "$objective" \
                    --precision "$precision" --lanes "$lanes"
            done
        done
    done
}
measure_encoding() {
    for precision in $PRECISIONS; do
        measure "encode, $precision" encode --precision "$precision"
    done
}
measure_kernels() {
    for objective in $OBJECTIVES; do
        late "kernels of $objective" && continue
        if stage "kernels of $objective" "$polarvae" bench kernels --objective "$objective" \
            --batch "$BATCH" --device "$DEVICE"; then
            { echo; echo "$objective"; cat "$work/log"; } >>"$work/kernels"
        fi
    done
}

for stage in $STAGES; do
    case $stage in
    tests | sanitizer | repeat | check) $stage ;;
    train) measure_training ;;
    encode) measure_encoding ;;
    kernels) measure_kernels ;;
    *) die "STAGES: $stage: must be tests, sanitizer, repeat, check, train, encode or kernels" ;;
    esac
done

tell "$failures failed, after $(($(now) - started)) s"
if [ -f "$work/kernels" ]; then cat "$work/kernels" >>"$summary"; fi
say "the summary is in $summary"
if [ -f "$csv" ]; then say "the throughputs are in $csv"; fi
[ "$failures" = 0 ]
