#!/bin/sh
# demo.sh -- generated sprites, a sweep of four methods at a few strengths, and its report.
# Run by ./dev demo after the build; what it finds finished in demo/ it does not do again.
set -eu
cd "$(dirname "$0")/.."
polarvae=build/polarvae

mkdir -p demo
if [ ! -f demo/sprites.h5 ]; then
    $polarvae data generate demo/sprites.h5 --subset 3:6:10:16:16
fi
$polarvae sweep configs/demo.yaml --dir demo/models
$polarvae report demo/models -o demo/report.html
awk -F , '
function number(x) { return x == "" ? "-" : sprintf("%.3f", x) }
NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{ tc[$1, $at["codes"], $at["subset"]] = $at["total_correlation"] }
$at["codes"] == "mean" && $at["subset"] == "all" {
    name[++n] = $1
    counts[n] = sprintf("%3d %3d %3d", $at["active"], $at["mixed"], $at["passive"])
}
END {
    printf "%-28s%11s | %s\n", "", "", "total correlation of all, of the active ones"
    printf "%-28s%s |%9s%9s |%9s%9s\n", "model", "act mix pas", "mean", "sampled", "mean", "sampled"
    for (i = 1; i <= n; i++)
        printf "%-28s%s |%9s%9s |%9s%9s\n", name[i], counts[i],
            number(tc[name[i], "mean", "all"]), number(tc[name[i], "sampled", "all"]),
            number(tc[name[i], "mean", "active"]), number(tc[name[i], "sampled", "active"])
}' demo/report.csv
cat <<'END'

What to look at: down a method, as its strength grows, active variables become mixed (mix) and passive
(pas), and the total correlation of the mean codes parts from that of the sampled codes. Over the
active variables alone both agree: it is the other variables that make the difference.

demo/report.html           the figures and tables of all models; open it in a browser
demo/report.csv, .h5       the numbers behind them
demo/models/*/             config.yaml, log.csv, checkpoint.h5, evaluation.json, pictures
END
