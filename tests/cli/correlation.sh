# correlation.sh -- training on correlated factors: another run, told apart everywhere.
# shellcheck shell=sh
. "$SOURCE/tests/cli/check.inc"

few="batch=4 latents=3 steps=4 log_every=1 examples=60 metrics=none"
need polarvae data generate sprites.h5 --subset 3:2:4:4:4 --quiet >out.text

# run NAME ARGUMENTS...: trained and evaluated.
run() {
    name=$1
    shift
    need train data=sprites.h5 $few "$@" --out "runs/$name"
    need polarvae evaluate "runs/$name" --quiet >out.text
}
run plain
run again
run weak correlation=shape:posX:0.4
run strong correlation=shape:posX:0.1
run several "correlation=shape:-scale:0.3,posX:*:0.5"
run seed correlation=shape:posX:0.1 seed=1

same_run "without a correlation" runs/plain runs/again
for pair in "plain weak" "weak strong" "strong several" "plain several"; do
    log_of "runs/${pair% *}" >a.text
    log_of "runs/${pair#* }" >b.text
    check "$pair: the same log" [ "$(cmp a.text b.text)" != "" ]
done

# ---- it is kept ----

# kept NAME TEXT: what a run was trained with.
kept() {
    check "$1: config.yaml" grep -q -x -F -e "correlation: $2" -e "correlation: \"$2\"" \
        "runs/$1/config.yaml"
    check "$1: evaluation.json" grep -q -F "\"correlation\": \"$2\"" "runs/$1/evaluation.json"
}
kept plain none
kept weak shape:posX:0.4
kept several "shape:-scale:0.3,posX:*:0.5"
for setting in '"data": "sprites.h5"' '"variant": "none"' '"nuisance": "auto"'; do
    check "evaluation.json lacks $setting" grep -q "$setting" runs/weak/evaluation.json
done
need train runs/strong/config.yaml --out copy
same_run "from its config.yaml" runs/strong copy

# Models of different correlations are not averaged: five groups, and the seeds of one.
if command -v gnuplot >which.text; then
    rm -r runs/again
    need polarvae report runs --quiet >out.text
    check "report: $(cat out.text)" grep -q ' 5 of 5 models, 4 methods, ' out.text
    for text in none shape:posX:0.4 shape:posX:0.1 "shape:-scale:0.3,posX:\*:0.5"; do
        check "report: no correlation $text" grep -q "correlation $text" report.html
    done
else
    echo "not seen: the report, for want of gnuplot"
fi

# ---- resuming ----

need train runs/weak/config.yaml --resume steps=6 --out runs/weak
need train data=sprites.h5 $few steps=6 correlation=shape:posX:0.4 --out whole
same_run "resumed" whole runs/weak
contents runs >before
for text in none shape:posX:0.1; do
    refused 2 "correlation" train runs/weak/config.yaml --resume steps=8 --quiet \
        "correlation=$text" --out runs/weak
done
refused 2 "is for training\|decided when the model was trained" evaluate runs/weak \
    correlation=none --quiet
contents runs >after
check "a refused run was changed" cmp before after

# ---- what is refused ----

# wrong PATTERN TEXT [ARGUMENTS...]
wrong() {
    pattern=$1 text=$2
    shift 2
    refused 2 "$pattern" train data=sprites.h5 $few "correlation=$text" "$@" --out x --quiet
}
wrong "order must be iid" shape:posX:0.1 order=epochs
wrong "no factor 'shap'; it has shape, scale, orientation, posX, posY" shap:posX:0.1
wrong "no factor 'posx'; it has shape" shape:posx:0.1
wrong "no factor 'none'" scale:posX:0.1,shape:none:1
for text in shape:posX shape shape:posX: shape:posX:0 shape:posX:-1 shape:posX:nan shape:posX:inf \
    shape:posX:0.1x shape:posX:0.1:2 shape:shape:0.1 ,shape:posX:0.1 no; do
    wrong "is no pair of factors; it is FACTOR:FACTOR:STRENGTH" "$text"
done
wrong "are a pair twice" shape:posX:0.1,posX:shape:0.2
wrong "are a pair twice" "shape:posX:0.1,shape:*:0.2"
wrong "correlation must not be empty" ""
refused 2 "unknown key 'corelation'; did you mean 'correlation'?" train data=sprites.h5 \
    corelation=shape:posX:0.1 --out x --quiet
check "a refused run left files" [ -z "$(ls x)" ]

finish
