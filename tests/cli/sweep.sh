# sweep.sh -- the models of a sweep have the bits of `train`, whatever the lanes, kills and failures.
. "$SOURCE/tests/cli/check.inc"

KILLS=$(count 6 2) STEPS=$(count 45 6) LANES=$(count "1 2 3" "1 3")
# FactorVAE has five million parameters more: too many for a sanitizer's patience.
FACTOR=$(count factor_vae annealed_vae) KEY=$(count gamma c_max) MORE=$(count discriminator_beta1 gamma)

need polarvae data generate a.h5 --subset 3:2:4:8:8 --quiet >out.text
need polarvae data generate b.h5 --subset 3:2:4:7:7 --quiet >out.text
cat >base.yaml <<END
batch: 3
latents: 4
steps: $STEPS
log_every: 2
checkpoint_every: $((STEPS / 3))
examples: 50
metrics: none
END
{
    cat base.yaml
    cat <<END
data: [a.h5, b.h5]
grid:
  - {objective: beta_vae, beta: [1, 4]}
  - {objective: $FACTOR, $KEY: 10}
  - {objective: dip_vae_i, lambda_od: 5}
END
} >sweep.yaml
sweep() { polarvae sweep sweep.yaml "$@"; }

# ---- the list ----

need sweep --list >list.text
cat >wanted.text <<END
0	beta_vae-data=a-beta=1	data=a.h5 objective=beta_vae beta=1
1	beta_vae-data=a-beta=4	data=a.h5 objective=beta_vae beta=4
2	$FACTOR-data=a	data=a.h5 objective=$FACTOR $KEY=10
3	dip_vae_i-data=a	data=a.h5 objective=dip_vae_i lambda_od=5
4	beta_vae-data=b-beta=1	data=b.h5 objective=beta_vae beta=1
5	beta_vae-data=b-beta=4	data=b.h5 objective=beta_vae beta=4
6	$FACTOR-data=b	data=b.h5 objective=$FACTOR $KEY=10
7	dip_vae_i-data=b	data=b.h5 objective=dip_vae_i lambda_od=5
END
check "--list: $(cat list.text)" cmp list.text wanted.text
need sweep --list --index 5 >one.text
sed -n 6p list.text >wanted.text
check "--list --index 5: $(cat one.text)" cmp one.text wanted.text

# ---- the same models by `train` ----

names=$(cut -f 2 list.text)
while IFS="$(printf '\t')" read -r index name keys; do
    # shellcheck disable=SC2086
    need train base.yaml $keys --out "single/$name"
done <list.text

# same_models TEXT DIR: all of DIR's models are those of `train`.
same_models() {
    for name in $names; do same_run "$1, $name" "single/$name" "$2/$name"; done
    check "$1: $(ls "$2" | wc -l) directories" test "$(ls "$2" | wc -l)" -eq 8
    check "$1: parts are left behind" test -z "$(find "$2" -name '*.part')"
    check "$1: not all finished" test "$(grep -l '"state": "finished"' "$2"/*/status.json | wc -l)" -eq 8
    check "$1: not all evaluated" test "$(ls "$2"/*/evaluation.json | wc -l)" -eq 8
    check "$1: owners are left behind" test -z "$(find "$2" -name '.owner*')"
}

for lanes in $LANES; do
    begun=$(date +%s%3N)
    need sweep --dir lanes$lanes --lanes $lanes --quiet >out.text 2>error.text
    lasted=$(($(date +%s%3N) - begun))
    check "$lanes lanes: on stdout: $(cat out.text)" \
        grep -q "^lanes$lanes: all of 8 models finished, 8 of them now$" out.text
    check "$lanes lanes --quiet: on stderr: $(cat error.text)" test ! -s error.text
    same_models "$lanes lanes" lanes$lanes
    for name in $names; do
        check "$lanes lanes, $name: another evaluation" \
            cmp lanes1/$name/evaluation.json lanes$lanes/$name/evaluation.json
    done
done
for name in $names; do
    need polarvae evaluate single/$name --quiet >out.text
    check "$name: not what evaluate says" cmp single/$name/evaluation.json lanes1/$name/evaluation.json
done
check "another configuration than that of train" \
    cmp single/$FACTOR-data=b/config.yaml lanes1/$FACTOR-data=b/config.yaml

# ---- finished: nothing is touched ----

contents lanes1 >before
touch marker
need sweep --dir lanes1 >out.text 2>error.text
contents lanes1 >after
check "a finished sweep changed" cmp before after
check "a finished sweep was written to" test -z "$(find lanes1 -newer marker)"
check "a finished sweep: $(cat out.text)" \
    grep -q "^lanes1: all of 8 models finished, 0 of them now$" out.text

# ---- what a run directory with an equals sign is good for ----

need polarvae evaluate lanes1/beta_vae-data=a-beta=1 lanes1/dip_vae_i-data=a examples=50 --quiet >out.text
check "evaluate: no table of both" grep -q "^dip_vae_i-data=a  " out.text

# ---- how far it is ----

need sweep --dir lanes1 --status >out.text
check "--status: $(cat out.text)" grep -q "^lanes1: 8 models: 8 finished$" out.text
check "--status: $(cat out.text)" grep -q "^100 % of $((8 * STEPS)) steps$" out.text
cp -rp lanes1 half
rm -r half/beta_vae-data=a-beta=1
sed -i 's/finished/stopped/; s/"step": [0-9]*/"step": 2/' half/beta_vae-data=a-beta=4/status.json
sed -i 's/finished/failed/; s/"error": null/"error": "no room"/' half/dip_vae_i-data=a/status.json
rm half/dip_vae_i-data=b/evaluation.json
need sweep --dir half --status >out.text
check "--status: $(cat out.text)" \
    grep -q "^half: 8 models: 5 finished, .*1 stopped, 1 failed, 1 not begun$\|^half: 8 models: 4 finished, 1 to be evaluated, 1 stopped, 1 failed, 1 not begun$" out.text
check "--status: $(cat out.text)" grep -q "^failed: dip_vae_i-data=a: no room$" out.text
need sweep --dir half --status --json >out.text
check "--status --json: $(cat out.text)" grep -q '"to_be_evaluated": 1,' out.text
need sweep --dir half --train-only --quiet >out.text 2>error.text
check "--train-only evaluated" test ! -e half/dip_vae_i-data=b/evaluation.json
need sweep --dir half --quiet >out.text
same_models "after half" half

# ---- one of them ----

need sweep --dir one --index 6 --quiet --json >out.text
check "--json: $(cat out.text)" grep -q '"trained": 1,' out.text
check "--index 6: made $(ls one)" test "$(ls one)" = $FACTOR-data=b
same_run "--index 6" single/$FACTOR-data=b one/$FACTOR-data=b

# ---- a changed configuration ----

contents lanes1 >before
refused 2 "beta_vae-data=a-beta=1/config.yaml: the run has another learning_rate" \
    sweep sweep.yaml --dir lanes1 learning_rate=0.1
sed "s/$KEY: 10/$KEY: 10, $MORE: 0.25/" sweep.yaml >changed.yaml
refused 2 "$FACTOR-data=a/config.yaml: the run has another $MORE" \
    sweep changed.yaml --dir lanes1
contents lanes1 >after
check "a refused sweep changed something" cmp before after

more=$((STEPS + 3)) # only longer: it goes on
need sweep --dir one --index 6 --quiet steps=$more >out.text
need train base.yaml data=b.h5 objective=$FACTOR $KEY=10 steps=$more --out longer
same_run "more steps" longer one/$FACTOR-data=b

# ---- killed ----

seed=${SEED:-$(date +%s)}
echo "SEED=$seed: $KILLS kills in sweeps of $lasted ms"
awk -v seed="$seed" -v n=$KILLS -v ms="$lasted" 'BEGIN {
    srand(seed)
    for (i = 0; i < n; i++) printf "%.3f\n", rand() * 2 * ms / n / 1000
}' >sleeps
killed=0
while read -r seconds; do
    "$POLARVAE" sweep sweep.yaml --dir cut --quiet >out.text 2>error.text &
    program=$!
    sleep "$seconds"
    kill -9 $program 2>killed.text
    wait $program 2>>killed.text
    [ $? -eq 137 ] && killed=$((killed + 1))
    check "before it was killed: $(cat error.text)" test ! -s error.text
done <sleeps
echo "killed $killed times"
check "no sweep was killed" test $killed -gt 0
need sweep --dir cut --quiet >out.text
same_models "after kills" cut

# ---- two at once ----

"$POLARVAE" sweep sweep.yaml --dir both --quiet >one.text 2>&1 &
"$POLARVAE" sweep sweep.yaml --dir both --quiet >other.text 2>&1 &
wait
need sweep --dir both --quiet >out.text
same_models "two at once" both

# ---- stopped by a signal ----

for signal in INT TERM; do
    "$POLARVAE" sweep sweep.yaml --dir stopped --lanes 2 steps=1000000 --quiet >out.text 2>error.text &
    program=$!
    while [ "$(find stopped -name checkpoint.h5 2>find.text | wc -l)" -lt 2 ] && kill -0 $program; do
        sleep 0.02
    done
    kill -$signal $program
    wait $program
    check "SIG$signal: status $?, not 1" test $? -eq 1
    one_line "sweep, SIG$signal" "stopped with 0 of 8 models finished"
    for name in beta_vae-data=a-beta=1 beta_vae-data=a-beta=4; do
        check "SIG$signal, $name" grep -q '"state": "stopped"' stopped/$name/status.json
        step=$(sed -n 's/.*"step": \([0-9]*\),/\1/p' stopped/$name/status.json)
        need train --resume steps=$((step + 3)) --out stopped/$name
        need train base.yaml data=a.h5 ${name##*-} steps=$((step + 3)) --out straight
        same_run "SIG$signal, $name" straight stopped/$name
        rm -rf straight
    done
    rm -rf stopped
done

# ---- what fails ----

# fails PATTERN...: the sweep ends with status 1, and there is a line on stderr for every pattern.
fails() {
    polarvae sweep sweep.yaml --dir part --quiet >out.text 2>error.text
    check "status $?, not 1" test $? -eq 1
    check "failed, but on stdout: $(cat out.text)" test ! -s out.text
    for pattern in "$@"; do
        check "no line '$pattern' in: $(cat error.text)" grep -q -e "$pattern" error.text
    done
}

# A data set that is missing; the four models that want it share a line.
need mv b.h5 away.h5
fails "^failed: beta_vae-data=b-beta=1 and the 3 after it: b.h5: cannot be opened: No such file" \
    "^polarvae: 4 of 8 models failed; the same command tries them again$"
for name in $names; do
    case $name in
    *=b*)
        check "$name: no reason" grep -q '"error": "b.h5: cannot be opened' part/$name/status.json
        check "$name: not failed" grep -q '"state": "failed"' part/$name/status.json
        ;;
    *) same_run "beside a missing data set, $name" single/$name part/$name ;;
    esac
done
need mv away.h5 b.h5

# A model that another process has: the others are trained, then it is waited for.
name=beta_vae-data=b-beta=1
rm -rf part/$name
mkdir part/$name
flock part/$name/.lock sleep 1000 &
holder=$!
clean() { kill -9 $holder $program 2>killed.text; }
while flock -n part/$name/.lock true; do sleep 0.02; done
"$POLARVAE" sweep sweep.yaml --dir part --quiet >out.text 2>error.text &
program=$!
while [ "$(ls part/*/evaluation.json | wc -l)" -lt 7 ] && kill -0 $program; do sleep 0.05; done
check "it did not wait: $(cat error.text)" kill -0 $program
check "a run that another process has was changed" test "$(ls -A part/$name)" = .lock
pkill -9 -P $holder
kill -9 $holder 2>killed.text
wait $program
check "the rest: $(cat out.text error.text)" \
    grep -q "^part: all of 8 models finished, 4 of them now$" out.text
clean() { :; }
same_models "after failures" part

# Numbers that are not finite: once, with the step and the term.
{
    cat base.yaml
    printf 'data: a.h5\nlearning_rate: [0.001, 10]\n'
} >sweep.yaml
fails "^failed: beta_vae-learning_rate=10: .*smaller learning_rate" "^polarvae: 1 of 2 models failed"
check "not finite: no reason" grep -q '"error": ".*smaller learning_rate' part/*rate=10/status.json

# ---- the sweeps that come with the program ----

# has FILE MODELS INDEX NAME
has() {
    need polarvae sweep "$SOURCE/configs/$1" --list >list.text
    check "$1: $(wc -l <list.text) models" test "$(wc -l <list.text)" -eq "$2"
    check "$1: model $3 is $(sed -n "$(($3 + 1))p" list.text)" \
        test "$(sed -n "$(($3 + 1))p" list.text | cut -f 2)" = "$4"
}
has studies/unsupervised_study_v1.yaml 12600 9273 beta_vae-data=cars3d-beta=16-seed=23
has studies/unsupervised_study_v1.yaml 12600 4099 factor_vae-data=noisy_dsprites-gamma=40-seed=49
has papers/be_more_active.yaml 9000 8999 annealed_vae-data=cars3d-c_max=100-seed=49
has papers/be_more_active_small.yaml 24 2 beta_vae-beta=4-seed=0
has papers/how_do_vaes_learn.yaml 300 299 dip_vae_ii-data=smallnorb-lambda_od=20-seed=4
has papers/how_do_vaes_learn_small.yaml 8 7 dip_vae_ii-lambda_od=20
has demo.yaml 8 5 factor_vae-gamma=50

# ---- wrong usage ----

refused 2 "sweep file must come first" sweep
refused 2 "sweep file must come first" sweep --dir x
refused 2 "sweep file must come first" sweep beta=4 --dir x
refused 2 "missing.yaml: there is no such sweep file" sweep missing.yaml --dir x
refused 2 "--dir DIR is missing" sweep sweep.yaml
refused 2 "base.yaml: is neither an option nor key=value" sweep sweep.yaml base.yaml --dir x
refused 2 "--index 2: the sweep has 2 models, from 0" sweep sweep.yaml --dir x --index 2
refused 2 "--index 2: the sweep has 2 models, from 0" sweep sweep.yaml --list --index 2
refused 2 "--index -1: must be a whole number" sweep sweep.yaml --dir x --index -1
refused 2 "--shard 2/2: must be I/N" sweep sweep.yaml --dir x --shard 2/2
refused 2 "--shard 1: must be I/N" sweep sweep.yaml --dir x --shard 1
refused 2 "--shard: does not go with --index" sweep sweep.yaml --dir x --shard 0/2 --index 1
refused 2 "--steal-after 3: must be a number of seconds from 30" sweep sweep.yaml --dir x --steal-after 3
refused 2 "--json: does not go with --list" sweep sweep.yaml --list --json
refused 2 "--status: is of all models" sweep sweep.yaml --dir x --status --list
refused 2 "there is no 'mug'" sweep sweep.yaml --dir x metrics=mug
refused 2 "--lanes 0: must be a whole number" sweep sweep.yaml --dir x --lanes 0
refused 2 "learning_rate=x: learning_rate must be between" sweep sweep.yaml --dir x learning_rate=x
printf 'grid:\n- {beta: 1}\n- {beta: 2, bath: 3}\n' >typo.yaml
refused 2 "typo.yaml:3: unknown key 'bath'; did you mean 'batch'" sweep typo.yaml --dir x
refused 2 "typo.yaml:1: 'grid' stands in a sweep file" train typo.yaml --out x
check "what is refused made a directory" test ! -e x
finish
