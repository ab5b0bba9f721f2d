# data.sh -- images on cuda:0, under emulation: variants, correlated factors, and more images than the
# device holds are those of the CPU.
# shellcheck shell=sh disable=SC2086
. "$SOURCE/tests/cli/check.inc"
: "${EMULATED:?must be the folder of the stand-in libraries}"
export LD_LIBRARY_PATH="$EMULATED"

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
need polarvae data generate many.h5 --subset 3:6:40:32:8 --quiet >out.text # 94 MB in memory
need polarvae data import smallnorb "$SOURCE/tests/golden/import/smallnorb" norb.h5 --quiet >out.text
need polarvae data info sprites.h5 --sheet picture.png --quiet >out.text
tiny="batch=2 latents=2 log_every=1 steps=2"

# same NAME key=value...: loss and reconstruction are the CPU's, to five digits.
same() {
    name=$1
    shift
    need train $tiny "$@" device=cpu --out "cpu-$name"
    need train $tiny "$@" device=cuda:0 --out "gpu-$name"
    paste -d , "cpu-$name/log.csv" "gpu-$name/log.csv" >both.text
    check "$name: another log" awk -F , '
        NR > 1 {
            n = NF / 2
            for (i = 3; i <= 4; i++)
                if ($i - $(i + n) > 1e-5 * $i || $(i + n) - $i > 1e-5 * $i) bad = 1
        }
        END { exit bad || NR < 2 }' both.text
}

same color data=sprites.h5 variant=color
same noisy data=sprites.h5 variant=noisy
same scream data=sprites.h5 variant=scream background=picture.png
same correlated data=sprites.h5 correlation=shape:posX:0.2
same unclipped data=norb.h5 smallnorb_overshoot=true

# ---- more than the device holds ----

# 8 blocks of 256 images, of which one is another in step 4.
same window data=many.h5 data_memory=1 batch=64 steps=5 log_every=5
need train $tiny data=many.h5 data_memory=1024 device=cpu --out cpu-many
EMULATED_MEMORY=100 polarvae train $tiny data=many.h5 device=cuda:0 --out gpu-many >out.text 2>error.text
check "too many images: $(cat error.text)" [ -s gpu-many/checkpoint.h5 ]
check "no warning: $(cat error.text)" \
    grep -q "^warning: many.h5: the images are 94 MB, more than the device's memory holds" error.text
need polarvae encode gpu-many --examples 4 --device cpu --out cpu.h5 --quiet >out.text
EMULATED_MEMORY=100 polarvae encode gpu-many --examples 4 --device cuda:0 --out gpu.h5 --quiet >out.text
need polarvae score cpu.h5 --metrics mig --device cpu --quiet >cpu.text
need polarvae score gpu.h5 --metrics mig --device cpu --quiet >gpu.text
check "other examples: $(diff cpu.text gpu.text)" cmp -s cpu.text gpu.text
finish
