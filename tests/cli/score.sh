# score.sh -- metrics of codes from any program, as their user sees them.
. "$SOURCE/tests/cli/check.inc"

if ! python3 -c '' 2>error.text; then
    echo "skipped: python3 is missing, so no codes of another program can be made"
    exit 77
fi

# codes FILE TABLES: see write_codes.py.
codes() { need python3 "$SOURCE/tests/cli/write_codes.py" "$@"; }
# json FILE EXPRESSION: true of the value j.
json() { python3 -c "import json, sys; j = json.load(open('$1')); sys.exit(not ($2))"; }
# score FILE ARGUMENTS...: on few draws.
score() {
    file=$1
    shift
    polarvae score $file metric_train=400 metric_test=200 --quiet "$@"
}

codes whole.h5 "mean_f32=mean, sampled_f32=sampled, variance_f32=variance, factors_i32=factors"
codes mean.h5 "mean=mean, factors=factors"
codes few.h5 "mean=mean[:59], factors=factors[:59]"

# ---- help ----

polarvae score --help >help.text
all="beta_vae factor_vae mig dci sap modularity explicitness unsupervised downstream_logistic
    downstream_trees downstream_random irs"
for name in $all; do
    check "--help does not tell what $name is" grep -q "^  $name  *[a-z].* .* " help.text
    need score mean.h5 --metrics $name --json >j.json
    check "--metrics $name: computes something else" json j.json \
        "list(j['metrics']['mean']) == ['$name'] and len(j['metrics']['mean']['$name']) > 2"
done
tr '\n' ' ' <help.text >line.text
check "--help: which metrics need a grid" grep -q \
    "share a factor are looked up, as beta_vae and factor_vae need" line.text
need score mean.h5 --metrics downstream,mig,mig --json >j.json
check "a list of metrics" json j.json \
    "sorted(j['metrics']['mean']) == ['downstream_logistic', 'downstream_random', 'downstream_trees', 'mig']"
need score few.h5 --metrics study --json >study.json
need score few.h5 --json >j.json
check "the study's metrics are not the default" cmp study.json j.json
need score few.h5 --metrics all --json >j.json
check "all are not the study's and irs" json j.json \
    "set(j['metrics']['mean']) - set(json.load(open('study.json'))['metrics']['mean']) == {'irs'}"

# ---- what is refused ----

refused 2 "a codes file must be named" score
refused 2 "a codes file must be named" score bins=10
refused 2 "other.h5: score takes one file" score whole.h5 other.h5
refused 2 "there is no 'migg'; there are beta_vae, factor_vae, mig" score whole.h5 --metrics migg
refused 2 "there is no 'mi'; " score whole.h5 --metrics dci,mi
refused 2 "there is no ''; " score whole.h5 --metrics mig,,dci
refused 2 "--metrics: a value must follow" score whole.h5 --metrics=
refused 2 "did you mean --metrics?" score whole.h5 --metric mig
refused 2 "unknown key 'metric_trian'; did you mean 'metric_train'?" score whole.h5 metric_trian=9
refused 2 "metric_train must be a whole number" score whole.h5 metric_train=0
refused 2 "bins must be" score whole.h5 bins=1
refused 2 "sklearn_era.*current.*study" score whole.h5 sklearn_era=old
refused 2 "there is no 'migg'" score missing.h5 --metrics migg

refused 1 "missing.h5: .*No such file" score missing.h5
mkdir directory
refused 1 "directory: " score directory
: >empty.h5
head -c $(($(wc -c <whole.h5) / 2)) whole.h5 >half.h5
head -c $(($(wc -c <whole.h5) - 1)) whole.h5 >short.h5
head -c 5000 /dev/urandom >noise.h5
for name in trained noisy; do # compressed and with checksums
    golden="$SOURCE/tests/golden/codes_$name.h5"
    head -c $(($(wc -c <"$golden") * 2 / 3)) "$golden" >$name.h5
done
for file in empty half short noise trained noisy; do
    refused 1 "$file.h5: " score $file.h5 --quiet
done

# wrong PATTERN TABLES: codes that are no good.
wrong() {
    codes wrong.h5 "$2"
    refused 1 "$1" score wrong.h5 --quiet
}
wrong "wrong.h5: holds no codes: mean, sampled, variance or codes" "factors=factors, z=mean"
wrong "wrong.h5: 'factors' is int64 .59, 3.; expected int32 .60, 3." \
    "mean=mean, factors=factors[:59]"
wrong "wrong.h5: 'factors' is float64 .59, 4.; expected float64 .60, 4." \
    "mean=mean, factors=mean[:59]"
for value in nan inf -inf; do
    wrong "wrong.h5: factor 1 (factor 1) of example 3 is $value, not a number" \
        "mean=mean, factors=mean[:3] + [[0.5, float('$value'), 0.5, 0.5]] + mean[4:]"
done
wrong "wrong.h5: 'sampled' is float64 .59, 4.; expected float32 .60, 4." \
    "mean=mean, sampled=sampled[:59], factors=factors"
wrong "wrong.h5: 'mean' is int64" "mean=factors, factors=factors"
wrong "wrong.h5: mean is not a table" "mean=[0.5, 1.5], factors=factors"
wrong "wrong.h5: factors is not a table" "mean=mean, factors=[1, 2]"
wrong "factors, which metrics need" "mean=mean"
wrong "no factors, .* not all of mean, variance and sampled" "mean=mean, sampled=sampled"
wrong "neither mean nor sampled" "variance=variance, factors=factors"
wrong "1 examples, metrics need at least 2" "mean=mean[:1], factors=factors[:1]"
wrong "17 factors, metrics need 1 to 16" "mean=mean, factors=[row * 5 + row[:2] for row in factors]"
wrong "mean of example 7, variable 2 is nan" \
    "mean=mean[:7] + [[0.5, 0.5, math.nan, 0.5]] + mean[8:], factors=factors"
wrong "sampled of example 59, variable 0 is -inf" \
    "mean=mean, sampled_f32=sampled[:59] + [[-math.inf, 0.5, 0.5, 0.5]], factors=factors"
wrong "sampled of example 59, variable 0 is inf" \
    "mean=mean, sampled=sampled[:59] + [[math.inf, 0.5, 0.5, 0.5]], factors=factors"
wrong "mean of example 0, variable 1 is -inf" \
    "mean=[[0.5, -math.inf, 0.5, 0.5]] + mean[1:], factors=factors"
wrong "wrong.h5: 'mean' holds a value that does not fit float32" \
    "mean=[[0.5, -1e39, 0.5, 0.5]] + mean[1:], factors=factors"
wrong "wrong.h5: 'factors'" "mean=mean, factors=[[2**40, 0, 0]] + factors[1:]"

refused 1 "cuda:7" score whole.h5 --device cuda:7 --quiet
refused 2 "device 'gpu' is not known" score whole.h5 --device gpu --quiet

# ---- JSON ----

LIST=mig,dci,sap,factor_vae,unsupervised,irs,explicitness
need score whole.h5 --metrics $LIST --json threads=1 --device cpu >one.json
need score whole.h5 --metrics $LIST --json threads=3 --device cpu >three.json
check "three threads: another JSON" cmp one.json three.json
check "JSON: types and scores" json one.json "j['examples'] == 60 and
    j['counts'] == {'active': 3, 'mixed': 0, 'passive': 1} and
    j['representations']['sampled']['active']['size'] == 3"
for name in mean sampled; do
    check "JSON: metrics of $name" json one.json \
        "set(j['metrics']['$name']) == set('$LIST'.split(','))"
    check "JSON: mig of $name" json one.json "(lambda m: 0.4 < m['discrete_mig'] < 0.9 and
        [len(row) for row in m['mutual_information']] == [3] * 4 and m['train'] == 400)(
        j['metrics']['$name']['mig'])"
    check "JSON: dci of $name" json one.json "(lambda m: m['disentanglement'] > 0.9 and
        m['train'] == 400 and m['test'] == 200)(j['metrics']['$name']['dci'])"
done
check "JSON: a metric lacks its seed, or has a reason" json one.json "all(
    type(m['seed']) is int and 'reason' not in m
    for r in ('mean', 'sampled') for m in j['metrics'][r].values())"
check "JSON: the era is not the default" json one.json "j['metrics']['sklearn_era'] == 'current'"

need score mean.h5 --metrics $LIST --json >j.json
need cp j.json whole.json
check "only a mean: other metrics than with the rest" json j.json \
    "j['metrics']['mean'] == json.load(open('one.json'))['metrics']['mean']"
check "only a mean: types or sampled codes" json j.json \
    "'variables' not in j and not j['metrics'].get('sampled')"
codes codes.h5 "codes=mean, factors_i32=factors"
need score codes.h5 --metrics $LIST --json >codes.json
check "codes, not mean: another JSON" cmp j.json codes.json

codes unlabelled.h5 "mean=mean, sampled=sampled, variance=variance"
need polarvae score unlabelled.h5 --json >j.json 2>error.text
check "no factors: metrics" json j.json "'metrics' not in j and j['counts']['passive'] == 1"
check "no factors: no note" grep -q "^note: .* no factors" error.text

need score few.h5 --metrics all --json >j.json
check "no grid: interventions" json j.json "all(
    'needs examples that share a factor' in j['metrics']['mean'][m]['reason'] and
    not any('accuracy' in key for key in j['metrics']['mean'][m])
    for m in ('beta_vae', 'factor_vae'))"
check "no grid: what is learned" json j.json \
    "(lambda m: m['dci']['train'] == 39 and m['dci']['test'] == 20 and m['mig']['train'] == 59 and
        '10:mean_test_accuracy' in m['downstream_trees'] and
        '100:mean_test_accuracy' not in m['downstream_trees'])(j['metrics']['mean'])"
need polarvae score few.h5 --metrics mig,factor_vae >out.text 2>error.text
check "no grid: no note" grep -q "^note: .* first two thirds of the rows" error.text
check "no grid: the table does not say why" grep -q "^  - factor_vae: needs examples" out.text
check "no grid: the table has a number" grep -q "^factor_vae  *-$" out.text

# ---- factors that are floats ----

codes floats.h5 "mean=mean, factors=[[float(x) for x in row] for row in factors]"
need score floats.h5 --metrics $LIST --json >floats.json
check "whole numbers as floats: another JSON" cmp whole.json floats.json

codes real.h5 "mean=mean, sampled=sampled, variance=variance,
    factors=[[float(a), b + 0.25, c] for a, b, c in factors]"
need polarvae score real.h5 --metrics all --json >j.json 2>error.text
check "real factors: no note" grep -q "^note: factors are real-valued: metrics learned" error.text
check "real factors: sap" json j.json "all(m['sap']['continuous_factors'] is True and
    0.5 < m['sap']['SAP_score'] < 1 and m['sap']['train'] == 40 and 'reason' not in m['sap']
    for m in (j['metrics']['mean'], j['metrics']['sampled']))"
check "real factors: irs, unsupervised" json j.json "(lambda m: 0 < m['irs']['IRS'] < 1 and
    'reason' not in m['irs'] and m['unsupervised']['train'] == 60)(j['metrics']['mean'])"
check "real factors: a metric of classes" json j.json "all('but factor 1 (factor 1) is real-valued'
    in m['reason'] and set(m) <= {'seed', 'reason', 'train', 'test'}
    for name, m in j['metrics']['mean'].items() if name not in ('sap', 'irs', 'unsupervised'))"
check "real factors: types" json j.json "j['counts']['passive'] == 1"
need score real.h5 --metrics sap,mig >out.text
check "real factors: the table" grep -q "^sap by squared correlation  *0\.[0-9]* *0\.[0-9]*$" out.text
check "real factors: the table's reason" grep -q "^  - mig: needs classes, but factor 1 " out.text
need score mean.h5 --metrics sap --json --continuous >j.json
check "--continuous: is not told" json j.json "j['metrics']['mean']['sap']['continuous_factors']"

codes many.h5 "mean=[[math.sin(i), math.cos(i)] for i in range(3000)],
    factors=[[i % 1500, i % 2] for i in range(3000)]"
need score many.h5 --metrics dci,mig --json >j.json
check "1500 classes: trees" json j.json "(lambda m: m['mig']['discrete_mig'] >= 0 and
    'factor 0 has 1500 values; ' in m['dci']['reason'])(j['metrics']['mean'])"

# ---- options that change numbers ----

# other TEXT LIST ARGUMENTS...: these make other metrics.
other() {
    text=$1 list=$2
    shift 2
    need score mean.h5 --metrics $list --json >a.json
    need score mean.h5 --metrics $list --json "$@" >b.json
    check "$text: the same numbers" json a.json \
        "j['metrics']['mean'] != json.load(open('b.json'))['metrics']['mean']"
}
other "another seed" mig evaluation_seed=1
for name in a b; do need grep '"seed"' $name.json >$name.text; done
check "another seed: has the same seed" test -n "$(cmp a.text b.text 2>&1)"
need score few.h5 --metrics mig,dci --json >a.json
need score few.h5 --metrics mig,dci --json evaluation_seed=1 >b.json
for name in a b; do need grep -v '"seed"' $name.json >$name.text; done
check "no grid: a seed matters" cmp a.text b.text
other "other bins" mig bins=5
other "continuous factors" sap --continuous
other "the study's scikit-learn" explicitness sklearn_era=study
check "JSON: the era is not named" json b.json "j['metrics']['sklearn_era'] == 'study'"
other "fewer examples" dci metric_test=30
check "fewer examples: not named" json b.json "j['metrics']['mean']['dci']['test'] == 30"

# ---- where it goes ----

polarvae score whole.h5 --metrics mig,irs --quiet >table.text 2>error.text
check "--quiet: status $?" test $? -eq 0
check "--quiet: on stderr: $(head -n 1 error.text)" test ! -s error.text
for word in "^mig  *0\.[0-9]* *0\.[0-9]*$" "^irs  *0\." "^active  *3 " "passive (3)"; do
    check "the table has no '$word'" grep -q "$word" table.text
done
need polarvae score whole.h5 --metrics mig,irs >noisy.text 2>error.text
check "without --quiet: another table" cmp table.text noisy.text
check "without --quiet: no progress" grep -q "metrics" error.text
if [ -c /dev/full ]; then
    for how in "" --json --help; do
        polarvae score whole.h5 --metrics mig --quiet $how >/dev/full 2>error.text
        check "score $how >/dev/full: status $?" test $? -eq 1
        one_line "score $how >/dev/full" "cannot be written"
    done
fi
polarvae score whole.h5 --metrics mig --quiet --json >&- 2>error.text
check "score >&-: status $?" test $? -eq 1
one_line "score >&-" "standard output: cannot be written"
# ---- some of the variables ----

need score few.h5 --variables 1,2 --metrics mig,sap --json >j.json
check "--variables: of others" json j.json "'mig' in j['metrics']['mean']"
need score whole.h5 --metrics mig subset_metrics=mig,sap --json >whole.json
for type in active mixed passive; do
    of=$(python3 -c "import json
print(*[v['index'] for v in json.load(open('whole.json'))['variables'] if v['type'] == '$type'], sep=',')")
    [ -n "$of" ] || continue
    need score whole.h5 --variables "$of" --metrics mig,sap --json >j.json
    check "--variables $of is not the set of $type ones" python3 -c "import json
whole, part = json.load(open('whole.json')), json.load(open('j.json'))
for name in 'mean', 'sampled':
    assert whole['subset_metrics'][name]['$type'] == part['metrics'][name]
    assert whole['representations'][name]['$type'] == part['representations'][name]['all']
assert [v['index'] for v in part['variables']] == [$of]"
done
refused 2 "--variables 1,x: must be numbers with commas" score few.h5 --variables 1,x
refused 2 "--variables 1,: must be numbers with commas" score few.h5 --variables 1,
refused 2 "variable 99: variables are numbers from 0 to" score few.h5 --variables 0,99
refused 2 "variable 0: variables are numbers from 0 to .*, in ascending order" \
    score few.h5 --variables 1,0
finish
