# make_runs.awk -- awk -v dir=DIR -v datas=N -v strengths=N -v seeds=N -f make_runs.awk: run
# directories as a sweep of six objectives over up to seven data sets, with up to six strengths of
# each, would leave them, with made-up numbers in the files that a report reads.

function uniform() { return rand() * 2 - 1 }

# The types of a set must all be there.
function exists(set,    part, n, i) {
    if (set == "all") return 1
    n = split(set, part, "+")
    for (i = 1; i <= n; i++) if (count[part[i]] == 0) return 0
    return 1
}
function size_of(set,    part, n, i, size) {
    if (set == "all") return D
    n = split(set, part, "+")
    for (i = 1; i <= n; i++) size += count[part[i]]
    return size
}

function config(file) {
    printf "data: %s\nlatents: %d\nobjective: %s\n%s: %s\nsteps: 300000\nseed: %d\n", \
        data, D, objective, key, value, seed > file
    close(file)
}

function histogram(name, center, width, file, last,    b, x) {
    printf "\"%s\": {\"low\": %.6g, \"high\": %.6g, \"count\": [", name, center - width, center + width > file
    for (b = 0; b < 20; b++) {
        x = (b - 9.5) / 4
        printf "%s%d", b ? ", " : "", 2000 * exp(-x * x / 2) * (1 + 0.2 * rand()) > file
    }
    printf "]}%s", last ? "" : ", " > file
}

function variables(file,    v, s) {
    printf "\"variables\": [\n" > file
    for (v = 0; v < D; v++) {
        s = type[v] == "active" ? 0.02 : type[v] == "passive" ? 0.99 : 0.5
        printf "{\"index\": %d, \"type\": \"%s\", \"mean_variance\": %.6g, \"variance_of_variance\": 0.001, \"kl\": 1, ", \
            v, type[v], s > file
        printf "\"histograms\": {" > file
        histogram("mean", 0, type[v] == "passive" ? 0.08 : 2.4, file, 0)
        histogram("sampled", 0, type[v] == "passive" ? 3.6 : 2.5, file, 0)
        histogram("variance", s, type[v] == "mixed" ? 0.49 : 0.01, file, 1)
        printf "}}%s\n", v + 1 < D ? "," : "" > file
    }
    printf "],\n" > file
}

# Correlations of mean codes; those of sampled ones are smaller where a variable is passive.
function correlate(    i, j, weak) {
    for (i = 0; i < D; i++)
        for (j = 0; j <= i; j++) {
            weak = (type[i] == "passive") + (type[j] == "passive")
            mean_r[i, j] = mean_r[j, i] = i == j ? 1 : weak ? 0.7 * uniform() : 0.08 * uniform()
            sampled_r[i, j] = sampled_r[j, i] = i == j ? 1 : mean_r[i, j] * (weak ? 0.02 : 0.97)
        }
}
function matrix(name, r, scale, file,    i, j) {
    printf ", \"%s\": [", name > file
    for (i = 0; i < D; i++) {
        printf "%s[", i ? ", " : "" > file
        for (j = 0; j < D; j++) printf "%s%.8g", j ? ", " : "", r[i, j] * scale > file
        printf "]" > file
    }
    printf "]" > file
}

function scores(codes, file,    s, there, passive) {
    printf "\"%s\": {", codes > file
    for (s = 1; s <= 7; s++) {
        there = exists(set[s]) && size_of(set[s]) > 1
        passive = set[s] ~ /passive|all/ && codes == "mean" ? count["passive"] : 0
        printf "%s\"%s\": {\"size\": %d, ", (s > 1 ? ", " : ""), set[s], size_of(set[s]) > file
        if (there)
            printf "\"total_correlation\": %.10g, \"mutual_information\": %.10g, \"wasserstein_correlation\": %.10g, \"effective_rank\": %.10g}", \
                0.12 + 0.3 * passive + 0.05 * rand(), 0.03 + 0.02 * passive + 0.01 * rand(), \
                0.15 + 0.01 * rand(), size_of(set[s]) * (0.9 - 0.04 * passive) + 0.1 * rand() > file
        else
            printf "\"total_correlation\": null, \"mutual_information\": null, \"wasserstein_correlation\": null, \"effective_rank\": null, \"reason\": \"no such set\"}" > file
    }
    if (codes == "mean") {
        matrix("correlation", mean_r, 1, file)
        matrix("covariance", mean_r, 0.8, file)
    } else {
        matrix("correlation", sampled_r, 1, file)
        matrix("covariance", sampled_r, 1.1, file)
    }
    printf "}" > file
}

function metrics(level, file) {
    printf "{\"beta_vae\": {\"train_accuracy\": %.8g, \"eval_accuracy\": %.8g, \"seed\": 1}, ", level, level * 0.98 > file
    printf "\"factor_vae\": {\"eval_accuracy\": %.8g}, ", level * 0.8 > file
    printf "\"mig\": {\"discrete_mig\": %.8g, \"seed\": 3}, ", level * 0.2 > file
    printf "\"dci\": {\"disentanglement\": %.8g, \"completeness\": %.8g, \"informativeness_test\": %.8g}, ", level * 0.3, level * 0.35, level * 0.7 > file
    printf "\"sap\": {\"SAP_score\": %.8g}, \"modularity\": {\"modularity_score\": %.8g}}", level * 0.05, level * 0.9 > file
}

function downstream(codes, file,    s, n, level, first) {
    printf "\"%s\": {", codes > file
    for (s = 1; s <= 7; s++) {
        if (!exists(set[s])) continue
        level = set[s] == "passive" ? 0.1 : set[s] == "mixed" ? 0.3 : 0.62 - 0.04 * count["passive"]
        printf "%s\"%s\": {", first++ ? ", " : "", set[s] > file
        for (n = 100; n <= 10000; n *= 10)
            printf "%s\"%d\": %.8g", (n > 100 ? ", " : "\"logistic\": {"), n, level * (0.6 + 0.1 * log(n) / log(10)) + 0.02 * rand() > file
        printf "}, \"random\": {\"10000\": %.8g}}", 0.14 + 0.01 * rand() > file
    }
    printf "}" > file
}

function evaluation(file,    c, s, first) {
    printf "{\"examples\": 10000,\n" > file
    variables(file)
    printf "\"counts\": {\"active\": %d, \"mixed\": %d, \"passive\": %d},\n", count["active"], count["mixed"], count["passive"] > file
    correlate()
    printf "\"representations\": {" > file
    for (c = 0; c < 2; c++) {
        scores(codes[c], file)
        printf "%s", c ? "},\n" : ",\n" > file
    }
    printf "\"metrics\": {\"sklearn_era\": \"current\"" > file
    for (c = 0; c < 2; c++) {
        printf ", \"%s\": ", codes[c] > file
        metrics(0.9 - 0.05 * step - 0.01 * c + 0.05 * rand(), file)
    }
    printf "},\n\"subset_metrics\": {" > file
    for (c = 0; c < 2; c++) {
        printf "%s\"%s\": {", c ? ", " : "", codes[c] > file
        first = 0
        for (s = 2; s <= 7; s++) {
            if (!exists(set[s])) continue
            printf "%s\"%s\": ", first++ ? ", " : "", set[s] > file
            metrics(set[s] == "passive" ? 0.1 : 0.8, file)
        }
        printf "}" > file
    }
    printf "},\n\"downstream\": {" > file
    for (c = 0; c < 2; c++) {
        downstream(codes[c], file)
        printf "%s", c ? "},\n" : ",\n" > file
    }
    printf "\"reconstruction\": {\"loss\": %.10g, \"kl\": %.10g, \"elbo\": %.10g}}\n", \
        20 + 9 * step + rand(), 28 - 3 * step, -(48 + 6 * step) > file
    close(file)
}

# Correlations that wander where a variable is passive; covariances that vanish there.
function snapshots(file,    t, i, j, r, weak, walk) {
    print "step,variable_a,variable_b,type_a,type_b,covariance,correlation" > file
    for (t = 1; t <= 50; t++)
        for (i = 0; i < D; i++)
            for (j = i; j < D; j++) {
                weak = type[i] == "passive" || type[j] == "passive"
                walk[i, j] += (weak ? 0.25 : 0.03) * uniform() - 0.05 * walk[i, j]
                r = i == j ? 1 : walk[i, j] > 1 ? 1 : walk[i, j] < -1 ? -1 : walk[i, j]
                printf "%d,%d,%d,%s,%s,%.8g,%.8g\n", 6000 * t, i, j, type[i], type[j], \
                    r * (weak ? 0.9 * exp(-t / 4) : 0.9), r > file
            }
    close(file)
}

function run(name,    v) {
    if (names) {
        print "'" name "'" | "xargs mkdir -p"
        return
    }
    count["passive"] = int(step * 1.2 + 0.8 * rand())
    count["mixed"] = step > 0 ? int(2 * rand()) : 0
    count["active"] = D - count["passive"] - count["mixed"]
    for (v = 0; v < D; v++)
        type[v] = v < count["active"] ? "active" : v < count["active"] + count["mixed"] ? "mixed" : "passive"
    config(name "/config.yaml")
    printf "{\n  \"state\": \"finished\",\n  \"step\": 300000,\n  \"steps\": 300000,\n  \"error\": null\n}\n" > (name "/status.json")
    close(name "/status.json")
    evaluation(name "/evaluation.json")
    if (seed == 0 && datas < 3) snapshots(name "/snapshots.csv")
}

function all(    d, m) {
    for (d = 1; d <= datas; d++)
        for (m = 1; m <= methods; m++) {
            data = file_of[d]; objective = objectives[m]; key = keys[m]
            split(lists[m], values, ",")
            for (step = 0; step < strengths; step++)
                for (seed = 0; seed < seeds; seed++) {
                    value = values[strengths < 6 ? 1 + int(step * 5 / (strengths > 1 ? strengths - 1 : 1)) : step + 1]
                    run(dir "/" objective "-data=" data "-" key "=" value "-seed=" seed)
                }
        }
}

BEGIN {
    srand(7)
    D = 10
    codes[0] = "mean"; codes[1] = "sampled"
    split("all active mixed passive active+mixed active+passive mixed+passive", set, " ")
    split("dsprites color.h5 noisy.h5 scream.h5 smallnorb.h5 cars3d.h5 shapes3d.h5", file_of, " ")
    methods = split("beta_vae beta_tcvae factor_vae dip_vae_i dip_vae_ii annealed_vae", objectives, " ")
    split("beta beta gamma lambda_od lambda_od c_max", keys, " ")
    split("1,2,4,6,8,16 1,2,4,6,8,10 10,20,30,40,50,100 1,2,5,10,20,50 1,2,5,10,20,50 5,10,25,50,75,100", lists, " ")
    names = 1
    all()
    close("xargs mkdir -p")
    names = 0
    all()
}
