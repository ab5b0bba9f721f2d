# threads.sh -- the bits of a run do not depend on the number of threads.
. "$SOURCE/tests/cli/check.inc"

STEPS=$(count 20 3) THREADS="1 2 3 8"

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
need polarvae data generate few.h5 --subset 3:2:1:3:3 --quiet >out.text # an epoch is 1.5 steps

# for_threads TEXT key=value...: the same run with several numbers of threads.
for_threads() {
    text=$1
    shift
    for threads in $THREADS; do
        need train data=sprites.h5 batch=37 latents=5 steps=$STEPS log_every=1 "$@" \
            threads=$threads --out run$threads
        [ $threads -eq 1 ] || same_run "$text, $threads threads" run1 run$threads
    done
    check "$text: the log has no lines" test "$(wc -l <run1/log.csv)" -gt $STEPS
    rm -rf run[0-9]
}

for_threads "kernel 2" kernel=2
for_threads "kernel 4" kernel=4
for_threads "epochs" order=epochs data=few.h5
for_threads "PyTorch's epsilon" adam_epsilon=torch epsilon=0.001
for_threads "one image a step" batch=1
THREADS=$(count "$THREADS" "1 3") # checkpoints of 200 MB
for_threads "fully connected" network=fc

# What must make a difference, so that the comparison is one.
set -- data=sprites.h5 batch=37 latents=5 log_every=1 steps=$STEPS
need train "$@" --out one
need train "$@" seed=1 --out other
check "another seed gives the same bits" test -n "$(cmp one/checkpoint.h5 other/checkpoint.h5 2>&1)"
log_of one >a.text
log_of other >b.text
check "another seed gives the same log" test -n "$(cmp a.text b.text 2>&1)"
finish
