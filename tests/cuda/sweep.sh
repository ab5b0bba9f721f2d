# sweep.sh -- one sweep on two devices, under emulation: cuda:0, with a lane that evaluates, and the CPU.
# shellcheck shell=sh
. "$SOURCE/tests/cli/check.inc"
: "${EMULATED:?must be the folder of the stand-in libraries}"
export LD_LIBRARY_PATH="$EMULATED"

need polarvae data generate sprites.h5 --subset 2:2:2:4:4 --quiet >out.text
cat >sweep.yaml <<END
data: sprites.h5
batch: 2
latents: 2
steps: 2
log_every: 1
examples: 4
metrics: none
seeds: 4
END
need polarvae sweep sweep.yaml --dir both --devices cpu,0 --lanes 1 >out.text 2>error.text
check "both: $(cat out.text)" grep -q "^both: all of 4 models finished, 4 of them now$" out.text
check "no lane evaluates for the GPU: $(cat error.text)" \
    grep -q "^2 lanes of 1 thread, 1 to evaluate$" error.text
check "not all are evaluated" test "$(ls both/*/evaluation.json | wc -l)" -eq 4
for device in "cores\"" "mulated"; do
    check "no model was trained on $device: $(grep -h device both/*/status.json)" \
        grep -q "\"device\": .*$device" both/*/status.json
done
need polarvae sweep sweep.yaml --dir all --devices all --index 0 --quiet >out.text 2>error.text
check "--devices all is not the GPU: $(grep device all/*/status.json)" grep -q "mulated" all/*/status.json
refused 1 "cuda:1" sweep sweep.yaml --dir none --devices 0,1
refused 2 "cuda:0 is there twice" sweep sweep.yaml --dir none --devices cuda:0,0
finish
