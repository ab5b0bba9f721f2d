# bench.sh -- benchmarks of all kinds add their lines to one table.
. "$SOURCE/tests/cli/check.inc"

for name in train encode; do
    need polarvae bench $name --batch 8 --kernel 2 --threads 1 --seconds 1 --csv table.csv --quiet \
        >out.text
    check "bench $name: tells no throughput" grep -q 'images/s$' out.text
done
check "table.csv: $(wc -l <table.csv) lines" test "$(wc -l <table.csv)" -eq 3
head -n 1 table.csv | tr ',' '\n' >columns
for column in 'objective beta_vae encode' 'kernel 2 2' 'batch 8 8' 'threads 1 1' 'lanes 1 1'; do
    set -- $column
    at=$(grep -n -x "$1" columns | cut -d: -f1)
    # The machine's description is the only text in quotes; it may hold commas.
    values=$(sed -e 1d -e 's/"[^"]*"//' table.csv | cut -d, -f"$at" | tr '\n' ' ')
    check "table.csv: $1 is $values" test "$values" = "$2 $3 "
done
refused 1 "missing/table.csv: cannot be written" bench encode --batch 8 --seconds 1 --quiet \
    --csv missing/table.csv
finish
