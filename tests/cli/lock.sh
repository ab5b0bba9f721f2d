# lock.sh -- one process at a time trains in a run directory; the others say so, and change nothing.
. "$SOURCE/tests/cli/check.inc"

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
set -- data=sprites.h5 batch=2 latents=4 log_every=5 checkpoint_every=7

# ---- a run that is being trained; asleep, so that nothing but a second process changes its files ----

"$POLARVAE" train "$@" steps=1000000 --quiet --out busy 2>busy.text &
program=$!
clean() { kill -9 $program 2>killed.text; }
while [ ! -f busy/checkpoint.h5 ] && kill -0 $program; do sleep 0.02; done
kill -STOP $program
contents busy >before
refused 1 "busy: another process is training there" train "$@" --out busy --quiet
refused 1 "busy: another process is training there" train --resume --out busy --quiet
refused 1 "busy: another process is training there" train --resume --out busy/../busy beta=5 --quiet
contents busy >after
check "a second process changed the run of the first" cmp before after
check "the first process ended: $(cat busy.text)" kill -0 $program
need polarvae encode busy --examples 9 --quiet --out codes.h5 >out.text

# ---- killed: nothing is left that would stop the next ----

kill -9 $program
wait $program 2>killed.text
steps=$(($(tail -n 1 busy/log.csv | cut -d, -f1) + 3))
need train --resume steps=$steps --out busy
need train "$@" steps=$steps --out straight
same_run "resumed after the first was killed" straight busy

# ---- started at once ----

need train "$@" steps=20 --out alone
for turn in 1 2 3 4 5; do
    "$POLARVAE" train "$@" steps=20 --quiet --out both 2>one.text &
    one=$!
    "$POLARVAE" train "$@" steps=20 --quiet --out both 2>other.text &
    wait $one
    first=$?
    wait $!
    second=$?
    # The later one may find the run of the earlier one finished: then it is refused for that.
    check "at once: status $first and $second" test $((first * second)) -eq 0 -a $first -ne $second
    cat one.text other.text >error.text
    one_line "train, at once" "another process is training there\|holds a run already"
    same_run "at once" alone both
    rm -rf both
done

# ---- where nothing can be locked, training goes on ----

mkdir -p unlocked/.lock
need train "$@" steps=20 --out unlocked
same_run "without a lock" alone unlocked
finish
