#!/bin/sh
# demo.sh -- generated sprites, three beta-VAEs, and what became of their latent variables.
# Run by ./dev demo after the build; what it finds finished in demo/ it does not do again.
set -eu
cd "$(dirname "$0")/.."
polarvae=build/polarvae
runs=

mkdir -p demo
if [ ! -f demo/sprites.h5 ]; then
    $polarvae data generate demo/sprites.h5 --subset 3:6:10:16:16
fi
for beta in 1 8 16; do
    run=demo/beta$beta
    $polarvae train configs/demo.yaml beta=$beta --out $run --resume
    runs="$runs $run"
done
# shellcheck disable=SC2086
$polarvae evaluate $runs >demo/table.txt
cat demo/table.txt
cat <<'END'

What to look at: as beta grows, variables become passive. Over all variables the mean codes are far
more correlated than the sampled ones; over the active variables alone they hardly differ. It is
the passive variables that make the difference.

demo/table.txt                    this text
demo/beta*/reconstructions.png    images above, what the model makes of them below
demo/beta*/correlation.png        correlation of the mean and of the sampled codes
demo/beta*/                       config.yaml, log.csv, checkpoint.h5, evaluation.json
END
