#!/bin/sh
# resources.sh -- what every kernel of the CUDA device takes on every architecture, as ptxas counts it:
# registers of a thread and bytes of shared memory of a block. Fails if a kernel spills, or nvcc warns.
#
#   sh benchmarks/resources.sh [BUILD] >benchmarks/results/cuda-resources.txt
#
# BUILD: a configured build directory (build); its nvcc and headers are used.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
die() { echo "resources.sh: $*" >&2; exit 1; }
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
[ -f "$build/CMakeCache.txt" ] || die "$build: is no configured build; ./dev build makes one"
nvcc=$(cached PV_NVCC)
[ -x "$nvcc" ] || die "$build: was configured without nvcc"

known=$("$nvcc" --list-gpu-code)
architectures=
for architecture in 75 80 86 90 100 120; do # as CMakeLists.txt
    case $known in *sm_$architecture*) architectures="$architectures $architecture" ;; esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for source in kernels/cuda/*.cu; do
    for architecture in $architectures; do
        "$nvcc" -std=c++17 -O3 -arch="sm_$architecture" -cubin -Xptxas -v -Iinclude -Ikernels \
            "-I$build/include" "-I$(cached PV_CUDNN_INCLUDE)" -D_GNU_SOURCE \
            -Xcompiler -Wall,-Wextra -o "$work/cubin" "$source" >"$work/log" 2>&1 ||
            { cat "$work/log" >&2; die "$source: nvcc failed for sm_$architecture"; }
        if grep -v '^ptxas info\|^ *[0-9]* bytes stack frame' "$work/log" | grep . >&2; then
            die "$source: nvcc warns for sm_$architecture"
        fi
        sed "s/^/$architecture /" "$work/log" >>"$work/all"
    done
done

echo "$("$nvcc" --version | sed -n 's/.*release \(.*\)/nvcc \1/p'); nothing spills"
echo
# A kernel's name is told before its figures, mangled: _ZN<length><name>... or _Z<length><name>... .
awk -v architectures="$architectures" '
function plain(name,   digits, rest) {
    sub(/^_ZN?/, "", name)
    for (;;) {
        match(name, /^[0-9]+/)
        digits = substr(name, 1, RLENGTH)
        name = substr(name, RLENGTH + 1)
        if (name !~ /^_(GLOBAL__N|INTERNAL)_/ && substr(name, 1, digits) !~ /^_/)
        {
            rest = substr(name, digits + 1)
            name = substr(name, 1, digits)
            return match(rest, /^ILi[0-9]+E/) ? name "<" substr(rest, 4, RLENGTH - 4) ">" : name
        }
        name = substr(name, digits + 1)
    }
}
/Compiling entry function/ { split($0, quoted, "\047"); kernel = plain(quoted[2]) }
/bytes spill stores/ && !/ 0 bytes spill stores, 0 bytes spill loads/ {
    print "resources.sh: " kernel " spills on sm_" $0 >"/dev/stderr"
    spilled = 1
}
/Used [0-9]+ registers/ {
    match($0, /Used [0-9]+/)
    registers = substr($0, RSTART + 5, RLENGTH - 5)
    shared = match($0, /[0-9]+ bytes smem/) ? "+" substr($0, RSTART, RLENGTH - 11) : ""
    if (!(kernel in row)) names[++count] = kernel
    row[kernel] = row[kernel] sprintf(" %9s", registers shared)
}
END {
    if (spilled) exit 1
    line = sprintf("%-26s", "registers+shared bytes")
    n = split(architectures, architecture, " ")
    for (i = 1; i <= n; i++) line = line sprintf(" %9s", "sm_" architecture[i])
    print line
    for (i = 1; i <= count; i++) printf "%-26s%s\n", names[i], row[names[i]]
    if (count == 0) { print "resources.sh: ptxas named no kernel" >"/dev/stderr"; exit 1 }
}' "$work/all" >"$work/table" || exit 1
{ head -n 1 "$work/table"; sed 1d "$work/table" | LC_ALL=C sort; }
