# check.sh -- a device against the reference file: other instruction sets pass, errors do not.
. "$SOURCE/tests/cli/check.inc"

reference="$SOURCE/benchmarks/reference.h5"

# figure FILE KEY: the number at a key of JSON on lines.
figure() { sed -n "s/^ *\"$2\": \([0-9]*\),*$/\1/p" "$1" | head -n 1; }

# ---- what is right passes ----

for isa in $(count "auto avx2 baseline" auto); do
    [ $isa = auto ] && unset POLARVAE_ISA || export POLARVAE_ISA=$isa
    polarvae info --device cpu >/dev/null 2>&1 || continue # this processor has no such set
    check "$isa: is off" polarvae check "$reference" --device cpu --quiet >$isa.text
    check "$isa: says FAIL" test "$(grep -c 'FAIL$' $isa.text)" -eq 0
    check "$isa: hardly a tensor" test "$(grep -c 'pass$' $isa.text)" -gt 1000
done
unset POLARVAE_ISA

# ---- what is written compares, to the bit with itself ----

need polarvae check --write own.h5 --device cpu --quiet >write.text
check "--write: says nothing of own.h5" grep -q '^own.h5: ' write.text
check "own.h5: is larger than 2 MB" test "$(wc -c <own.h5)" -lt 2000000
need polarvae check own.h5 --device cpu --quiet --json >own.json
check "own.h5: failures" test "$(figure own.json failed)" = 0
check "own.h5: hardly a tensor" test "$(figure own.json tensors)" -gt 1000
check "own.h5: other bits" test "$(grep -c '"maximum": 0,' own.json)" = "$(figure own.json tensors)"
for kind in input noise activation rectified term gradient updated; do
    check "own.h5: no $kind" grep -q "\"kind\": \"$kind\"" own.json
done

# ---- what is wrong does not ----

for at in 3000 $(count "100000 200000 400000" 200000); do
    cp own.h5 damaged.h5
    printf 'these are not the bytes that were here' |
        dd of=damaged.h5 bs=1 seek=$at conv=notrunc 2>/dev/null
    refused 1 "^polarvae: damaged.h5: .*damaged" check damaged.h5 --device cpu --quiet
done
head -c 300000 own.h5 >truncated.h5
refused 1 "^polarvae: truncated.h5: " check truncated.h5 --device cpu --quiet
: >empty.h5
refused 1 "^polarvae: empty.h5: " check empty.h5 --device cpu --quiet
need polarvae data generate sprites.h5 --subset 1:1:1:2:2 --quiet >/dev/null
refused 1 "^polarvae: sprites.h5: .*checksum" check sprites.h5 --device cpu --quiet
refused 1 "nowhere/own.h5: " check --write nowhere/own.h5 --device cpu --quiet
refused 2 "one FILE" check --device cpu
refused 2 "one FILE" check own.h5 other.h5 --device cpu
refused 2 "one FILE" check own.h5 --write other.h5 --device cpu
refused 2 "json" check --write other.h5 --json --device cpu
refused 2 "mean --device" check own.h5 --devise cpu
refused 2 "tpu" check own.h5 --device tpu
finish
