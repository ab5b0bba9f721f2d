# full_disk.sh -- a disk that fills up costs the steps since the last checkpoint, and nothing else.
. "$SOURCE/tests/cli/check.inc"

mkdir disk
if ! mount -t tmpfs -o size=24m tmpfs disk 2>error.text; then
    echo "skipped: a small disk needs a mount: $(cat error.text)"
    exit 77
fi
clean() { umount "$work/disk"; }

# fill KILOBYTES: nothing but so much is left on the disk.
fill() {
    free=$(df -k --output=avail disk | tail -n 1)
    dd if=/dev/zero of=disk/filler bs=1024 count=$((free - $1)) 2>dd.text
}

# As many as it takes to fill a page with lines of the log.
STEPS=300

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
set -- data=sprites.h5 batch=1 latents=4 log_every=1 checkpoint_every=10
need train "$@" steps=10 --out disk/run
need train "$@" steps=$STEPS checkpoint_every=1000 --out straight
need polarvae evaluate disk/run examples=30 --quiet --json >before.json
contents disk/run | grep checkpoint >before

# fails PATTERN: training on ends so, and the last checkpoint is as it was.
fails() {
    refused 1 "$1" train --resume steps=$STEPS checkpoint_every=$2 --out disk/run --quiet
    contents disk/run | grep checkpoint >after
    check "$1: the last checkpoint changed" cmp before after
    check "$1: a part is left behind" test -z "$(find disk -name '*.part')"
    rm disk/filler
    need polarvae evaluate disk/run examples=30 --quiet --json >after.json
    check "$1: evaluates to something else" cmp before.json after.json
}
fill 4096
fails "disk/run/checkpoint.h5: cannot be written: No space left" 10
fill 8
fails "disk/run/log.csv: cannot be written: No space left" 1000
fill 0
fails "disk/run/.owner: cannot be written: No space left" 1000

fill 16
refused 1 "disk/codes.h5: cannot be written: No space left" encode disk/run --quiet --examples 500 \
    --out disk/codes.h5
refused 1 "disk/new.h5: cannot be written: No space left" data generate disk/new.h5 --quiet \
    --subset 3:2:4:8:8
check "a part is left behind" test -z "$(find disk -name '*.part')"
rm disk/filler

need train --resume steps=$STEPS checkpoint_every=1000 --out disk/run
same_run "resumed with space again" straight disk/run
finish
