# sweep.sh -- a sweep on a real Slurm: submitted, preempted, struck by a node failure, out of time,
# cancelled. What it ends with has the bits of a sweep that nothing disturbed.
. "$SOURCE/tests/cli/check.inc"
. "$SOURCE/tests/slurm/cluster.inc"

start_cluster
need polarvae data generate a.h5 --subset 3:2:4:8:8 --quiet >out.text
cat >sweep.yaml <<END
data: a.h5
batch: 3
latents: 4
steps: $(count 150 30)
threads: 1
log_every: 10
checkpoint_every: 5
metrics: none
examples: 50
grid:
  - {objective: beta_vae, beta: [1, 4, 8]}
  - {objective: dip_vae_i, lambda_od: [5, 10]}
seeds: 2
END

# Two tasks that will be out of time, on a node of their own: their minute passes meanwhile.
need polarvae sweep sweep.yaml steps=10000000 --dir long --tasks 2 \
    --slurm "--partition=apart --time=1 --signal=B:USR1@30" >long.text
long=$(cat long/slurm/jobs)

# ---- submit: seven tasks as arrays of three, three and one ----

need polarvae sweep sweep.yaml --dir jobs --tasks 7 --slurm "--partition=low" >out.text
check "submitted: $(cat out.text)" test "$(grep -c '^submitted array job [0-9]*: [13] task' out.text)" -eq 3
check "the queue has others" test "$(squeue --noheader --array --partition=low | wc -l)" -eq 7
polarvae sweep sweep.yaml --dir jobs --tasks 7 --slurm "--partition=low" >out.text 2>error.text
one_line "submitted twice" "of an earlier submission is still in Slurm's queue"

state_of() { sed -n 's/.*"state": "\(.*\)".*/\1/p' "$1/status.json"; }
value_of() { tr '\0' '\n' <"/proc/$1/environ" | sed -n "s/^$2=//p"; }

# frozen: a task of `jobs` stands still in the middle of a model that has a checkpoint: $program,
# $task, $node, and the model $model.
frozen() {
    for model in jobs/*/checkpoint.h5; do
        model=${model%/checkpoint.h5}
        [ -f "$model/status.json" ] && [ "$(state_of "$model")" = running ] || continue
        index=$(polarvae sweep sweep.yaml --list | awk -F '\t' -v name="${model#jobs/}" '$2 == name { print $1 }')
        for program in $(programs "--dir $work/jobs --shard $((index % 7))/7"); do
            kill -STOP "$program"
            if [ "$(state_of "$model")" = running ]; then
                task=$(value_of "$program" SLURM_ARRAY_JOB_ID)_$(value_of "$program" SLURM_ARRAY_TASK_ID)
                node=$(value_of "$program" SLURMD_NODENAME)
                return
            fi
            kill -CONT "$program"
        done
    done
    return 1
}
# What is finished now must not be written to any more.
keep_finished() {
    for name in jobs/*_vae*; do
        [ -f "$name/status.json" ] && [ "$(state_of "$name")" = finished ] || continue
        stat -c '%n %i %y' "$name/checkpoint.h5" >>finished.text
    done
}
>finished.text
log_has() { grep -q -e "$2" "jobs/slurm/$1.log"; }
is_gone() { ! kill -0 "$1" 2>>log/kill.out; }
job_is() { [ "$(squeue --noheader --states=all --jobs="$1" --format=%T 2>>log/squeue.out)" = "$2" ]; }

# ---- preempted ----

within 120 frozen
keep_finished
echo "preempted: $task, in $model"
high=$(sbatch --parsable --partition=high --nodes=2 --output=high.log --wrap "sleep 1")
within 120 is_gone "$program"
within 120 job_is "$high" COMPLETED
check "preempted: $(state_of "$model"), not stopped" test "$(state_of "$model")" = stopped
check "preempted: polarvae was not stopped" log_has "$task" 'stopped with'
restarted() { hasten && log_has "$task" "^task $task, .* restart $1:"; }
within 120 restarted 1

# ---- a node fails ----

within 120 frozen
keep_finished
echo "$node fails: $task, in $model"
again=$(($(value_of "$program" SLURM_RESTART_COUNT) + 1))
eval "slurmd=\$$node"
kill -9 "$slurmd"
cut_off "$program"
need scontrol update NodeName="$node" State=DOWN Reason=test
check "node failure: $(state_of "$model"), not running" test "$(state_of "$model")" = running
within 120 is_gone "$slurmd"
node "$node"
need scontrol update NodeName="$node" State=RESUME
within 120 restarted $again

# ---- out of time, and queued again by itself ----

long_begins() { cat long/slurm/*.log | grep -c "^task ${long}_[01], .* restart $1:"; }
long_again() { hasten && [ "$(long_begins 1)" -eq 2 ]; }
within 120 long_again
for file in long/slurm/*.log; do check "$file: was not stopped" grep -q 'stopped with' "$file"; done

# ---- cancelled ----

need scancel "$long"
long_gone() { [ -z "$(programs "--dir $work/long")$(squeue --noheader --partition=apart)" ]; }
within 120 long_gone
check "cancelled: $(squeue --noheader --states=all --array --partition=apart)" \
    test -z "$(squeue --noheader --states=all --array --partition=apart --format=%T | grep -v CANCELLED)"
need polarvae sweep sweep.yaml steps=10000000 --dir long --tasks 1 \
    --slurm "--partition=apart --hold" >out.text
check "after scancel: $(cat out.text)" grep -q "^submitted array job" out.text
need scancel "$(cat long/slurm/jobs)"

# ---- finish ----

finished() { hasten && [ -z "$(squeue --noheader)" ]; }
within 120 finished
check "cancelled, but begun again" test "$(cat long/slurm/*.log | grep -c '^task ')" -eq 4
need polarvae sweep sweep.yaml --dir straight --quiet >out.text
names=$(polarvae sweep sweep.yaml --list | cut -f 2)
for name in $names; do
    same_run "$name" straight/$name jobs/$name
    check "$name: another evaluation" cmp straight/$name/evaluation.json jobs/$name/evaluation.json
    check "$name: $(state_of jobs/$name)" test "$(state_of jobs/$name)" = finished
done
check "$(ls jobs) in jobs" test "$(ls -d jobs/*_vae* | wc -l)" -eq 10
check "parts are left behind" test -z "$(find jobs -name '*.part')"
while read -r name rest; do
    check "$name was finished, and written again" test "$(stat -c '%n %i %y' "$name")" = "$name $rest"
done <finished.text
need polarvae sweep sweep.yaml --dir jobs --slurm "--partition=low" --tasks 7 >out.text
check "finished: $(cat out.text)" grep -q '^jobs: 10 of 10 models finished; there is nothing to submit$' out.text
finish
