# help.sh -- help with an example everywhere, and JSON that other programs read.
. "$SOURCE/tests/cli/check.inc"

commands=$(polarvae --help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p')
check "polarvae --help names no commands" test "$(echo "$commands" | wc -l)" -ge 5

for command in $commands; do
    for option in --help -h; do
        polarvae "$command" $option >help.text 2>error.text
        check "$command $option: status $?" test $? -eq 0
        check "$command $option: on stderr: $(head -n 1 error.text)" test ! -s error.text
        check "$command $option: has no usage" grep -q "^Usage: polarvae $command" help.text
        check "$command $option: has no example" grep -q "^Examples*:" help.text
        check "$command $option: the example is not of it" \
            grep -q "^  \([A-Z_]*=[a-z0-9]* \)*polarvae $command" help.text
        check "$command $option: wider than 100 columns" test -z "$(grep -E '.{101}' help.text)"
    done
done
polarvae --version >out.text
check "--version" grep -q '^polarvae [0-9]*\.[0-9]*\.[0-9]* (' out.text
polarvae >out.text 2>error.text
check "without a command: status $?, not 2" test $? -eq 2
check "without a command: says nothing" grep -q '^Usage: polarvae' error.text

# The defaults that `train --help` names are the defaults; it also names every objective.
need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
defaults=$(polarvae train --help | sed -n 's/^  *\([a-z0-9_]*=[^ ]*\).*/\1/p')
check "train --help: $(echo "$defaults" | wc -l) keys" test "$(echo "$defaults" | wc -l)" -gt 20
need train data=sprites.h5 steps=0 --out plain
need train $defaults objective=beta_vae data=sprites.h5 steps=0 --out named
check "train --help: other defaults" cmp plain/config.yaml named/config.yaml

# ---- JSON ----

if ! python3 -c '' 2>error.text; then
    echo "not run: python3 is missing, so no JSON is read"
    finish
fi

# json FILE EXPRESSION: true of the value j.
json() { python3 -c "import json, sys; j = json.load(open('$1')); sys.exit(not ($2))"; }

need train data=sprites.h5 batch=16 latents=4 steps=5 --out run

need polarvae info --json >j.json
check "info --json" json j.json "j['version'] and j['commit'] and j['devices'][0]['name'] == 'cpu'"
check "info --json: sanitizer" json j.json "j['sanitizer'] in (None, 'address', 'thread')"
need polarvae data info sprites.h5 --json --quiet >j.json
check "data info --json" json j.json \
    "j['images'] == 1536 and [f['size'] for f in j['factors']] == [3, 2, 4, 8, 8]"
need polarvae evaluate run examples=100 --json --quiet >j.json
check "evaluate --json" json j.json \
    "j['examples'] == 100 and len(j['variables']) == 4 and sum(j['counts'].values()) == 4"
check "evaluate --json: is not evaluation.json" cmp j.json run/evaluation.json
check "status.json" json run/status.json "j['state'] == 'finished' and j['step'] == 5"
for name in train encode; do
    need polarvae bench $name --batch 16 --seconds 1 --json --quiet >j.json
    for key in steps_per_second images_per_second gflops peak_gflops direct_floor_share median_ms \
        min_ms max_ms; do
        check "bench $name --json: $key" json j.json "j['$key'] > 0"
    done
    check "bench $name --json: order" json j.json "j['min_ms'] <= j['median_ms'] <= j['max_ms']"
    check "bench $name --json: images" json j.json \
        "abs(j['images_per_second'] - 16 * j['steps_per_second']) < 1"
done
need polarvae bench kernels --batch 4 --json >j.json
check "bench kernels --json" json j.json "len(j['kernels']) > 10 and j['peak_gflops'] > 0"
finish
