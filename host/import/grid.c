/* grid.c -- a table of every combination of factors. */
#include <stdio.h>

#include "base/base.h"
#include "import/public.h"

pv_status pv_public_grid(pv_data *table, int factors, const int *size, const char *const *name)
{
    const size_t k = (size_t)factors;
    table->examples = 1;
    table->factors = factors;
    for (size_t f = 0; f < k; f++) {
        table->factor_size[f] = size[f];
        snprintf(table->factor_name[f], PV_FACTOR_NAME, "%s", name[f]);
        table->examples *= (size_t)size[f];
    }
    const size_t count = table->examples * k;
    PV_TRY(pv_new(&table->factor, count, sizeof *table->factor, "factors"));
    PV_TRY(pv_new(&table->factor_value, count, sizeof *table->factor_value, "factor values"));
    for (size_t i = 0; i < table->examples; i++)
        for (size_t f = k, rest = i; f-- > 0; rest /= (size_t)size[f]) {
            table->factor[i * k + f] = (int32_t)(rest % (size_t)size[f]);
            table->factor_value[i * k + f] = table->factor[i * k + f];
        }
    return PV_OK;
}
