# options.sh -- a command takes the options that it heeds, refuses the others, and its help says which.
. "$SOURCE/tests/cli/check.inc"

need polarvae data generate sprites.h5 --subset 3:2:4:8:8 --quiet >out.text
need train data=sprites.h5 batch=16 latents=4 steps=2 --out run

# Every option of any command, with a value that suits it.
all="--device=cpu --quiet --json --subset=1:1:1:1:1 --threads=1 --objective=beta_vae --kernel=2
--precision=fp32 --batch=4 --lanes=1 --seconds=1 --csv=table.csv --examples=9 --out=new --resume
--dir=new --index=0 --list"

# takes OPTIONS COMMAND...: the command runs with each of the options, and with no other.
takes() {
    taken=$1
    shift
    for option in $all; do
        case " $taken " in
        *" ${option%%=*} "*)
            rm -rf new new.h5
            [ $option = --resume ] && cp -r run new
            polarvae "$@" $option >out.text 2>error.text
            check "$* $option: status $?: $(cat error.text)" test $? -eq 0
            ;;
        *) refused 2 "${option%%=*}.*: unknown option of $1\|$1 ${2:-}: does not take ${option%%=*}$" \
            "$@" $option ;;
        esac
    done
}
takes "--quiet --subset --threads" data generate new.h5 --subset 1:1:1:1:1
takes "--quiet --json" data info sprites.h5
takes "--device --quiet --out --resume" \
    train data=sprites.h5 batch=16 latents=4 steps=2 --out new
printf 'data: sprites.h5\nbatch: 4\nlatents: 4\nsteps: 2\nexamples: 9\nmetrics: none\n' >sweep.yaml
takes "--device --quiet --json --lanes --dir --index --list" sweep sweep.yaml --dir new
takes "--device --quiet --examples --out" encode run examples=9
takes "--device --quiet --json" evaluate run examples=9
takes "--device --quiet --json --examples" udr run run
every="--device --precision --json --kernel --batch --threads"
takes "$every --quiet --objective --lanes --seconds --csv" bench train --batch 4 --seconds 1
takes "$every --quiet --seconds --csv" bench encode --batch 4 --seconds 1
takes "$every --objective" bench kernels --batch 4
takes "--device --json" info

for command in data train sweep encode evaluate bench info; do
    polarvae $command --help >help.text
    for option in $all; do
        option=${option%%=*}
        polarvae $command $option >out.text 2>error.text </dev/null
        if grep -q "unknown option" error.text; then
            check "$command --help names $option" test -z "$(grep -e "^  *$option" help.text)"
        else
            check "$command --help lacks $option" grep -q -e "^  *$option" help.text
        fi
    done
done

refused 2 "data: 'generate', 'import' or 'info' must follow" data --json
refused 2 "bench encode: unexpected argument 'run'" bench encode run
refused 2 "bench speed: must be 'train', 'encode', 'kernels' or 'evaluate'" bench speed --csv table.csv
refused 2 "--device .*: use auto, cpu or cuda:N" train --out fresh --device "$(printf '%80s' x)"
finish
