#!/bin/sh
# demo.sh -- generated sprites, four methods at a few strengths, and what became of their variables.
# Run by ./dev demo after the build; what it finds finished in demo/ it does not do again.
set -eu
cd "$(dirname "$0")/.."
polarvae=build/polarvae

mkdir -p demo
if [ ! -f demo/sprites.h5 ]; then
    $polarvae data generate demo/sprites.h5 --subset 3:6:10:16:16
fi
$polarvae sweep configs/demo.yaml --dir demo/models
runs=$($polarvae sweep configs/demo.yaml --list | cut -f 2 | sed 's|^|demo/models/|')
# shellcheck disable=SC2086
$polarvae evaluate $runs examples=5000 >demo/evaluation.txt
sed -n '/^Active, mixed and passive/,$p' demo/evaluation.txt
cat <<'END'

What to look at: down a method, as its strength grows, active variables become mixed (mix) and passive
(pas), and the total correlation (TC) and the mutual information (MI) of the mean codes part from
those of the sampled codes. Over the active variables alone, TC of mean and sampled codes agree: it
is the other variables that make the difference.

demo/evaluation.txt                      every variable of every model, and this table
demo/models/*/correlation.png            correlation of the mean and of the sampled codes
demo/models/*/reconstructions.png        images above, what the model makes of them below
demo/models/*/                           config.yaml, log.csv, checkpoint.h5, evaluation.json
END
