# bad_input.sh -- whatever is wrong with what it is given: one line that says so, and status 1 or 2.
. "$SOURCE/tests/cli/check.inc"

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
need train data=sprites.h5 batch=16 latents=4 steps=5 log_every=1 --out run

# ---- commands and options ----

refused 2 "'trian' is not a command; see polarvae --help" trian
refused 2 "unknown option of train; did you mean --out?" train --ou run
refused 2 "--out: a value must follow" train data=sprites.h5 --out
refused 2 "--quiet: takes no value" train data=sprites.h5 --quiet=yes
refused 2 "a run directory must be named" evaluate
refused 2 "a run directory must be named" encode
refused 2 "from 2 to" encode run --examples 1 --quiet
refused 2 "from 2 to" encode run --examples 10x --quiet
refused 2 "must be 2 or 4" bench train --kernel 3
refused 2 "'train', 'encode', 'kernels' or 'evaluate' must follow" bench
refused 2 "must be 'train', 'encode', 'kernels' or 'evaluate'" bench trains
refused 2 "'generate', 'import' or 'info' must follow" data
refused 2 "a file or the name of a data set must come first" data info
refused 2 "3:6:40:32:32" data generate new.h5 --subset 4:6:40:32:32
refused 2 "3:6:40:32:32" data generate new.h5 --subset 3:6:40:32
refused 2 "takes no argument 'run'" info run
refused 2 "takes one run" evaluate run run --json --quiet
check "a refused command made a file" test ! -e new.h5

# ---- configurations ----

refused 2 "bata=1: unknown key 'bata'; did you mean 'beta'?" train bata=1 --quiet
refused 2 "beta=x: beta must be between" train beta=x --quiet
refused 2 "batch=0: batch must be a whole number between 1 and" train batch=0 --quiet
refused 2 "batch must be a whole number" train batch=1.5 --quiet
refused 2 "order=sorted: .*iid.*epochs" train order=sorted --quiet
refused 2 "unknown objective 'vae'; there are: beta_vae, annealed_vae, factor_vae, beta_tcvae, dip_vae_i, dip_vae_ii" train objective=vae --quiet
refused 2 "neither an option nor key=value" train beta=1 run --quiet
refused 2 "device 'gpu' is not known; use auto, cpu or cuda:N" train device=gpu --quiet --out fresh
refused 2 "missing.yaml: there is no such configuration" train missing.yaml --quiet --out fresh
refused 2 "run: is a directory, not a configuration" train run --quiet --out fresh

# config TEXT PATTERN: a file with this text is refused.
config() {
    printf -- "$1" >bad.yaml
    refused 2 "bad.yaml.*$2" train bad.yaml --quiet --out fresh
}
config 'batch: 16\nbata: 1\n' ":2: unknown key 'bata'; did you mean 'beta'?"
config 'batch: many\n' ":1: .*whole number"
config 'batch: [16, 17]\n' ":1: batch takes one value, not a list"
config 'batch: {a: 1}\n' ":1: "
config 'beta: [1\n' ":[12]: "
config 'batch: 16\n\tbeta: 1\n' ":2: "
config '- batch\n' ":1: "
config 'batch: \377\376\n' ":1: "
config '\000\001\002' ""
check "a refused configuration made a run" test ! -e fresh/config.yaml

# ---- directories that take nothing ----

for place in sprites.h5 /proc; do
    refused 1 "$place.*: cannot be made a directory" train data=sprites.h5 steps=1 --quiet \
        --out $place/run
    refused 1 "$place/codes.h5: cannot be written" encode run --examples 9 --quiet \
        --out $place/codes.h5
    refused 1 "$place/new.h5: cannot be written" data generate $place/new.h5 --subset 1:1:1:1:1 --quiet
done
refused 1 "run: is a directory" data generate run --subset 1:1:1:1:1 --quiet
if [ -c /dev/full ]; then
    for command in "info" "info --json" "evaluate run --json --quiet" "train --help"; do
        polarvae $command >/dev/full 2>error.text
        check "$command >/dev/full: status $?" test $? -eq 1
        one_line "$command >/dev/full" "cannot be written"
    done
fi

# A closed stream does not become one of the files.
set -- data=sprites.h5 batch=16 latents=4 steps=5 log_every=1
"$POLARVAE" train "$@" --out closed 2>&-
check "with stderr closed: status $?" test $? -eq 0
same_run "with stderr closed" run closed
"$POLARVAE" train "$@" --out closed/all 0<&- >&- 2>&-
check "with all streams closed: status $?" test $? -eq 0
same_run "with all streams closed" run closed/all
polarvae info >&- 2>error.text
check "info >&-: status $?" test $? -eq 1
one_line "info >&-" "standard output cannot be written"

# ---- data files ----

size=$(wc -c <sprites.h5)
: >empty.h5
head -c $((size / 2)) sprites.h5 >half.h5
head -c $((size - 1)) sprites.h5 >short.h5
head -c "$size" /dev/urandom >noise.h5
need polarvae encode run --examples 20 --quiet --out codes.h5 >out.text

# both STATUS PATTERN FILE: reading and training on it are refused alike.
both() {
    refused "$1" "$2" data info "$3" --quiet
    refused "$1" "$2" train "data=$3" steps=1 --quiet --out fresh
    check "$3: training left a run" test ! -e fresh/checkpoint.h5
}
both 1 "missing.h5: cannot be opened: No such file" missing.h5
both 1 "run: " run
for file in empty half short noise; do both 1 "$file.h5: " $file.h5; done
both 1 "codes.h5: .*imgs.*images" codes.h5
both 1 "run/checkpoint.h5: .*imgs.*images" run/checkpoint.h5
refused 2 "64x64x1 images, but the data set has 64x64x3" evaluate run --quiet \
    "data=$SOURCE/tests/golden/3dshapes_public_layout.h5"

# flip FILE AT: a copy in flipped.h5 in which all bits of byte AT are the other way.
flip() {
    cp "$1" flipped.h5
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf "\\$(printf %o $((255 - byte)))" |
        dd of=flipped.h5 bs=1 seek="$2" conv=notrunc 2>dd.text
}

# Damage anywhere is told, or it is where nothing stands: then nothing changes.
positions() { # SIZE: the first bytes, and some from everywhere
    awk -v size="$1" 'BEGIN {
        srand(7)
        for (i = 0; i < 8; i++) print i * 6
        for (i = 0; i < 24; i++) print int(rand() * size)
    }'
}
polarvae data info sprites.h5 --quiet | grep -v '^sprites' >whole.text
told=0
for at in $(positions "$size"); do
    flip sprites.h5 "$at"
    if polarvae data info flipped.h5 --quiet >out.text 2>error.text; then
        grep -v '^flipped' out.text >part.text
        check "sprites.h5 with byte $at flipped: reads as something else" cmp whole.text part.text
    else
        check "sprites.h5 with byte $at flipped: status" test $? -eq 1
        one_line "data info, byte $at flipped" "flipped.h5: "
        told=$((told + 1))
    fi
done
check "only $told of 32 damages are told" test $told -gt 16

# ---- checkpoints ----

refused 2 "run/codes: is not a run directory" evaluate run/codes --quiet
refused 2 "beta was decided when the model was trained" evaluate run beta=3 --quiet
cp -r run broken
rm broken/checkpoint.h5
refused 2 "broken: has no checkpoint.h5 yet" evaluate broken --quiet
size=$(wc -c <run/checkpoint.h5)
need polarvae evaluate run examples=30 --quiet --json >whole.text
for at in $((size / 6)) $(positions "$size"); do
    flip run/checkpoint.h5 "$at"
    mv flipped.h5 broken/checkpoint.h5
    cksum broken/checkpoint.h5 >before
    if polarvae evaluate broken examples=30 --quiet --json >out.text 2>error.text; then
        check "checkpoint with byte $at flipped: another model" cmp whole.text out.text
    else
        check "checkpoint with byte $at flipped: status" test $? -eq 1
        one_line "evaluate, byte $at flipped" "broken/checkpoint.h5: "
        refused 1 "broken/checkpoint.h5: " train --resume steps=6 --out broken --quiet
        cksum broken/checkpoint.h5 >after
        check "a damaged checkpoint is replaced" cmp before after
    fi
done
# A sixth into the file are parameters.
flip run/checkpoint.h5 $((size / 6))
mv flipped.h5 broken/checkpoint.h5
refused 1 "broken/checkpoint.h5: is damaged" evaluate broken --quiet
refused 1 "broken/checkpoint.h5: is damaged" encode broken --quiet
refused 1 "broken/checkpoint.h5: is damaged" train --resume steps=6 --out broken --quiet
head -c $((size / 2)) run/checkpoint.h5 >broken/checkpoint.h5
refused 1 "broken/checkpoint.h5: truncated or damaged" evaluate broken --quiet

# ---- numbers that are not finite ----

for log_every in 1 100; do
    set -- data=sprites.h5 batch=16 latents=4 learning_rate=10 log_every=$log_every checkpoint_every=1
    need train "$@" steps=1 --out good
    refused 1 "at step 2; a smaller learning_rate" train "$@" steps=50 --quiet --out diverged
    check "which term it is" grep -qE "(reconstruction|kl) is (infinite|not a number)" error.text
    check "the checkpoint before it is kept" cmp good/checkpoint.h5 diverged/checkpoint.h5
    check "status.json" grep -q '"state": "failed"' diverged/status.json
    rm -rf good diverged
done
finish
