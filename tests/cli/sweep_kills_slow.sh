# sweep_kills_slow.sh -- 200 models, trained by two processes that are killed twenty times: one of them,
# by the number of the process or of one of its lanes, or both; every model ends once, with the bits of
# an undisturbed sweep. And a disk that is full in the middle.
. "$SOURCE/tests/cli/check.inc"

KILLS=20 SEEDS=$(count 50 3)

need polarvae data generate a.h5 --subset 2:2:4:4:4 --quiet >out.text
cat >sweep.yaml <<END
data: a.h5
batch: 2
latents: 2
steps: 12
log_every: 2
checkpoint_every: 5
examples: 20
metrics: none
grid:
  - {objective: beta_vae, beta: [1, 4]}
  - {objective: dip_vae_ii, lambda_od: 5}
  - {objective: beta_tcvae, beta: 3}
seeds: $SEEDS
END
sweep() { polarvae sweep sweep.yaml --quiet "$@"; }
models=$((4 * SEEDS))
begun=$(date +%s%3N)
need sweep --dir whole >out.text
lasted=$(($(date +%s%3N) - begun))
check "whole: $(cat out.text)" grep -q "^whole: all of $models models finished" out.text

# same_models TEXT DIR [WANTED]: every model once, with the bits of the undisturbed sweep.
same_models() {
    wanted=${3:-whole}
    (cd "$wanted" && cksum ./*/checkpoint.h5 ./*/evaluation.json) >a.text
    (cd "$2" && cksum ./*/checkpoint.h5 ./*/evaluation.json) >b.text
    check "$1: other bits: $(diff a.text b.text | head -n 3)" cmp a.text b.text
    for name in $(ls "$wanted"); do
        log_of "$wanted/$name" >a.text
        log_of "$2/$name" >b.text
        cmp -s a.text b.text || echo "$name"
    done >other.text
    check "$1: other logs: $(head -n 3 other.text)" test ! -s other.text
    check "$1: left behind: $(find "$2" -name '*.part*' | head -n 3)" \
        test -z "$(find "$2" -name '*.part*')"
    check "$1: $(ls -A "$2" | wc -l) entries" test "$(ls -A "$2" | wc -l)" -eq "$(ls "$wanted" | wc -l)"
}

# ---- killed ----

seed=${SEED:-$(date +%s)}
echo "SEED=$seed: $KILLS kills in sweeps of $lasted ms"
# When how many models are evaluated, so that it does not depend on how busy the machine is, and how
# long after that: up to the time of two models.
awk -v seed="$seed" -v n=$KILLS -v models=$models -v ms="$lasted" 'BEGIN {
    srand(seed)
    for (i = 0; i < n; i++)
        printf "%d %.3f %d\n", (i + rand()) * models / (n + 1), rand() * 2 * ms / models / 1000, i % 3
}' >kills
killed=0
while read -r models_done seconds kind; do
    setsid sh -c 'for i in 1 2; do "$POLARVAE" sweep sweep.yaml --dir cut --quiet & done; wait' \
        >out.text 2>error.text &
    group=$!
    clean() { kill -9 -$group 2>killed.text; }
    while [ "$(find cut -name evaluation.json 2>find.text | wc -l)" -lt "$models_done" ] &&
        kill -0 -$group 2>killed.text; do
        sleep 0.05
    done
    sleep "$seconds"
    one=$(pgrep -g $group -f 'sweep.yaml --dir cut --quiet$' | tail -n 1)
    case $kind in
    0) kill -9 "$one" ;;
    1) kill -9 "$(ls "/proc/$one/task" | tail -n 1)" ;; # a lane, with which its process goes
    2) kill -9 -$group ;;
    esac 2>killed.text && killed=$((killed + 1))
    [ "$kind" = 2 ] || sleep 0.1
    kill -9 -$group 2>>killed.text
    wait $group 2>>killed.text
    while pgrep -g $group >pids.text; do sleep 0.02; done
    check "before it was killed: $(cat error.text)" test "$(grep -c -v Killed error.text)" -eq 0
done <kills
clean() { :; }
echo "killed $killed times; $(ls cut/*/evaluation.json | wc -l) of $models models were finished"
check "too few were killed: $killed" test $killed -gt $((KILLS / 2))
need sweep --dir cut >out.text
same_models "after kills" cut

# ---- a full disk ----

if [ "$(id -u)" -eq 0 ] && mkdir small && mount -t tmpfs -o size=30m none small 2>error.text; then
    clean() { umount small 2>umount.text; }
    need sweep --dir few seeds=2 >out.text
    sweep --dir small seeds=2 >out.text 2>error.text
    check "a full disk: status $?, not 1" test $? -eq 1
    check "a full disk: $(head -n 3 error.text)" grep -q "^failed: .*small/.*No space left on device" error.text
    check "a full disk: $(tail -n 1 error.text)" grep -q "^polarvae: .* of 8 models failed" error.text
    check "a full disk: nothing was finished" ls small/*/evaluation.json >out.text
    need mount -o remount,size=512m small
    need sweep --dir small seeds=2 >out.text
    same_models "after a full disk" small few
    umount small
    clean() { :; }
else
    echo "no full disk: nothing can be mounted here"
fi
finish
