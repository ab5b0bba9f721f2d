# data_sets.sh -- what gathering a batch costs beside the step it is for, for every data set that
# data= finds: sh benchmarks/data_sets.sh build/polarvae
program=${1:?the path of the program}
"$program" info --json | sed -n 's/.*"\(commit\|version\)": \(.*\)/\1 \2/p'
for data in dsprites dsprites_noshape color_dsprites noisy_dsprites scream_dsprites smallnorb cars3d \
    shapes3d mpi3d_toy mpi3d_realistic mpi3d_real; do
    "$program" data info $data --quiet >info.text 2>/dev/null || continue
    printf '\n== %s: %s\n' $data "$(sed -n 's/^  images *//p' info.text)"
    for round in 1 2; do
        "$program" bench train data=$data --kernel 2 --seconds 8 --quiet |
            grep -E '^  (a step|gathering)'
    done
done
rm -f info.text
