/* test_kernels.c -- every kernel of PV_OPS against its formula in double precision, at awkward
 * sizes and with inputs near the trouble. argv[1] names the device; the default is the CPU with
 * each of its instruction sets. argv[2] names the one case that runs.
 *
 * A case is case_<op>(rows, cols) in tests/cases/<family>.h; the table here has one for every line
 * of PV_OPS, or does not compile. */
#include "cases/batch.h"
#include "cases/discriminator.h"
#include "cases/gaussian.h"
#include "cases/parameters.h"
#include "cases/reconstruction.h"
#include "cases/statistics.h"
#include "cases/total_correlation.h"

static const size_t row_counts[] = {1, 3, 37, 64, 65}, col_counts[] = {1, 2, 10, 33, 4096 + 5};
enum { SIZES = 5 };

static const struct {
    const char *name;
    void (*run)(size_t rows, size_t cols);
} cases[] = {
#define CASE(op) {#op, case_##op},
    PV_OPS(CASE, CASE, CASE, CASE)
#undef CASE
};

static void all_cases(void)
{
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int i = 0; i < SIZES * SIZES; i++) {
            if (only && strcmp(only, cases[c].name) != 0) continue;
            const size_t rows = row_counts[i / SIZES], cols = col_counts[i % SIZES];
            snprintf(context, sizeof context, "%s, %zu x %zu", cases[c].name, rows, cols);
            cases[c].run(rows, cols);
        }
}

int main(int argc, char **argv)
{
    test_devices(argc, argv, all_cases);
    return check_end();
}
