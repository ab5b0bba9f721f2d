/* config_file.h -- what the tests of the configuration share: a file in a directory of its own. */
#ifndef PV_CONFIG_FILE_H
#define PV_CONFIG_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/config_table.h"

static char config_directory[] = "/tmp/pv_config_XXXXXX";
static char config_path[64];

static int make_config_directory(void **state)
{
    (void)state;
    if (!mkdtemp(config_directory)) return -1;
    snprintf(config_path, sizeof config_path, "%s/x.yaml", config_directory);
    return 0;
}

static int remove_config_directory(void **state)
{
    (void)state;
    unlink(config_path);
    return rmdir(config_directory);
}

__attribute__((unused)) static void put_config(const char *text, size_t size)
{
    FILE *file = fopen(config_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

__attribute__((unused)) static void write_config(const pv_config *config, const char *comment,
                                                 int help)
{
    FILE *file = fopen(config_path, "wb");
    assert_non_null(file);
    assert_int_equal(pv_config_write(config, file, comment, help), PV_OK);
    assert_int_equal(fclose(file), 0);
}

/* The same bits in every key. */
__attribute__((unused)) static void assert_same(const pv_config *a, const pv_config *b)
{
    for (int i = 0; i < pv_config_key_count; i++) {
        const pv_config_key *key = &pv_config_keys[i];
        const void *x = (const char *)a + key->offset, *y = (const char *)b + key->offset;
        const pv_config_list *list = x, *other = y;
        switch (key->kind) {
        case PV_KEY_TEXT:
            assert_string_equal(x, y);
            break;
        case PV_KEY_CHOICE:
            assert_int_equal(*(const int *)x, *(const int *)y);
            break;
        case PV_KEY_COUNT:
            assert_memory_equal(x, y, sizeof(int64_t));
            break;
        case PV_KEY_REAL:
            assert_memory_equal(x, y, sizeof(double));
            break;
        case PV_KEY_LIST:
            assert_int_equal(list->count, other->count);
            for (int k = 0; k < list->count; k++) assert_true(list->value[k] == other->value[k]);
            break;
        case PV_KEY_SECTION:
            break;
        }
    }
    assert_memory_equal(a->objective_value, b->objective_value, sizeof a->objective_value);
}

#endif
