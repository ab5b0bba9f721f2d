# objectives.sh -- every objective trains to the same bits with any number of threads, in two parts, and
# beside the others in lanes; what it does not read is refused.
. "$SOURCE/tests/cli/check.inc"

STEPS=$(count 20 4)

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
cat >sweep.yaml <<END
data: sprites.h5
batch: 33
latents: 5
log_every: 1
steps: $STEPS
checkpoint_every: $((STEPS / 2))
grid:
END

# trains TEXT key=value...
models=0
trains() {
    name=$1 single=single$models
    models=$((models + 1))
    shift
    echo "  - {$(echo "$*" | sed 's/ /, /g; s/=/: /g')}" >>sweep.yaml
    set -- data=sprites.h5 batch=33 latents=5 log_every=1 checkpoint_every=$((STEPS / 2)) "$@"
    need train "$@" steps=$STEPS threads=1 --out $single
    need train "$@" steps=$STEPS threads=3 --out threads
    same_run "$name, 3 threads" $single threads
    need train "$@" steps=$((STEPS / 2)) threads=1 --out parts
    need train steps=$STEPS --resume --out parts
    same_run "$name, resumed" $single parts
    need polarvae evaluate $single --quiet >out.text
    rm -rf threads parts
}

trains "beta-VAE" objective=beta_vae beta=4
trains "AnnealedVAE" objective=annealed_vae c_max=10 iteration_threshold=$STEPS
trains "FactorVAE" objective=factor_vae gamma=20
trains "FactorVAE, a second batch" objective=factor_vae gamma=20 factor_batch=second
trains "beta-TCVAE" objective=beta_tcvae beta=6
trains "beta-TCVAE, stratified" objective=beta_tcvae beta=6 estimator=stratified
trains "DIP-VAE-I" objective=dip_vae_i lambda_od=5
trains "DIP-VAE-II" objective=dip_vae_ii lambda_od=5

need polarvae sweep sweep.yaml --dir lanes --lanes 3 --train-only --quiet >out.text
need polarvae sweep sweep.yaml --list >list.text
check "the sweep has other models: $(cat list.text)" test "$(wc -l <list.text)" -eq $models
while IFS="$(printf '\t')" read -r index name keys; do
    same_run "in lanes, $keys" single$index "lanes/$name"
done <list.text

refused 2 "objective factor_vae does not read beta; its keys are: gamma, factor_batch, " \
    train objective=factor_vae beta=4 --quiet
refused 2 "objective beta_vae does not read gamma; its keys are: beta " \
    train objective=beta_vae gamma=10 --quiet
refused 2 "objective beta_tcvae does not read lambda_od; its keys are: beta, estimator, tc_constants" \
    train objective=beta_tcvae lambda_od=10 --quiet
refused 2 "estimator=stratified needs 2 images of a batch" \
    train data=sprites.h5 objective=beta_tcvae estimator=stratified batch=1 --quiet --out one
finish
