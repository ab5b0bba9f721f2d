/* udr_text.c -- a ranking as JSON, and as a table that a person reads. */
#include <string.h>

#include "base/base.h"
#include "polarvae/udr.h"

pv_status pv_udr_write(const pv_udr *u, const char *path)
{
    const size_t count = (size_t)u->count, d = (size_t)u->latents;
    pv_json *j = pv_json_new();
    pv_json_text(j, "method", pv_udr_method_name[u->method]);
    pv_json_whole(j, "examples", (long long)u->examples);
    pv_json_whole(j, "latents", u->latents);
    pv_json_real(j, "kl_threshold", PV_UDR_KL);
    pv_json_array(j, "models");
    for (size_t i = 0; i < count; i++) {
        const pv_udr_model *m = &u->model[i];
        pv_json_object(j, NULL);
        pv_json_text(j, "name", m->name);
        pv_json_real(j, "score", m->score);
        if (m->reason) pv_json_text(j, "reason", m->reason);
        pv_json_whole(j, "others", m->others);
        pv_json_whole(j, "informative", m->informative);
        pv_json_array(j, "kl");
        for (size_t k = 0; k < d; k++) pv_json_real(j, NULL, m->kl[k]);
        pv_json_end(j);
        pv_json_end(j);
    }
    pv_json_end(j);
    pv_json_matrix(j, "pairwise_disentanglement_scores", u->pairwise, u->count, u->count);
    pv_json_array(j, "raw_correlations");
    for (size_t i = 0; i < count; i++) {
        pv_json_array(j, NULL);
        for (size_t k = 0; k < count; k++)
            pv_json_matrix(j, NULL, u->raw + (i * count + k) * d * d, u->latents, u->latents);
        pv_json_end(j);
    }
    pv_json_end(j);
    return pv_json_finish(j, path);
}

void pv_udr_print(const pv_udr *u, FILE *to)
{
    int width = 5;
    for (int i = 0; i < u->count; i++) {
        const int length = (int)strlen(u->model[i].name);
        if (length > width) width = length;
    }
    fprintf(to,
            "UDR by %s, over %zu examples:\n"
            "how well the variables of each model agree with those of the others\n\n",
            u->method == PV_UDR_LASSO ? "Lasso" : "Spearman's rank correlation", u->examples);
    fprintf(to, "%-*s%9s%14s\n", width, "model", "UDR", "KL > 0.01");
    for (int i = 0; i < u->count; i++) {
        const pv_udr_model *m = &u->model[u->best[i]];
        fprintf(to, "%-*s", width, m->name);
        if (m->reason)
            fprintf(to, "%9s", "-");
        else
            fprintf(to, "%9.4f", m->score);
        fprintf(to, "%8d of %d\n", m->informative, u->latents);
    }
    for (int i = 0; i < u->count; i++)
        if (u->model[i].reason) fprintf(to, "  - %s: %s\n", u->model[i].name, u->model[i].reason);
}
