# shards.sh -- several processes share a sweep; the work of those that are gone is taken over, and who
# comes back late changes nothing.
. "$SOURCE/tests/cli/check.inc"

need polarvae data generate a.h5 --subset 2:2:4:4:4 --quiet >out.text
cat >sweep.yaml <<END
data: a.h5
batch: 3
latents: 3
steps: 20
log_every: 4
checkpoint_every: 6
examples: 40
metrics: none
grid:
  - {objective: beta_vae, beta: [1, 4]}
  - {objective: dip_vae_ii, lambda_od: 5}
seeds: 2
END
sweep() { polarvae sweep sweep.yaml --quiet "$@"; }
need sweep --dir whole >out.text
names=$(cd whole && ls)
shard() { polarvae sweep sweep.yaml --list | awk -v s="$1" '$1 % 2 == s { print $2 }' | sort; }

same_models() {
    for name in $names; do
        same_run "$1, $name" "whole/$name" "$2/$name"
        check "$1, $name: another evaluation" cmp "whole/$name/evaluation.json" "$2/$name/evaluation.json"
    done
    check "$1: $(ls -A "$2")" test "$(ls -A "$2")" = "$names"
    check "$1: something is left behind" test -z "$(find "$2" -name '*.part*' -o -name '.owner*')"
}

# old FILE: as if it had been written an hour ago.
old() { touch -d "1 hour ago" "$1"; }

# ---- each has its own ----

need sweep --dir parts --shard 1/2 >out.text
check "--shard 1/2: $(cat out.text)" grep -q "^parts: all of 3 models finished, 3 of them now$" out.text
check "--shard 1/2: made $(ls parts)" test "$(ls parts)" = "$(shard 1)"
need sweep --dir parts --shard 0/2 --lanes 1 >out.text
same_models "two shards" parts

# ---- a shard that is gone ----

need sweep --dir gone --shard 0/2 >out.text
check "without --steal-after: made $(ls gone)" test "$(ls gone)" = "$(shard 0)"
mkdir gone/.shards
: >gone/.shards/1-of-2
need sweep --dir gone --shard 0/2 --steal-after 60 >out.text
check "a shard that works: made $(ls gone)" test "$(ls gone)" = "$(shard 0)"
old gone/.shards/1-of-2
need sweep --dir gone --shard 0/2 --steal-after 60 >out.text
check "taken over: $(cat out.text)" grep -q "^gone: and 3 of silent shards$" out.text
rm -r gone/.shards
same_models "a silent shard" gone

# ---- a run that another machine had ----

name=beta_vae-beta=1-seed=0
cp -r whole remote
rm remote/$name/evaluation.json
sed -i 's/finished/running/' remote/$name/status.json
echo "elsewhere 17 0123456789abcdef" >remote/$name/.owner
contents remote >before
refused 1 "remote/$name: another process is training there (elsewhere), last seen" \
    train --resume --out remote/$name --quiet
contents remote >after
check "a run of another machine was changed" cmp before after
"$POLARVAE" sweep sweep.yaml --dir remote --quiet >out.text 2>error.text &
program=$!
clean() { kill -9 $program 2>killed.text; }
sleep 0.5
check "it did not wait: $(cat out.text error.text)" kill -0 $program
old remote/$name/.owner
wait $program
check "a silent run: status $?: $(cat error.text)" test $? -eq 0
clean() { :; }
same_models "a silent run" remote

# ---- the owner comes back ----

# taken TEXT COMMAND...: the command is asleep while its run gets another owner; then it stops, and has
# changed nothing.
taken() {
    text=$1
    shift
    "$POLARVAE" "$@" --quiet >out.text 2>error.text &
    program=$!
    clean() { kill -9 $program 2>killed.text; }
    while [ ! -f late/checkpoint.h5 ] && kill -0 $program; do sleep 0.02; done
    kill -STOP $program
    while ! grep -q '^State:.*stopped' /proc/$program/status; do sleep 0.02; done
    echo "elsewhere 17 0123456789abcdef" >late/.owner
    contents late | grep -v '\.part' >before
    kill -CONT $program
    wait $program
    check "$text: status $?, not 1" test $? -eq 1
    one_line "$text" "late: another process has taken it over"
    contents late | grep -v '\.part' >after
    check "$text: the late owner changed something" cmp before after
    clean() { :; }
    rm -rf late
}
taken "train" train data=a.h5 batch=3 latents=3 steps=1000000 log_every=1 checkpoint_every=7 --out late
taken "train, without a log" train data=a.h5 batch=3 latents=3 steps=1000000 log_every=100000 \
    checkpoint_every=7 --out late

# ---- two in one directory ----

for turn in 1 2 3; do
    "$POLARVAE" sweep sweep.yaml --dir both --quiet >one.text 2>error.text &
    one=$!
    "$POLARVAE" sweep sweep.yaml --dir both --quiet >other.text 2>>error.text
    check "two at once, turn $turn: status $?: $(cat error.text)" test $? -eq 0
    wait $one
    check "two at once, turn $turn: status $?: $(cat error.text)" test $? -eq 0
    trained=$(cat one.text other.text | sed -n 's/.*finished, \([0-9]*\) of them now/\1/p' |
        awk '{ sum += $1 } END { print sum }')
    check "two at once, turn $turn: $trained were trained, not 6" test "$trained" -eq 6
    same_models "two at once, turn $turn" both
    rm -rf both
done
finish
