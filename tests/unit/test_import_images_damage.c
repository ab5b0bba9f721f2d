/* test_import_images_damage.c -- tables, pictures and archives cut short or altered: refused, or
 * read unharmed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "import_images.h"

enum { SIDE = 16 };

/* A sum over all that comes out; 0 for one line of error, which holds `where`. */
static uint64_t read_all(const char *source, const char *factors, const char *where)
{
    pv_public p;
    uint8_t *images;
    uint64_t sum = 0;
    pv_status status = open_images(&p, source, factors, SIDE);
    if (status == PV_OK) {
        status = read_images(&p, 2, &images);
        if (status == PV_OK) {
            const pv_data *t = &p.table;
            const size_t entries = t->examples * (size_t)t->factors;
            sum = pv_hash(PV_HASH_START, images, t->examples * image_bytes(&p));
            sum = pv_hash(sum, t->factor, entries * sizeof *t->factor);
            sum = pv_hash(sum, t->factor_value, entries * sizeof *t->factor_value) | 1;
            free(images);
        }
        close_images(&p);
    }
    if (status == PV_OK) return sum;
    assert_true(status == PV_EDATA || status == PV_EIO);
    if (!strstr(pv_error(), where) || strchr(pv_error(), '\n'))
        fail_msg("\"%s\" is not one line with '%s'", pv_error(), where);
    return 0;
}

/* ---- one byte after another ---- */

/* `read` reads the file at `path`, to 0 or a sum; what became of a file's damaged copies. */
static struct {
    uint64_t whole;
    long harmed, unharmed, refused;
} outcomes;

static void count(uint64_t sum)
{
    if (sum == 0)
        outcomes.refused++;
    else if (sum == outcomes.whole)
        outcomes.unharmed++;
    else
        outcomes.harmed++;
}

static void take(const char *from, char **bytes, size_t *size, uint64_t (*read)(void))
{
    OK(pv_read_text(bytes, size, from));
    write_file(path, *bytes, *size);
    memset(&outcomes, 0, sizeof outcomes);
    outcomes.whole = read();
    assert_true(outcomes.whole != 0);
}

static void cut_short(const char *from, uint64_t (*read)(void))
{
    char *bytes;
    size_t size;
    take(from, &bytes, &size, read);
    for (size_t left = 0; left < size; left++) {
        write_file(path, bytes, left);
        count(read());
    }
    free(bytes);
}

/* Every byte, `bits` bits of each. */
static void altered(const char *from, uint64_t (*read)(void), size_t bits)
{
    char *bytes;
    size_t size;
    take(from, &bytes, &size, read);
    for (size_t at = 0; at < size; at++)
        for (size_t bit = 0; bit < bits; bit++) {
            const char before = bytes[at];
            bytes[at] = (char)(before ^ 1 << (at + at / 8 + bit) % 8);
            write_file(path, bytes, size);
            count(read());
            bytes[at] = before;
        }
    free(bytes);
}

/* ---- archives: all that is read stands under a checksum ---- */

static uint64_t read_archive(void) { return read_all(path, NULL, path); }

static void archives(void **state)
{
    (void)state;
    static const char *const names[] = {GOLDEN "sorted.npz", GOLDEN "shuffled.npz",
                                        GOLDEN "same.npz"};
    for (int k = 0; k < 3; k++) {
        cut_short(names[k], read_archive);
        assert_int_equal(outcomes.harmed + outcomes.unharmed, 0);
        altered(names[k], read_archive, 1);
        assert_int_equal(outcomes.harmed, 0);
        assert_true(outcomes.unharmed > 0 && outcomes.refused > 1000);
    }
}

/* ---- tables: another number is no damage that anybody could see ---- */

static uint64_t read_table(void) { return read_all(GOLDEN "grey", path, "/"); }

static void tables(void **state)
{
    (void)state;
    cut_short(GOLDEN "grey/factors.csv", read_table);
    assert_true(outcomes.harmed > 0 && outcomes.refused > 200);
    altered(GOLDEN "grey/factors.csv", read_table, 8);
    assert_true(outcomes.harmed > 0 && outcomes.unharmed > 0 && outcomes.refused > 1000);
}

/* ---- pictures, in a folder of their own ---- */

static char table[80];

static uint64_t read_picture(void) { return read_all(directory, table, path); }

static void pictures(void **state)
{
    (void)state;
    static const char csv[] = "file,a\nfile,1\n";
    snprintf(table, sizeof table, "%s/table", directory);
    write_file(table, csv, sizeof csv - 1);
    cut_short(GOLDEN "colour/1.jpg", read_picture);
    assert_int_equal(outcomes.harmed + outcomes.unharmed, 0);
    altered(GOLDEN "colour/1.jpg", read_picture, 1);
    assert_true(outcomes.harmed > 0 && outcomes.refused > 0);
    cut_short(GOLDEN "colour/4.png", read_picture);
    assert_int_equal(outcomes.harmed + outcomes.unharmed, 0);
    altered(GOLDEN "colour/4.png", read_picture, 8);
    assert_int_equal(outcomes.harmed + outcomes.unharmed, 0);
    unlink(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archives),
        cmocka_unit_test(tables),
        cmocka_unit_test(pictures),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
