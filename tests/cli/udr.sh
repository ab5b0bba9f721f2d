# udr.sh -- which of several runs agrees best with the others, as its user sees it.
. "$SOURCE/tests/cli/check.inc"

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
need polarvae data generate other.h5 --subset 3:2:4:7:7 --quiet >out.text
# trained NAME key=value...
trained() {
    name=$1
    shift
    need train data=sprites.h5 batch=16 latents=4 learning_rate=0.01 beta=0.01 steps=$STEPS "$@" --out $name
}
STEPS=3
trained one seed=1
trained two seed=2
trained three seed=3
trained wide latents=5
trained elsewhere data=other.h5
trained seeded evaluation_seed=7
trained asleep steps=0
need cp -r one copy
contents . >before.text

# ---- the table ----

polarvae udr one two three --quiet >table.text 2>error.text
check "--quiet: status $?: $(cat error.text)" test $? -eq 0
check "--quiet: on stderr: $(head -n 1 error.text)" test ! -s error.text
check "the table: $(cat table.text)" test "$(grep -c '^[a-z]*  *0\.[0-9]*  *[1-4] of 4$' table.text)" -eq 3
sed -n 's/^\(one\|two\|three\)  *\([0-9.]*\) .*/\2/p' table.text >scores.text
sort -rn scores.text >sorted.text
check "the table: not the best first: $(cat scores.text)" cmp scores.text sorted.text
check "the table: other numbers of examples" grep -q "Lasso, over 1000 examples" table.text
need polarvae udr one two three >noisy.text 2>error.text
check "without --quiet: another table" cmp table.text noisy.text
check "without --quiet: no progress" grep -q "encoding" error.text
contents . | grep -v '/[a-z]*\.text$' >after.text
grep -v '/[a-z]*\.text$' before.text >wanted.text
check "files changed" cmp wanted.text after.text

# ---- what changes numbers, and what does not ----

# gives TEXT ARGUMENTS...: the table becomes other.text.
gives() {
    polarvae udr one two three --quiet "$@" >other.text 2>error.text ||
        failed "$*: status $?: $(cat error.text)"
}
same() {
    gives "$@"
    check "$*: another table" cmp table.text other.text
}
other() {
    gives "$@"
    sed -n 's/^\(one\|two\|three\) /&/p' table.text >a.text
    sed -n 's/^\(one\|two\|three\) /&/p' other.text >b.text
    check "$*: a score is the same" test -z "$(grep -x -F -f a.text b.text)"
}
same --method lasso
same --examples 1000
same examples=1000
same --examples=1000 examples=50
same threads=1
same threads=3
same --device cpu
other --method spearman
check "spearman: not named" grep -q "Spearman's rank correlation, over 1000 examples" other.text
other --examples 200
check "200 examples: not named" grep -q "over 200 examples" other.text
cp other.text fewer.text
gives examples=200
check "examples=200: not --examples 200" cmp fewer.text other.text
other evaluation_seed=5
polarvae udr one copy --quiet >out.text 2>error.text
check "a copy: $(cat out.text)" test "$(grep -c '  0\.\(9000\|8999\)  ' out.text)" -eq 2
polarvae udr one seeded evaluation_seed=7 --quiet >out.text 2>error.text
check "one seed of two: status $?: $(cat error.text)" test $? -eq 0

# ---- a run without a variable ----

polarvae udr asleep one two --quiet >out.text 2>error.text
check "asleep: status $?" test $? -eq 0
check "asleep: $(cat out.text)" grep -q '^asleep  *-  *0 of 4$' out.text
check "asleep: not the last: $(cat out.text)" test "$(sed -n 's/ .*[0-9] of 4$//p' out.text | tail -n 1)" = asleep
check "asleep: no reason" grep -q '^  - asleep: no variable has a KL above 0.01' out.text
polarvae udr one two --quiet >pair.text
grep '^one \|^two ' out.text | tr -s ' ' >a.text
grep '^one \|^two ' pair.text | tr -s ' ' >b.text
check "asleep: changes the others' scores" cmp a.text b.text

# ---- what is refused ----

refused 2 "udr: two run directories must be named at least" udr
refused 2 "udr: two run directories must be named at least" udr one
refused 2 "udr: two run directories must be named at least" udr one threads=1
refused 2 "two: runs come before key=value" udr one threads=1 two
refused 2 "missing: is not a run directory" udr one missing --quiet
refused 2 "sprites.h5: is not a run directory" udr one sprites.h5 --quiet
refused 1 "wide: has 5 latent variables, but one has 4" udr one wide --quiet
refused 2 "elsewhere: has another data set than one" udr one elsewhere --quiet
refused 2 "seeded: has another evaluation_seed than one; give evaluation_seed=N" udr one seeded --quiet
refused 2 "--method mig: must be lasso or spearman" udr one two --method mig
refused 2 "--method: a value must follow" udr one two --method
refused 2 "--examples 1: must be a whole number from 2" udr one two --examples 1
refused 2 "did you mean --examples?" udr one two --example 5
refused 2 "beta was decided when the model was trained" udr one two beta=4 --quiet
refused 2 "unknown key 'exampels'" udr one two exampels=4 --quiet
refused 1 "cuda:7" udr one two --device cuda:7 --quiet
rm copy/checkpoint.h5
refused 2 "copy: has no checkpoint.h5" udr one copy --quiet

# ---- JSON ----

if ! python3 -c '' 2>error.text; then
    echo "not run: python3 is missing, so no JSON is read"
    finish
fi
json() { python3 -c "import json, sys; j = json.load(open('$1')); sys.exit(not ($2))"; }
need polarvae udr one asleep two three --quiet --json >j.json
check "JSON: settings" json j.json \
    "j['method'] == 'lasso' and j['examples'] == 1000 and j['latents'] == 4 and j['kl_threshold'] == 0.01"
check "JSON: models" json j.json \
    "[m['name'] for m in j['models']] == ['one', 'asleep', 'two', 'three'] and
    all(m['informative'] == sum(k > 0.01 for k in m['kl']) and len(m['kl']) == 4 for m in j['models'])"
check "JSON: a run without a variable" json j.json \
    "[m['score'] is None for m in j['models']] == ['reason' in m for m in j['models']]
    == [False, True, False, False] and j['models'][1]['others'] == 3"
check "JSON: scores are medians of columns" json j.json "(lambda p: all(
    abs(j['models'][i]['score'] - sum(p[k][i] for k in (0, 2, 3)) / 2) < 1e-12 for i in (0, 2, 3)))(
    j['pairwise_disentanglement_scores'])"
check "JSON: correlations" json j.json \
    "[len(j['raw_correlations']), len(j['raw_correlations'][3]), len(j['raw_correlations'][3][0]),
    len(j['raw_correlations'][3][0][2])] == [4, 4, 4, 4]"
for threads in 1 3; do need polarvae udr one two three --quiet --json threads=$threads >j$threads.json; done
check "three threads: another JSON" cmp j1.json j3.json
if [ -c /dev/full ]; then
    for how in "" --json; do
        polarvae udr one two --quiet $how >/dev/full 2>error.text
        check "udr $how >/dev/full: status $?" test $? -eq 1
        one_line "udr $how >/dev/full" "cannot be written"
    done
fi
finish
