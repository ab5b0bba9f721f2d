# data_sets.sh -- every data set of the study, imported from files in the public formats, trains and
# evaluates, under its number in the study as well.
. "$SOURCE/tests/cli/check.inc"

GOLDEN=$SOURCE/tests/golden/import
STEPS=$(count 12 2)
export POLARVAE_DATA="$work/kept"
mkdir kept

# ---- importing ----

import() { need polarvae data import "$@" --quiet >out.text; }
import smallnorb "$GOLDEN/smallnorb"
import cars3d "$GOLDEN/cars3d"
import shapes3d "$GOLDEN/arrays/shapes3d.h5"
import mpi3d_toy "$GOLDEN/arrays/mpi3d.npz" --subset 2:2:2:1:1:3:2
import dsprites "$GOLDEN/arrays/dsprites.npz"
import images "$GOLDEN/images/colour" colour.h5
check "imports are kept by name" [ "$(ls kept | tr '\n' ' ')" = \
    "cars3d.h5 dsprites.h5 mpi3d_toy.h5 shapes3d.h5 smallnorb.h5 " ]
need polarvae data info dsprites --sheet kept/scream.jpg --quiet >out.text # its first bytes say PNG

refused 2 'unknown kind of files .norb.; there are smallnorb,' data import norb x y.h5
refused 2 'a file to write must be named' data import images "$GOLDEN/images/colour"
refused 2 'KIND, SOURCE' data import smallnorb
refused 2 'multiple of 16' data import images "$GOLDEN/images/colour" y.h5 --size 63
refused 2 'are for images' data import cars3d x y.h5 --size 64
refused 2 'is for mpi3d_toy' data import cars3d x y.h5 --subset 1:2
refused 1 'nothing-here' data import cars3d nothing-here y.h5
refused 1 'shapes3d.h5' data import smallnorb "$GOLDEN/arrays/shapes3d.h5" y.h5
refused 2 'data import mpi3d_real SOURCE writes it' data info mpi3d_real
check "a refused import leaves nothing" [ ! -e y.h5 ]

need cp "$GOLDEN/arrays/shapes3d.h5" same.h5
refused 2 'same.h5: is the source' data import shapes3d same.h5 same.h5
check "the source is lost" cmp -s same.h5 "$GOLDEN/arrays/shapes3d.h5"
need cp "$GOLDEN/images/sorted.npz" own.npz
refused 2 'own.npz: is there, and no HDF5 file' data import images same.h5 own.npz
check "a file of another kind is lost" cmp -s own.npz "$GOLDEN/images/sorted.npz"
need mkfifo pipe
refused 1 'a device or a pipe' data import images own.npz pipe
mkdir unseen
need cp "$GOLDEN/images/grey/same.png" unseen
printf 'file,nuisance:x\nsame.png,1\n' >unseen/factors.csv
refused 1 'all factors are nuisance' data import images unseen y.h5
check "... leaves something" [ ! -e y.h5 ]

# ---- what is in them ----

need polarvae data info smallnorb --json --quiet >info.json
check "SmallNORB's instances are nuisance" [ "$(grep -c '"nuisance": true' info.json)" -eq 1 ]
for name in dsprites dsprites_noshape color_dsprites noisy_dsprites scream_dsprites smallnorb \
    cars3d shapes3d mpi3d_toy colour.h5; do
    need polarvae data info $name --sheet sheet.png --quiet >out.text
    check "$name has a contact sheet" [ "$(head -c 4 sheet.png | tail -c 3)" = PNG ]
    rm sheet.png
done
refused 2 'is a variant already' data info color_dsprites variant=noisy
refused 2 'no factor .form.' data info dsprites nuisance=form --quiet
refused 2 'no pair of factors' data info dsprites correlation=scale --quiet
refused 2 'have no factors' bench train correlation=shape:scale:1 --seconds 1
refused 2 'smallnorb_overshoot' data info kept/dsprites.h5 smallnorb_overshoot=true --quiet

# ---- training and evaluation ----

small="steps=$STEPS batch=4 latents=3 examples=40 metric_train=40 metric_test=20 log_every=$STEPS"
for name in dsprites_noshape mpi3d_toy colour.h5; do
    need train data=$name objective=beta_vae $small --out "run-$name"
    need polarvae evaluate "run-$name" --quiet >out.text
    check "$name is evaluated" [ -s "run-$name/evaluation.json" ]
done
check "unclipped images make other models" train data=smallnorb $small --out clipped
need train data=smallnorb smallnorb_overshoot=true $small --out unclipped
check "... and logs" [ "$(tail -n 1 clipped/log.csv | cut -d, -f3)" != \
    "$(tail -n 1 unclipped/log.csv | cut -d, -f3)" ]

# A number of each of the study's seven, with each of its six methods and one of them again.
study() {
    polarvae sweep "$SOURCE/configs/studies/unsupervised_study_v1.yaml" --dir study "$@" $small
}
set -- 0 2101 4202 6003 8104 10205 10800
for index; do
    check "number $index of the study" study --index "$index" --quiet >out.text
done
check "all seven are evaluated" [ "$(ls study/*/evaluation.json | wc -l)" -eq 7 ]
for name in dsprites color_dsprites noisy_dsprites scream_dsprites smallnorb cars3d shapes3d; do
    check "$name is among them" ls study/*-data=$name-*/evaluation.json >out.text
done

finish
