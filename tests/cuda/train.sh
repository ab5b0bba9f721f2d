# train.sh -- the program on cuda:0, under emulation: every objective trains to the CPU's numbers, and
# to the same bits in whatever order the device works, in two parts, and beside another model.
# shellcheck shell=sh disable=SC2086,SC2016
. "$SOURCE/tests/cli/check.inc"
: "${EMULATED:?must be the folder of the stand-in libraries}"
export LD_LIBRARY_PATH="$EMULATED"

STEPS=3

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
tiny="data=sprites.h5 batch=3 latents=4 log_every=1 steps=$STEPS"

# gpu SEED COMMAND...: on cuda:0, without a finding; warps, blocks and streams take turns by SEED.
gpu() {
    seed=$1
    shift
    EMULATED_ORDER=$seed EMULATED_STREAMS=$seed polarvae "$@" --device cuda:0 --quiet \
        >out.text 2>error.text
    status=$?
    checks=$((checks + 1))
    [ $status -eq 0 ] && [ ! -s error.text ] && return
    failed "seed $seed: polarvae $*: status $status"
    head -n 20 error.text
}

# near TEXT A B: two files of the same words but for the device's name, with numbers that differ by
# 1e-5 of the larger of 1 and themselves at most.
near() {
    grep -v '"device"' "$2" | tr -s ',:[]{} \t' '\n' >a.text
    grep -v '"device"' "$3" | tr -s ',:[]{} \t' '\n' >b.text
    paste a.text b.text >both.text
    check "$1: other numbers, or none" awk -F '\t' '
        function size(x) { return x < 0 ? -x : x }
        $1 "" == $2 "" { next }
        !/^-?[0-9].*\t-?[0-9]/ || size($1 - $2) > 1e-5 * (size($1) > 1 ? size($1) : 1) {
            print "  " $1 " became " $2
            bad = 1
            exit
        }
        END { exit bad || NR < 10 }' both.text
}

# near_log TEXT CPU GPU [TIMES]: sums over many pixels agree to 1e-5 of themselves, all other terms
# to 1e-4 of themselves and 1e-6; or so many times that.
near_log() {
    paste -d , "$2/log.csv" "$3/log.csv" >both.text
    check "$1: another log" awk -F , -v times="${4:-1}" '
        function size(x) { return x < 0 ? -x : x }
        NR == 1 {
            n = NF / 2
            for (i = 1; i <= n; i++) {
                name[i] = $i
                if ($i != $(i + n)) bad = 1
            }
            next
        }
        {
            for (i = 1; i <= n; i++) {
                a = $i
                b = $(i + n)
                if (name[i] == "seconds") continue
                if (name[i] == "step") most = 0
                else if (name[i] == "loss" || name[i] == "reconstruction") most = 1e-5 * size(a)
                else most = 1e-4 * size(a) + 1e-6
                if (b ~ /^-?[0-9]/ && size(a - b) <= times * most) continue
                print "  step " $1 ": " name[i] " is " b ", not " a
                bad = 1
                exit
            }
        }
        END { exit bad || NR < 3 || n < 5 }' both.text
}

# near_codes TEXT A B: files of codes: floats agree to 1e-4 and 1e-6, all other words are the same (as
# floats they are next to nothing, or no numbers).
near_codes() {
    od -An -v -t f4 -w4 "$2" >a.text
    od -An -v -t f4 -w4 "$3" >b.text
    check "$1: files of other sizes" test "$(wc -c <"$2")" -eq "$(wc -c <"$3")"
    paste a.text b.text >both.text
    check "$1: other codes" awk '
        function size(x) { return x < 0 ? -x : x }
        $1 "" == $2 "" { next }
        /^ *-?[0-9].*\t *-?[0-9]/ && size($1) > 1e-20 &&
            size($1 - $2) <= 1e-4 * size($1) + 1e-6 { next }
        {
            print "  word " NR ": " $1 " became " $2
            bad = 1
            exit
        }
        END { exit bad }' both.text
}

# ---- every objective ----

# trains NAME key=value...: as the CPU does; and to the same bits in another order and in two parts.
trains() {
    name=$1
    shift
    set -- $tiny "$@"
    need train "$@" device=cpu --out "cpu/$name"
    gpu 0 train "$@" --out "gpu/$name"
    near_log "$name" "cpu/$name" "gpu/$name"
    gpu 5 train "$@" steps=2 --out parts
    gpu 1 train --resume steps=$STEPS --out parts
    same_run "$name, in two parts and another order" "gpu/$name" parts
    rm -rf parts
}
mkdir cpu gpu

trains beta_vae objective=beta_vae beta=4
trains annealed_vae objective=annealed_vae c_max=10 iteration_threshold=$STEPS
trains factor_vae objective=factor_vae gamma=20
trains factor_vae-second objective=factor_vae gamma=20 factor_batch=second
trains beta_tcvae objective=beta_tcvae beta=6
trains beta_tcvae-stratified objective=beta_tcvae beta=6 estimator=stratified
trains dip_vae_i objective=dip_vae_i lambda_od=5
trains dip_vae_ii objective=dip_vae_ii lambda_od=5

# ---- two lanes ----

cat >sweep.yaml <<END
data: sprites.h5
batch: 3
latents: 4
log_every: 1
steps: $STEPS
device: cuda:0
grid:
  - {objective: beta_vae, beta: 4}
  - {objective: dip_vae_ii, lambda_od: 5}
END
for seed in 0 6; do
    gpu $seed sweep sweep.yaml --dir lanes --lanes 2 --train-only
    for name in beta_vae dip_vae_ii; do same_run "two lanes, seed $seed" gpu/$name lanes/$name; done
    rm -rf lanes
done

# ---- evaluation ----

for name in beta_vae dip_vae_i; do
    need polarvae evaluate gpu/$name examples=30 metrics=unsupervised --device cpu --json --quiet >evaluated.json
    gpu 3 evaluate gpu/$name examples=30 metrics=unsupervised --json
    near "evaluate $name" evaluated.json out.text
    need polarvae encode gpu/$name --examples 30 --device cpu --out cpu.h5 --quiet >out.text
    gpu 4 encode gpu/$name --examples 30 --out gpu.h5
    near_codes "encode $name" cpu.h5 gpu.h5
done

# ---- other nets, colours, and without cuDNN's algorithms ----

# nears NAME SEED TIMES key=value...: as the CPU does, to so many times what near_log allows.
nears() {
    name=$1 seed=$2 times=$3
    shift 3
    set -- $tiny "$@"
    need train "$@" device=cpu precision=fp32 --out "cpu/$name"
    gpu "$seed" train "$@" --out "gpu/$name"
    near_log "$name" "cpu/$name" "gpu/$name" "$times"
}

# others TEXT NAME: the steps were computed in another way, for they end with other bits.
others() {
    checks=$((checks + 1))
    cmp -s gpu/beta_vae/checkpoint.h5 "gpu/$2/checkpoint.h5" && failed "$1: the same bits"
}

colour="data=$SOURCE/tests/golden/3dshapes_public_layout.h5 batch=2"
nears kernel-4 2 1 kernel=4
nears fc 1 1 network=fc steps=2
nears colour 3 1 $colour

export EMULATED_CUDNN_REFUSE=all
nears patches 4 1 objective=beta_vae beta=4
others patches patches
nears colour-patches 5 1 $colour kernel=4
unset EMULATED_CUDNN_REFUSE

# ---- which algorithm: by estimate, measured ----

# ways NAME PATTERN: every line of algorithms.txt fits, and there is one for each convolution: 8 of the
# networks, and 15 of their gradients.
ways() {
    check "$1: algorithms.txt does not say so: $(head -n 1 "gpu/$1/algorithms.txt")" \
        test "$(grep -cE "$2" "gpu/$1/algorithms.txt") $(wc -l <"gpu/$1/algorithms.txt")" = '23 23'
}

ways beta_vae '^[0-9x]+ to [0-9x]+, kernel [24], (forward|(data|weight) gradient): cuDNN [0-9]$'
ways patches ': patches$'
nears measured 6 1 objective=beta_vae beta=4 cudnn_benchmark=true
ways measured ': (cuDNN [0-9] [0-9.]+ us, )+patches [0-9.]+ us, chosen (cuDNN [0-9]|patches)$'
refused 2 "cudnn_benchmark" train $tiny cudnn_benchmark=maybe --device cuda:0 --out refused --quiet
check "the CPU tells algorithms" test ! -e cpu/beta_vae/algorithms.txt

# ---- precisions ----

refused 2 "precision=tf32 needs compute capability 8.0; cuda:0 has 7.5" \
    train $tiny precision=tf32 --device cuda:0 --out refused --quiet
refused 2 "precision" train $tiny precision=bf16 --device cpu --out refused --quiet
export EMULATED_SM=80
for precision in tf32 bf16; do
    times=100
    [ $precision = tf32 ] || times=1000
    nears $precision 0 $times objective=beta_vae beta=4 precision=$precision
    others $precision $precision
    gpu 6 train $tiny objective=beta_vae beta=4 precision=$precision --out again
    same_run "$precision, another order" gpu/$precision again
    rm -r again
done
finish
