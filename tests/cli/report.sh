# report.sh -- report: used wrongly, runs of every kind, files that cannot be written.
# shellcheck shell=sh
. "$SOURCE/tests/cli/check.inc"

command -v gnuplot >/dev/null || {
    echo "skipped: there is no gnuplot to draw with"
    exit 77
}

refused 2 "a directory of runs must be named" report
refused 2 "takes one directory, and 'b' is a second" report a b
refused 2 "unknown option" report a --pretty
refused 2 "none: cannot be opened: No such file or directory" report none
mkdir empty
refused 2 "empty: holds no runs; it should be the DIR of 'polarvae sweep'" report empty
mkdir -p others/notes others/.hidden
: >others/file
: >others/.hidden/config.yaml
refused 2 "others: holds no runs" report others
refused 2 "others/file: cannot be opened: Not a directory" report others/file
check "a refused report left a file" test -z "$(ls report.* 2>ls.text)"

# Two models of a real study.
need polarvae data generate s.h5 --subset 3:2:4:8:8 --quiet >out.text
for beta in 1 4; do
    need train data=s.h5 batch=8 latents=3 steps=4 seed=$beta beta=$beta --out runs/b$beta
done

# Finished, but not evaluated: counted, and nothing to draw.
need polarvae report runs --quiet >out.text 2>error.text
check "on stdout: $(cat out.text)" grep -q '^report.html: 0 of 2 models, 0 methods, 0 figures$' out.text
check "--quiet, but on stderr: $(cat error.text)" test ! -s error.text
check "no word of models without evaluation" grep -q '2</b>not evaluated' report.html
check "nothing said of figures" grep -q 'there is nothing to draw' report.html
check "CSV: $(wc -l <report.csv) lines" test "$(wc -l <report.csv)" -eq 3

need polarvae evaluate runs/b1 runs/b4 examples=100 metrics=none --quiet >out.text
contents runs >before
need polarvae report runs -o shown.html >out.text 2>error.text
contents runs >after
check "the runs were changed" cmp before after
check "on stdout: $(cat out.text)" grep -q '^shown.html: 2 of 2 models, 1 methods, [0-9]* figures$' out.text
check "no progress on stderr" grep -q '^drawing: 100%' error.text
for file in shown.html shown.csv shown.h5; do check "no $file" test -s $file; done
check "no command for a model" grep -q 'polarvae train runs/b4/config.yaml --out b4<br>polarvae evaluate b4' shown.html
check "parts are left behind" test -z "$(find . -name '*.part')"
for column in run strength codes subset total_correlation; do
    check "no column $column" sh -c "head -n 1 shown.csv | grep -q -w $column"
done
check "strengths" grep -q ',beta,4,4,3,4,100,' shown.csv

# The command that is shown makes the same model.
need polarvae train runs/b4/config.yaml --out b4 --quiet
same_run "the command of the report" runs/b4 b4

# One is damaged, one fails, one is at work: told, and the rest is drawn.
cp -r runs/b1 runs/half
printf '{"examples": 100, "counts": {"active"' >runs/half/evaluation.json
mkdir -p runs/lost runs/busy
printf '{"state": "failed", "step": 0, "steps": 4, "error": "b.h5: <no such> file"}\n' >runs/lost/status.json
printf '{"state": "running", "step": 2, "steps": 4, "error": null}\n' >runs/busy/status.json
cp runs/b1/config.yaml runs/busy
need polarvae report runs --quiet >out.text 2>error.text
check "on stdout: $(cat out.text)" grep -q '^report.html: 2 of 5 models' out.text
check "on stderr: $(cat error.text)" \
    grep -q '^damaged: half: runs/half/evaluation.json:1: not valid JSON' error.text
check "and more on stderr" test "$(wc -l <error.text)" -eq 1
check "the damaged one is not in the page" grep -q 'runs/half/evaluation.json:1: not valid JSON' report.html
check "the reason of a failure is not in the page" grep -q 'b.h5: &lt;no such&gt; file' report.html
check "the one at work is not in the page" grep -q 'running, 2 of 4 steps' report.html

# Where nothing can be written.
refused 2 "r.txt: the page's name must end in .html" report runs -o r.txt
refused 2 "the page's name must end in .html" report runs -o dir/.html
refused 1 "absent/r.html: cannot be written: No such file" report runs -o absent/r.html
mkdir taken.csv
refused 1 "taken.csv: is a directory" report runs -o taken.html --quiet
check "a page without its table" test ! -e taken.html
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && chmod 500 locked
    refused 1 "locked/r.html: cannot be written: Permission denied" report runs -o locked/r.html
fi

# Without gnuplot there is no page, and a word about what is missing.
mkdir bare
PATH=$work/bare "$POLARVAE" report runs -o n.html --quiet >out.text 2>error.text
status=$?
check "without gnuplot: status $status" test $status -eq 1
check "without gnuplot: $(cat error.text)" grep -q '^polarvae: gnuplot: .* plots need it' error.text
check "without gnuplot: files" test -z "$(ls n.* 2>ls.text)"
check "parts are left behind" test -z "$(find . -name '*.part')"
finish
