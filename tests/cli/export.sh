# export.sh -- ONNX files of a model, codes as NumPy's arrays, and what is refused.
# shellcheck shell=sh
. "$SOURCE/tests/cli/check.inc"

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
need train data=sprites.h5 batch=8 latents=4 beta=2.5 seed=77 steps=3 --out run
contents run >before
rm sprites.h5 # an export needs none

# ---- both files, where they are expected ----

need polarvae export run >out.text 2>error.text
check "on stderr: $(head -n 1 error.text)" test ! -s error.text
check "does not say what the encoder is" \
    grep -q '^run/export/encoder.onnx: image \[N, 1, 64, 64\] -> mean, log_variance \[N, 4\]$' out.text
check "does not say what the decoder is" \
    grep -q '^run/export/decoder.onnx: z \[N, 4\] -> logits, probability \[N, 1, 64, 64\]$' out.text
check "other files: $(ls run/export)" test "$(ls run/export | tr '\n' ' ')" = "decoder.onnx encoder.onnx "
for text in image log_variance objective beta_vae 2.5 77 0,1,2,3 polarvae; do
    check "encoder.onnx: no '$text'" grep -q -a -F -e "$text" run/export/encoder.onnx
done
need polarvae export run --out elsewhere/deep --device cpu --quiet >out.text
check "another export: other bytes" cmp run/export/encoder.onnx elsewhere/deep/encoder.onnx
check "another export: other bytes" cmp run/export/decoder.onnx elsewhere/deep/decoder.onnx
rm -r run/export
contents run >after
check "the run has changed" cmp before after

# What is there is replaced; who has the old file open keeps it.
echo old >elsewhere/deep/encoder.onnx
exec 3<elsewhere/deep/encoder.onnx
need polarvae export run --out elsewhere/deep >out.text
check "not replaced" grep -q -a polarvae elsewhere/deep/encoder.onnx
check "the old file was written into" test "$(cat <&3)" = old
exec 3<&-
check "a part is left behind" test -z "$(find . -name '*.part*')"

# ---- a pruned model keeps its variables' numbers ----

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
polarvae prune run --out pruned variance_threshold=0 examples=200 --quiet >out.text 2>error.text
check "prune: $(cat error.text)" test -f pruned/checkpoint.h5
need polarvae export pruned >out.text

# ---- codes ----

need polarvae encode run --examples 300 --out codes.h5 --quiet >out.text
need polarvae encode run --examples 300 --out codes.npz --quiet >out.text
check "codes.npz: does not say what is in it" \
    grep -q '^codes.npz: mean, variance, sampled \[300, 4\], factors \[300, 5\]$' out.text
for name in codes.h5 codes.npz; do
    need polarvae score $name --metrics mig --json --quiet >$name.json
done
check "codes.npz: other scores than of codes.h5" cmp codes.h5.json codes.npz.json
need polarvae encode run --examples 300 --out again.npz --quiet >out.text
check "codes.npz: not the same bytes twice" cmp codes.npz again.npz
refused 2 "codes.npy: a .npy holds one array; name an .npz or .h5" \
    encode run --examples 300 --out codes.npy --quiet
check "a .npy was made" test ! -e codes.npy

# ---- what is refused ----

refused 2 "export: a run directory must be named; see --help" export
refused 2 "export: a run directory must be named; see --help" export device=cpu
refused 2 "export: takes one run, and not also 'pruned'" export run pruned
refused 2 "export: takes one run, and not also 'beta=1'" export run beta=1
refused 2 "unknown option of export; did you mean --out?" export run --output x
refused 2 "device 'gpu' is not known; use auto, cpu or cuda:N" export run --device gpu
refused 2 "missing: is not a run: it has no config.yaml" export missing
mkdir untrained && cp run/config.yaml untrained
refused 2 "untrained: has no checkpoint.h5 yet; train it first" export untrained
cp run/checkpoint.h5 untrained && truncate -s 3000 untrained/checkpoint.h5
refused 1 "untrained/checkpoint.h5: " export untrained
check "a refused export left files" test ! -e untrained/export
touch plain
refused 1 "plain: cannot be made a directory" export run --out plain
refused 2 "path too long" export run --out "$(printf '%4100s' x)"
refused 1 "/proc/new: cannot be made a directory" export run --out /proc/new

# One of two cannot be written: neither is.
mkdir -p half/decoder.onnx
refused 1 "half/decoder.onnx: is a directory, not a file" export run --out half
check "one of two files was written" test "$(ls half)" = decoder.onnx

if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && chmod 500 locked
    refused 1 "locked/encoder.onnx: cannot be written: Permission denied" export run --out locked
elif mkdir disk && mount -t tmpfs -o size=1m tmpfs disk 2>error.text; then
    clean() { umount "$work/disk"; }
    refused 1 "disk/encoder.onnx: cannot be written: No space left" export run --out disk
    refused 1 "disk/codes.npz: cannot be written: No space left" \
        encode run --examples 30000 --out disk/codes.npz --quiet
    check "a part is left behind" test -z "$(find disk -type f)"
    need mount -o remount,ro disk
    refused 1 "disk/encoder.onnx: cannot be written: Read-only file system" export run --out disk
    refused 1 "disk/codes.npz: cannot be written: Read-only file system" \
        encode run --examples 300 --out disk/codes.npz --quiet
else
    echo "not run: a full and a read-only disk need a mount: $(cat error.text)"
fi
finish
