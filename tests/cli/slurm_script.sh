# slurm_script.sh -- scripts of array jobs, their tasks, and what becomes of sbatch's words; the
# programs of Slurm are played by scripts.
. "$SOURCE/tests/cli/check.inc"

need polarvae data generate a.h5 --subset 3:2:4:8:8 --quiet >out.text
cat >sweep.yaml <<END
data: a.h5
batch: 3
latents: 4
steps: 4
threads: 1
metrics: none
examples: 50
grid:
  - {objective: beta_vae, beta: [1, 4]}
  - {objective: dip_vae_i, lambda_od: [5, 10, 20]}
seeds: 2
END

# Slurm: the cluster's words, what was submitted, the state of a task.
mkdir bin
cat >bin/scontrol <<'END'
[ "$1" != requeue ] || echo "$2" >>"$WORK/requeued"
[ "$1" = requeue ] || printf 'Configuration data\nMaxArraySize            = %s\nMaxJobCount = 10\n' "$SIZE"
END
cat >bin/sbatch <<'END'
if [ "$(cat "$WORK/submitted" 2>/dev/null | wc -l)" -ge "${REFUSE_AFTER:-1000}" ]; then
    echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2
    echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy" >&2
    exit 1
fi
[ "$1" = --parsable ] && echo "$2" >>"$WORK/submitted"
echo "$((100 + $(wc -l <"$WORK/submitted")));cluster"
END
cat >bin/squeue <<'END'
echo "$*" >>"$WORK/asked"
[ -z "$STATE" ] || echo "$STATE"
END
for name in bin/*; do
    sed -i '1i #!/bin/sh' "$name"
    chmod +x "$name"
done
without=$PATH
export WORK="$work" SIZE=1001 STATE=
PATH=$work/bin:$PATH

submit() { polarvae sweep sweep.yaml --slurm "--partition=gpu --time=4:00:00" "$@"; }

# ---- what a script says ----

need submit --dir runs --dry-run --models-per-task 3 >one.text
check "--dry-run wrote something" test ! -e runs -a ! -e submitted
check "it is no script" sh -n one.text
for line in '#!/bin/sh' '#SBATCH --job-name=polarvae-sweep' '#SBATCH --requeue' \
    "#SBATCH --output=\"$work/runs/slurm/%A_%a.log\"" '#SBATCH --open-mode=append' \
    '#SBATCH --signal=B:USR1@120' '#SBATCH --partition=gpu --time=4:00:00' '#SBATCH --array=0-3'; do
    check "no line $line" grep -qxF -- "$line" one.text
done
check "the tasks do not come last" test "$(grep '^#SBATCH' one.text | tail -n 1)" = '#SBATCH --array=0-3'
check "a directive behind a command" awk '/^#SBATCH/ && ended { exit 1 } /^[^#]/ { ended = 1 }' one.text

arrays() { grep '^#SBATCH --array=' out.text | cut -d= -f2 | tr '\n' ' '; }
# arrays_are TASKS SHARDS OPTION...
arrays_are() {
    wanted=$1 shards=$2
    shift 2
    need submit --dir runs --dry-run "$@" >out.text
    check "$*: arrays of $(arrays)" test "$(arrays)" = "$wanted "
    check "$*: $(grep '^shard=' out.text)" grep -q "^shard=.*/$shards\$" out.text
}
arrays_are 0 1
arrays_are 0-1 2 --models-per-task 9
arrays_are 0-9 10 --models-per-task 1
arrays_are 0-6 7 --tasks 7
arrays_are 0-9 10 --tasks 5000
arrays_are "0-3 0-3 0-1" 10 --tasks 10 --max-array 4
check "offsets" test "$(grep -c '^shard=$((SLURM_ARRAY_TASK_ID + [048]))/10$' out.text)" -eq 3
SIZE=5 arrays_are "0-4 0-4" 10 --tasks 10
SIZE=5 arrays_are "0-6 0-2" 10 --tasks 10 --max-array 7

# ---- a task, under a name that is hard to quote ----

odd="odd 'n' \"#\$(x)"
mkdir "$odd"
cp a.h5 "$odd"
cp sweep.yaml "$odd/it's.yaml"
cd "$odd" || exit 1
need polarvae sweep "it's.yaml" learning_rate=1e-3 --dir "my  runs;" --quiet --lanes 1 \
    --slurm " " --tasks 3 >"$work/out.text"
cd "$work" || exit 1
logs="$work/$odd/my  runs;/slurm"
printf '%s: 0 of 10 models finished; 3 of 3 tasks have work\nsubmitted array job 101: 3 tasks, %s\n' \
    "my  runs;" "$logs/array-0.sh" >wanted.text
check "submitted: $(cat out.text)" cmp out.text wanted.text
check "another script: $(cat submitted)" test "$(cat submitted)" = "$logs/array-0.sh"
check "the job is not kept" test "$(cat "$logs/jobs")" = 101
check "empty options" test "$(grep -c '^#SBATCH *$' "$logs/array-0.sh")" -eq 0

# task NUMBER: as Slurm would run it, from another directory.
task() { (cd / && SLURM_ARRAY_JOB_ID=101 SLURM_ARRAY_TASK_ID=$1 sh "$logs/array-0.sh"); }
need task 1 >task.text 2>&1
check "who it is: $(head -n 1 task.text)" grep -q '^task 101_1, shard 1/3, restart 0: ' task.text
polarvae sweep sweep.yaml --list | awk -F '\t' '$1 % 3 == 1 { print $2 }' | LC_ALL=C sort >wanted.text
(cd "$logs/.." && LC_ALL=C ls -d *_vae*) >names.text
check "shard 1/3 trained $(cat names.text)" cmp names.text wanted.text
for name in $(cat names.text); do
    check "$name: other options than given" grep -q '^learning_rate: 0.001$' "$logs/../$name/config.yaml"
done

# Again: the finished task is left out, and the script of an earlier submission is gone.
touch "$logs/array-7.sh"
rm submitted
again() { (cd "$odd" && polarvae sweep "it's.yaml" learning_rate=1e-3 --dir "my  runs;" --slurm " " "$@"); }
need again --tasks 3 >out.text
check "again: $(cat out.text)" grep -q ': 3 of 10 models finished; 2 of 3 tasks have work$' out.text
check "the finished task is not left out" grep -qx '#SBATCH --array=0,2' "$logs/array-0.sh"
check "an old script is left" test ! -e "$logs/array-7.sh"

# Jobs in the queue, and jobs that Slurm knows nothing of any more.
export STATE=101
again --tasks 3 >out.text 2>error.text
check "jobs in the queue: status $?" test $? -eq 1
one_line "jobs in the queue" "my  runs;: job 101 of an earlier submission is still in Slurm's queue"
check "squeue was asked: $(tail -n 1 asked)" grep -q -e '--jobs 101,' asked
export STATE=

# ---- how a task ends ----

# ends NAME STATE RESTARTS: a task that gets a signal while it trains; its exit status is $status.
ends() {
    rm -rf "$logs/../"*_vae* requeued
    STATE=$2 SLURM_RESTART_COUNT=$3 SLURM_ARRAY_JOB_ID=101 SLURM_ARRAY_TASK_ID=0 \
        sh "$logs/array-0.sh" >task.text 2>&1 &
    script=$!
    until [ -n "$(find "$logs/.." -name config.yaml)" ] || ! kill -0 $script; do sleep 0.02; done
    kill -"$1" $script
    wait $script
    status=$?
    check "$1, $2: the program was not stopped: $(cat task.text)" \
        grep -q 'stopped with 0 of [0-9]* models finished' task.text
    check "$1, $2: status $status, not 1" test $status -eq 1
    check "$1, $2: no checkpoint" test -n "$(find "$logs/.." -name checkpoint.h5)"
}
(cd "$odd" && rm -rf my* && polarvae sweep "it's.yaml" steps=1000000 --dir "my  runs;" --slurm " " \
    --tasks 3 --quiet) >out.text || failed "no long sweep"
ends USR1 RUNNING 0
check "time limit: not queued again" test "$(cat requeued)" = 101_0
ends TERM RUNNING 99
check "grace before preemption: not queued again" test "$(cat requeued)" = 101_0
ends USR1 RUNNING 100
check "queued again without end" test ! -e requeued
check "does not say why it ends" grep -q '^was queued 100 times already' task.text
ends TERM COMPLETING 0
check "a cancelled task is queued again" test ! -e requeued

# A model that fails, without a signal.
rm -rf "$logs/../"*_vae*
need mv "$odd/a.h5" away.h5
task 0 >task.text 2>&1
check "a failed task: status $?" test $? -eq 1
check "a failed task is queued again" test ! -e requeued
need mv away.h5 "$odd/a.h5"

# ---- Slurm says no ----

SIZE=4
rm -f submitted
export REFUSE_AFTER=2
submit --dir part --tasks 10 >out.text 2>error.text
check "refused: status $?" test $? -eq 1
unset REFUSE_AFTER
one_line "refused" "^polarvae: sbatch: QOSMaxSubmitJobPerUserLimit; Batch job submission failed: \
Job violates accounting/QOS policy; 2 of 3 array jobs are submitted, $work/part/slurm/array-2.sh is the next\$"
check "what was submitted: $(cat out.text)" test "$(grep -c '^submitted array job 10[12]: 4 tasks, ' out.text)" -eq 2
check "what was submitted is not kept" test "$(tr '\n' ' ' <part/slurm/jobs)" = "101 102 "
REFUSE_AFTER=0 submit --dir none --tasks 10 >out.text 2>error.text
one_line "refused at once" "accounting/QOS policy\$"
check "none is submitted, but jobs are kept" test ! -e none/slurm/jobs
SIZE=0
refused 1 "MaxArraySize is 0" sweep sweep.yaml --dir none --slurm "-n1" --dry-run
SIZE=4
PATH=$without
if ! command -v sbatch >/dev/null; then
    submit --dir none >out.text 2>error.text
    check "no Slurm: status $?" test $? -eq 1
    one_line "no Slurm" "^polarvae: s[a-z]*: No such file or directory; --slurm wants a machine"
    arrays_are 0-9 10 --tasks 10
fi
PATH=$work/bin:$PATH

# Trained, but not evaluated; all finished.
need polarvae sweep sweep.yaml --dir done --train-only --quiet >out.text
need submit --dir done --dry-run --tasks 3 >out.text
check "not evaluated, and left out: $(arrays)" test "$(arrays)" = "0-2 "
need submit --dir done --train-only --tasks 3 >out.text
check "trained: $(cat out.text)" grep -q 'finished; there is nothing to submit' out.text
need polarvae sweep sweep.yaml --dir done --quiet >out.text
rm -f submitted
need submit --dir done >out.text
check "finished: $(cat out.text)" grep -qx 'done: 10 of 10 models finished; there is nothing to submit' out.text
check "finished, but submitted" test ! -e submitted

# ---- wrong usage ----

refused 2 "go with --slurm TEXT" sweep sweep.yaml --dir x --dry-run
refused 2 "go with --slurm TEXT" sweep sweep.yaml --dir x --tasks 4
refused 2 "--slurm submits all models; it takes no --list" sweep sweep.yaml --dir x --slurm "-n1" --index 1
refused 2 "--tasks or --models-per-task, not both" \
    sweep sweep.yaml --dir x --slurm "-n1" --tasks 4 --models-per-task 4
refused 2 "--tasks 0: must be a whole number" sweep sweep.yaml --dir x --slurm "-n1" --tasks 0
refused 2 "must stand on one line" sweep sweep.yaml --dir x --dry-run --slurm "-n1
--time=1"
refused 2 "Slurm cannot write to a path with a backslash" sweep sweep.yaml --dir 'a\b' --dry-run --slurm "-n1"
refused 2 "beta_vae-beta=1-seed=0/config.yaml: the run has another learning_rate" \
    sweep sweep.yaml --dir done --slurm "-n1" learning_rate=0.1
finish
