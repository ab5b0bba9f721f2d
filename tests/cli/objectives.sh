# objectives.sh -- every objective trains to the same bits with any number of threads, and in two
# parts; what it does not read is refused.
. "$SOURCE/tests/cli/check.inc"

STEPS=$(count 20 4)

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text

# trains TEXT key=value...
trains() {
    name=$1
    shift
    set -- data=sprites.h5 batch=33 latents=5 log_every=1 checkpoint_every=$((STEPS / 2)) "$@"
    for threads in 1 3; do
        need train "$@" steps=$STEPS threads=$threads --out run$threads
    done
    same_run "$name, 3 threads" run1 run3
    need train "$@" steps=$((STEPS / 2)) threads=1 --out parts
    need train steps=$STEPS --resume --out parts
    same_run "$name, resumed" run1 parts
    need polarvae evaluate run1 --quiet >out.text
    rm -rf run[0-9] parts
}

trains "beta-VAE" objective=beta_vae beta=4
trains "AnnealedVAE" objective=annealed_vae c_max=10 iteration_threshold=$STEPS
trains "FactorVAE" objective=factor_vae gamma=20
trains "FactorVAE, a second batch" objective=factor_vae gamma=20 factor_batch=second
trains "beta-TCVAE" objective=beta_tcvae beta=6
trains "beta-TCVAE, stratified" objective=beta_tcvae beta=6 estimator=stratified
trains "DIP-VAE-I" objective=dip_vae_i lambda_od=5
trains "DIP-VAE-II" objective=dip_vae_ii lambda_od=5
finish
