# nuisance.sh -- factors that vary but are not observed, from training to scores.
# shellcheck shell=sh
. "$SOURCE/tests/cli/check.inc"

# value FILE KEY: the first value of a key, a matrix without its spaces.
value() { tr -d ' \n' <"$1" | sed "s/.*\"$2\":\(\[\[[^}]*\]\]\|[^,}]*\).*/\1/"; }
# columns MATRIX: of its first row.
columns() { echo "$1" | sed 's/\].*//' | tr -cd , | wc -c | awk '{print $1 + 1}'; }
# metrics FILE: all of them, by name.
metrics() { sed -n '/^  "metrics": {/,/^  }/p' "$1"; }

list=beta_vae,factor_vae,mig,dci,irs
few="batch=4 latents=3 steps=$(count 30 3) examples=100 metric_train=60 metric_test=30 metrics=$list"
need polarvae data generate sprites.h5 --subset 3:2:4:4:4 --quiet >out.text
need train data=sprites.h5 nuisance=shape $few --out run

# observed RUN SIZE NAMES: what metrics and codes have, beside the number of factors.
observed() {
    run=$1 size=$2 names=$3
    check "$run: the importances are not of $size factors" \
        [ "$(columns "$(value "$run/evaluation.json" importance)")" -eq "$size" ]
    check "$run: a metric has no value" [ -z "$(metrics "$run/evaluation.json" | grep reason)" ]
    need polarvae encode "$run" --all --out "$run.h5" --quiet >out.text
    check "$run: the codes have other factors" grep -q "factors \[384, $size\]" out.text
    tr '\0' ' ' <"$run.h5" | tr -s ' ' >words.text
    check "$run: the factors' names" grep -a -q -w "$names" words.text
    check "$run: more names" [ "$(grep -a -o -w -E 'shape|scale|orientation|posX|posY' words.text |
        wc -l)" -eq "$size" ]
}

need polarvae evaluate run --quiet >out.text
observed run 4 "scale orientation posX posY"
check "evaluation.json does not say so" grep -q '"nuisance": "shape"' run/evaluation.json
metrics run/evaluation.json >without.text

# Codes of all images are scored as the run is: their copies are drawn, too.
need polarvae score run.h5 metric_train=60 metric_test=30 --metrics $list --json \
    >score.json 2>error.text
check "score: says that copies are no grid" [ -z "$(grep 'note:' error.text)" ]
metrics score.json >score.text
check "score: other metrics than evaluate" cmp without.text score.text
check "there are no metrics" [ "$(wc -l <score.text)" -gt 20 ]

# Not of a few: not every combination is there.
need polarvae encode run --examples 61 --out few.h5 --quiet >out.text
need polarvae score few.h5 --metrics mig,beta_vae --json >few.json 2>error.text
check "score: says nothing of a few" grep -q \
    'note: not every combination of the factors is there.*first two thirds' error.text
check "score: a few serve as a generator" grep -q 'every combination of the factors once' few.json

# A model may be asked for what it was not trained with, and forgets nothing of it.
need polarvae evaluate run nuisance=none --quiet >out.text
check "nuisance=none: not 5 factors" \
    [ "$(columns "$(value run/evaluation.json importance)")" -eq 5 ]
check "nuisance=none: evaluation.json" grep -q '"nuisance": "none"' run/evaluation.json
metrics run/evaluation.json >with.text
check "nuisance=none: the same metrics" [ "$(cmp with.text without.text)" != "" ]
check "config.yaml changed" grep -q '^nuisance: shape$' run/config.yaml
need polarvae evaluate run nuisance=scale,shape --quiet >out.text
check "nuisance=scale,shape: not 3 factors" \
    [ "$(columns "$(value run/evaluation.json importance)")" -eq 3 ]
need polarvae evaluate run nuisance=shape --quiet >out.text
metrics run/evaluation.json >again.text
check "nuisance=shape again: other metrics" cmp without.text again.text

# Two of them in training; what is observed does not change what is learned.
need train data=sprites.h5 nuisance=scale,shape $few --out two
need polarvae evaluate two --quiet >out.text
observed two 3 "orientation posX posY"
log_of run >a.text
log_of two >b.text
check "another log" cmp a.text b.text

# ---- what is refused ----

names="it has shape, scale, orientation, posX, posY"
refused 2 "nuisance: the data set has no factor 'nosuch'; $names" train data=sprites.h5 \
    nuisance=nosuch --out x --quiet
refused 2 "no factor 'nosuch'; $names" evaluate run nuisance=shape,nosuch --quiet
refused 2 "no factor 'posX '; $names" encode run "nuisance=posX ,shape" --quiet
refused 2 "leaves no factor to observe" train data=sprites.h5 --out x --quiet \
    nuisance=shape,scale,orientation,posX,posY
refused 2 "leaves no factor to observe" evaluate run --quiet \
    nuisance=posY,posX,orientation,scale,shape
refused 2 "nuisance" train data=sprites.h5 nuisance= --out x --quiet
check "a refused run left files" [ -z "$(ls x)" ]
refused 2 "nuisance" train --resume data=sprites.h5 nuisance=scale steps=40 --out run --quiet
check "refused, but evaluation.json changed" [ "$(value run/evaluation.json nuisance)" = '"shape"' ]

finish
