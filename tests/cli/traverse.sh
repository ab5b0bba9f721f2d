# traverse.sh -- traverse: its pictures appear, of whole and of pruned models, and what is refused.
# shellcheck shell=sh
. "$SOURCE/tests/cli/check.inc"

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
need polarvae train data=sprites.h5 batch=8 latents=4 steps=5 --out run --quiet
few="examples=200"

# pictures DIRECTORY NAME...: these files are there, of their kind, and no others.
pictures() {
    place=$1
    shift
    for name in "$@"; do
        case $name in *.gif) starts=IF8 ;; *) starts=PNG ;; esac
        check "$place/$name: is no picture" \
            test "$(head -c 4 "$place/$name" | tail -c 3)" = $starts
    done
    check "$place: other files" test "$(find "$place" -type f | wc -l)" -eq $#
}
usual="traversal.png traversal.gif reconstructions.png samples.png"

need polarvae traverse run $few --quiet >out.text 2>error.text
check "says something on stderr" test ! -s error.text
check "does not say what it wrote" grep -q '^run/traversals/: traversal.png, traversal.gif' out.text
pictures run/traversals $usual
need polarvae traverse run $few --out again --quiet >out.text
for name in $usual; do check "$name: other bits again" cmp run/traversals/$name again/$name; done
need polarvae evaluate run $few metrics=none --quiet >out.text
check "other reconstructions than of evaluate" cmp run/reconstructions.png again/reconstructions.png

need polarvae traverse run $few --out three --examples 3 --steps 2 --range 0.5 --quiet >out.text
check "the other examples are not named" grep -q 'traversal-2.png to traversal-3.png' out.text
pictures three $usual traversal-2.png traversal-3.png
check "steps and range change nothing" test "$(cmp three/traversal.png again/traversal.png 2>&1)"
need polarvae traverse run $few evaluation_seed=4 --out other --quiet >out.text
check "samples do not depend on the seed" test "$(cmp other/samples.png again/samples.png 2>&1)"

need polarvae prune run --out pruned $few variance_threshold=0 --quiet >out.text
need polarvae traverse pruned $few --out pruned/pictures --quiet >out.text
check "pruning nothing changes samples" cmp pruned/pictures/samples.png again/samples.png

# Of many variables, those of largest KL.
need polarvae train data=sprites.h5 batch=8 latents=40 steps=1 --out many --quiet
need polarvae traverse many $few >out.text 2>error.text
check "does not say that some are missing" grep -q '^drawing 32 of 40 variables' error.text
need polarvae traverse many $few --latents 40 >out.text 2>error.text
check "says that some are missing" test -z "$(grep 'of 40' error.text)"

refused 2 "a run directory must be named" traverse
refused 2 "a run directory must be named" traverse examples=10
refused 2 "is not a run directory" traverse sprites.h5
refused 2 "missing: is not a run directory" traverse missing
refused 2 "examples.*from 1 to 100" traverse run --examples 0
refused 2 "examples.*from 1 to 100" traverse run --examples 101
refused 2 "steps.*from 2 to 51" traverse run --steps 1
refused 2 "latents.*from 1 to 128" traverse run --latents 0
for range in 0 -1 101 nan x; do
    refused 2 "range.*above 0, at most 100" traverse run --range "$range"
done
refused 2 "3 of the 2 that are encoded; give examples=3" traverse run --examples 3 examples=2 --quiet
refused 2 "decided when the model was trained" traverse run latents=3
refused 2 "64x64x1 images, but the data set has 64x64x3" traverse run --out new --quiet \
    "data=$SOURCE/tests/golden/3dshapes_public_layout.h5"
check "a refused command made a directory" test ! -e new
refused 1 "sprites.h5.*: cannot be made a directory" traverse run $few --out sprites.h5/x --quiet
refused 1 "/proc/.*cannot be" traverse run $few --out /proc/x --quiet
mkdir taken taken/traversal.gif
refused 1 "taken/traversal.gif: is a directory" traverse run $few --out taken --quiet
check "a part is left behind" test -z "$(find . -name '*.part')"
rm many/checkpoint.h5
refused 2 "many: has no checkpoint.h5 yet" traverse many
finish
