# score_numpy.sh -- metrics of codes in NumPy's files, as their user sees them.
. "$SOURCE/tests/cli/check.inc"

golden="$SOURCE/tests/golden"
for name in codes.h5 codes.npz codes_compressed.npz mean.npy factors.npy forged.npz forged.npy \
    refused.npz; do
    need cp "$golden/numpy_$name" "$name"
done

# score FILE ARGUMENTS...: on few draws.
score() { polarvae score "$@" --metrics mig,dci,factor_vae metric_train=100 metric_test=50 --quiet; }

# ---- the same codes in other formats ----

need score codes.h5 --json >want.json
for name in codes codes_compressed; do
    need score $name.npz --json >got.json
    check "$name.npz: another JSON than of the .h5" cmp want.json got.json
    need cp $name.npz misnamed.h5
    need score misnamed.h5 --json >got.json
    check "$name.npz by another name: another JSON" cmp want.json got.json
done
need score codes_compressed.npz >got.text
need score codes.h5 >want.text
check ".npz: another table than of the .h5" cmp want.text got.text
check "the table does not tell types" grep -q "^passive  *1 " got.text

# The mean's metrics are those of the file that has the rest too.
metrics_of_mean() {
    sed -n '/^  "metrics": {/,$p' "$1" | sed '/^    "sampled": {/,$d' | sed 's/},$/}/'
}
need score mean.npy --factors factors.npy --json >mean.json
metrics_of_mean want.json >want.text
metrics_of_mean mean.json | head -n "$(wc -l <want.text)" >got.text
check "no metrics of the mean" grep -q discrete_mig want.text
check ".npy: other metrics than of the .h5" cmp want.text got.text
need score --factors codes.npz mean.npy --json >got.json
check "factors of an .npz: another JSON" cmp mean.json got.json

# ---- factors that are real numbers ----

# As if the codes were their own factors.
need score mean.npy --factors mean.npy --json >got.json
check "real factors: a metric of classes" grep -q "needs factors with classes, and all of" got.json
for name in h5 npz; do
    need cp "$golden/real_factors.$name" .
    need polarvae score real_factors.$name --metrics sap,mig,irs --json --quiet >$name.json
done
check "real factors: another JSON of .npz than of .h5" cmp h5.json npz.json
check "real factors: sap" grep -q '"continuous_factors": true' npz.json
check "real factors: their names" grep -q \
    "but factors 0 (angle), 1 (time), 3 (tiny) are real-valued: leave them out" npz.json

# ---- what is refused ----

refused 1 "the codes have no factors, which metrics need (see --factors)" score mean.npy --quiet
for name in codes.h5 codes.npz; do
    refused 2 "factors.npy: the codes have factors in their own file" \
        score $name --factors factors.npy
done
refused 1 "missing.npy: .*No such file" score mean.npy --factors missing.npy
refused 1 "missing.npz: .*No such file" score missing.npz
refused 1 "factors.npy: is int64 .60, 3.; expected float32 .60, 3." \
    score factors.npy --factors factors.npy
refused 1 "refused.npz: holds no factors" score mean.npy --factors refused.npz
refused 1 "refused.npz: holds no codes" score refused.npz
refused 1 "forged.npz: 'mean' is forged or damaged: 107374182528 bytes" score forged.npz
refused 1 "forged.npy: is float64 .6710886400, 2., which takes 107374182400 bytes, but 32 follow" \
    score forged.npy
echo "0.5 1.5" >text.npy
refused 1 "text.npy: is no HDF5, .npz or .npy file" score text.npy
refused 2 "--factors: a value must follow" score mean.npy --factors
refused 2 "did you mean --factors?" score mean.npy --factor factors.npy

for file in codes.npz codes_compressed.npz mean.npy; do
    size=$(wc -c <$file)
    for left in 8 $((size / 2)) $((size - 1)); do
        head -c $left $file >short
        refused 1 "^polarvae: short: " score short --factors factors.npy --quiet
    done
done

# A flipped bit in the middle of packed numbers is found by their checksum.
{ head -c 300 codes_compressed.npz && printf '\000\377\000\377' &&
    tail -c +305 codes_compressed.npz; } >damaged.npz
refused 1 "damaged.npz: 'mean' is damaged: " score damaged.npz

# Not a number, in example 3, variable 1 of 4: 8 bytes each, behind a header of 128.
at=$((128 + 8 * (3 * 4 + 1)))
{ head -c $at mean.npy && printf '\000\000\000\000\000\000\370\177' &&
    tail -c +$((at + 9)) mean.npy; } >nan.npy
refused 1 "mean of example 3, variable 1 is nan" score nan.npy --factors factors.npy --quiet
finish
