# threads.sh -- the bits of a run do not depend on the number of threads.
. "$SOURCE/tests/cli/check.inc"

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text

# for_threads TEXT key=value...: the same run with several numbers of threads.
for_threads() {
    text=$1
    shift
    for threads in 1 2 3 8; do
        need train data=sprites.h5 batch=37 latents=5 log_every=3 "$@" threads=$threads --out run$threads
        [ $threads -eq 1 ] || same_run "$text, $threads threads" run1 run$threads
    done
    check "$text: the log has no lines" test "$(wc -l <run1/log.csv)" -gt 3
    rm -rf run1 run2 run3 run8
}

for_threads "kernel 2" kernel=2 steps=20
for_threads "kernel 4" kernel=4 steps=20
for_threads "epochs" order=epochs steps=50 # of 41.5 steps each
for_threads "fully connected" network=fc steps=12
for_threads "PyTorch's epsilon" adam_epsilon=torch epsilon=0.001 steps=20
for_threads "one image a step" batch=1 steps=12

# What must make a difference, so that the comparison is one.
need train data=sprites.h5 batch=37 latents=5 log_every=3 steps=12 --out one
need train data=sprites.h5 batch=37 latents=5 log_every=3 steps=12 seed=1 --out other
check "another seed gives the same bits" test -n "$(cmp one/checkpoint.h5 other/checkpoint.h5 2>&1)"
log_of one >a.text
log_of other >b.text
check "another seed gives the same log" test -n "$(cmp a.text b.text 2>&1)"
finish
