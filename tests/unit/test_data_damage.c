/* test_data_damage.c -- data set files that are cut short or altered: refused, or read unharmed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

#include "refused.h"

static void write_bytes(const char *bytes, size_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    close(file);
}

static uint64_t make_generated(char **bytes, size_t *size)
{
    pv_sprites sprites = {{3, 1, 2, 2, 2}};
    pv_data d;
    OK(pv_sprites_write(&sprites, path, 1, NULL));
    OK(pv_read_text(bytes, size, path));
    OK(pv_data_open(&d, path, NULL));
    uint64_t sum = d.checksum;
    pv_data_close(&d);
    return sum;
}

static void read_damaged(uint64_t sum, long *refused)
{
    pv_data d;
    pv_status status = pv_data_open(&d, path, NULL);
    if (status == PV_OK) {
        assert_true(d.checksum == sum);
        pv_data_close(&d);
        return;
    }
    ++*refused;
    assert_true(status == PV_EDATA || status == PV_EIO || status == PV_ENOMEM);
    assert_true(strstr(pv_error(), path) && !strchr(pv_error(), '\n'));
}

static void truncated_files_are_refused(void **state)
{
    (void)state;
    char *bytes;
    size_t size;
    make_generated(&bytes, &size);
    for (size_t left = 1; left < size; left += 1 + left / 3) {
        write_bytes(bytes, left);
        refuses(PV_EDATA, left < 8 ? "is not an HDF5 file" : "truncated or damaged HDF5 file");
    }
    free(bytes);
}

static void flipped_bits_are_found(void **state)
{
    (void)state;
    char *bytes;
    size_t size;
    long refused = 0;
    unsigned random = 1;
    uint64_t sum = make_generated(&bytes, &size);
    for (int turn = 0; turn < 400; turn++) {
        random = random * 1664525 + 1013904223;
        size_t at = random % size;
        char before = bytes[at];
        bytes[at] = (char)(bytes[at] ^ 1 << (random >> 24) % 8);
        write_bytes(bytes, size);
        read_damaged(sum, &refused);
        bytes[at] = before;
    }
    assert_true(refused > 100);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(flipped_bits_are_found),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
