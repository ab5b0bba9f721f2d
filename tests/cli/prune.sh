# prune.sh -- prune: a model without its passive variables, its report, and what is refused.
# shellcheck shell=sh
. "$SOURCE/tests/cli/check.inc"

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
need polarvae train data=sprites.h5 batch=8 latents=4 steps=5 --out run --quiet
few="examples=200"

# Every variance is near 1 yet: with thresholds that let none be passive, all stay.
need polarvae prune run --out all $few variance_threshold=0 --quiet >out.text
check "none is passive, but it does not say so" grep -q 'without 0 of its 4 variables (none is' out.text
check "and something changed" grep -q '(+0.0000 %)' out.text
check "codes differ" grep -q 'equal to the bit' out.text
need polarvae encode run --examples 300 --out before.h5 --quiet >out.text
need polarvae encode all --examples 300 --out after.h5 --quiet >out.text
need cmp before.h5 after.h5

# All are.
refused 2 "all variables are passive: nothing would be left" prune run --out none $few \
    mean_error=0.5 variance_threshold=10 --quiet
check "a directory is left behind" test ! -e none

refused 2 "--out must name a new run directory" prune run
refused 2 "a run directory must be named" prune --out x
refused 2 "is not empty" prune run --out all $few --quiet
refused 2 "has been pruned before" prune all --out x $few variance_threshold=0 --quiet
refused 2 "is not a run directory" prune sprites.h5 --out x
refused 2 "is not trained on" train --resume --out all steps=6 --quiet
refused 2 "decided when the model was trained" prune run --out x latents=3
need polarvae prune run --out json $few variance_threshold=0 --json --quiet >report.json
need cmp report.json json/pruning.json
check "the report lacks its numbers" grep -q '"codes_that_differ": 0' report.json
need polarvae evaluate all $few metrics=none --quiet >out.text
finish
