# resume.sh -- a run that is cut off anywhere and resumed ends with the bits of one that is not.
. "$SOURCE/tests/cli/check.inc"

KILLS=$(count 20 4) STEPS=$(count 400 60) BATCH=$(count 16 2)

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
cat >tiny.yaml <<END
data: sprites.h5
batch: $BATCH
latents: 4
steps: $STEPS
log_every: 5
checkpoint_every: 7
snapshots: [0, $((STEPS / 8)), $((STEPS / 2 + 3))]
END

milliseconds() { date +%s%3N; }

begun=$(milliseconds)
need train tiny.yaml --out whole
lasted=$(($(milliseconds) - begun))

# ---- killed ----

seed=${SEED:-$(date +%s)}
echo "SEED=$seed: $KILLS kills in runs of $lasted ms"
# Half of them in the first moments, half anywhere in what each must do for all to get to the end and
# a little further; in seconds.
awk -v seed="$seed" -v n=$KILLS -v ms="$lasted" 'BEGIN {
    srand(seed)
    for (i = 0; i < n; i++) printf "%.3f\n", rand() * (i % 2 ? 2.5 : 0.5) * ms / n / 1000
}' >sleeps

# Starts a run or goes on with it, and kills it after $1 seconds; false if it had ended by then.
kill_after() {
    "$POLARVAE" train tiny.yaml --resume --quiet --out cut 2>error.text &
    program=$!
    sleep "$1"
    kill -9 $program 2>killed.text
    wait $program 2>>killed.text
    [ $? -eq 137 ]
}

whole_again() {
    need train tiny.yaml --resume --out cut
    same_run "resumed after kills" whole cut
    for snapshot in whole/snapshots/*; do
        check "snapshot after kills" cmp "$snapshot" "cut/snapshots/${snapshot##*/}"
    done
    check "parts are left behind" test -z "$(find cut -name '*.part')"
    rm -rf cut
}

early=0 late=0
while read -r seconds; do
    before=none
    [ -f cut/checkpoint.h5 ] && before=there
    if kill_after "$seconds"; then
        if [ $before = none ]; then early=$((early + 1)); else late=$((late + 1)); fi
    else
        check "ends by itself: $(cat error.text)" test ! -s error.text
        whole_again
    fi
done <sleeps
echo "killed $early times before the first checkpoint, $late times after it"
check "no run was killed" test $((early + late)) -gt 0
whole_again

# ---- stopped by a signal ----

for signal in INT TERM; do
    "$POLARVAE" train tiny.yaml steps=1000000 --quiet --out stopped >out.text 2>error.text &
    program=$!
    while [ ! -f stopped/checkpoint.h5 ] && kill -0 $program; do sleep 0.02; done
    kill -$signal $program
    wait $program
    check "SIG$signal: status $?, not 1" test $? -eq 1
    one_line "train, SIG$signal" "stopped at step [0-9]* of 1000000.*--resume --out stopped"
    check "SIG$signal: status.json" grep -q '"state": "stopped"' stopped/status.json
    step=$(sed 's/.*at step \([0-9]*\) .*/\1/' error.text)
    need train --resume steps=$((step + 11)) --out stopped
    need train tiny.yaml steps=$((step + 11)) --out straight
    same_run "resumed after SIG$signal" straight stopped
    rm -rf stopped straight
done

# ---- what is refused, and changes nothing ----

contents whole >before
refused 2 "whole: holds a run already; --resume" train tiny.yaml --out whole --quiet
refused 2 "another beta" train --resume --out whole beta=5 --quiet
refused 2 "another latents" train --resume --out whole latents=5 --quiet
refused 2 "another seed" train --resume --out whole seed=1 --quiet
refused 2 "log_every" train --resume --out whole log_every=6 --quiet
refused 2 "missing: holds no run to resume" train --resume --out missing --quiet
check "a refused --resume made a directory" test ! -e missing
need mv sprites.h5 kept.h5
need polarvae data generate sprites.h5 --subset 3:2:4:4:4 --quiet >out.text
refused 2 "other data" train --resume --out whole --quiet
need mv kept.h5 sprites.h5
contents whole >after
check "a refused run changed" cmp before after

# ---- a finished run goes on, or has nothing to do ----

cp -r whole idle
need train --resume --out idle
same_run "nothing to do" whole idle
for more in 3 21; do # neither a multiple of log_every: the end has a line of its own
    need train --resume steps=$((STEPS + more)) --out idle
    need train tiny.yaml steps=$((STEPS + more)) --out longer
    same_run "$more more steps" longer idle
    cp -r idle short
    sed '$d' idle/log.csv >short/log.csv
    need train --resume --out short
    same_run "$more more steps, the last line lost" longer short
    rm -rf longer short
done
finish
