/* test_config_write.c -- what is written is read back, and broken files break nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>

#include "config_file.h"

static uint64_t random_state = 2463534242;

static uint64_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static double uniform(void) { return (double)(draw() >> 11) * 0x1p-53; }

static void assert_written_and_read(const pv_config *config, const char *comment)
{
    pv_config back;
    write_config(config, comment, 0);
    if (pv_config_load(&back, config_path, 0, NULL) != PV_OK) fail_msg("%s", pv_error());
    assert_same(config, &back);
    assert_null(pv_config_difference(config, &back));
    pv_config_clear(&back);
}

static void any_values_read_back(void **state)
{
    (void)state;
    pv_config config;
    for (int round = 0; round < 300; round++) {
        assert_int_equal(pv_config_init(&config), PV_OK);
        for (int i = 0; i < pv_config_key_count; i++) {
            const pv_config_key *key = &pv_config_keys[i];
            void *at = (char *)&config + key->offset;
            if (key->kind == PV_KEY_COUNT) {
                uint64_t span = (uint64_t)(key->count_high - key->count_low);
                *(int64_t *)at = key->count_low + (int64_t)(draw() % span);
            } else if (key->kind == PV_KEY_REAL) {
                *(double *)at = key->real_low + uniform() * (key->real_high - key->real_low);
            } else if (key->kind == PV_KEY_CHOICE) {
                *(int *)at = (int)(draw() % 2);
            }
        }
        config.objective_value[0] = 1e6 * uniform();
        assert_written_and_read(&config, NULL);
        pv_config_clear(&config);
    }
}

static void any_text_reads_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"x",
                                        " x ",
                                        "null",
                                        "~",
                                        "-",
                                        "- x",
                                        "---",
                                        "...",
                                        "a: b",
                                        "a:",
                                        "# x",
                                        "a #b",
                                        "'",
                                        "\"",
                                        "\\",
                                        "\\n",
                                        "a\nb",
                                        "a\r\n",
                                        "\t",
                                        "[1]",
                                        "{a}",
                                        "&a",
                                        "*a",
                                        "!t",
                                        "%d",
                                        "@",
                                        "`",
                                        "|",
                                        ">",
                                        "?",
                                        "? a",
                                        ",",
                                        "true",
                                        "1e5",
                                        "\x01\x1f\x7f",
                                        "\xc2\x80\xc2\x85\xc2\x9f",
                                        "\xc2\xa0",
                                        "\xe2\x80\xa8\xe2\x80\xa9",
                                        "\xef\xbb\xbf",
                                        "\xef\xbf\xbe\xef\xbf\xbf",
                                        "\xef\xbf\xbd",
                                        "gr\303\266\303\237e",
                                        "\xf0\x9f\x98\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "/a/b-c_d.h5",
                                        "cuda:0"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        pv_config config;
        char assignment[PV_TEXT];
        const char *set = assignment;
        snprintf(assignment, sizeof assignment, "data=%s", texts[i]);
        assert_int_equal(pv_config_load(&config, NULL, 1, &set), PV_OK);
        assert_string_equal(config.data, texts[i]);
        /* A comment may be any bytes: none of them leave its line or spoil the file. */
        assert_written_and_read(&config, texts[i]);
        assert_written_and_read(&config, "v1\nsteps: 3\xff\x01");
        pv_config_clear(&config);
    }
}

static void lists_read_back(void **state)
{
    (void)state;
    pv_config config;
    const char *set = "snapshots=0,7,1000000000000";
    assert_int_equal(pv_config_load(&config, NULL, 1, &set), PV_OK);
    assert_written_and_read(&config, "x");
    pv_config_clear(&config);
}

static void a_failed_write_is_told(void **state)
{
    (void)state;
    pv_config config;
    assert_int_equal(pv_config_init(&config), PV_OK);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_int_equal(pv_config_write(&config, full, NULL, 1), PV_EIO);
    fclose(full);
    strcpy(config.objective, "none");
    FILE *file = fopen(config_path, "w");
    assert_int_equal(pv_config_write(&config, file, NULL, 0), PV_EUSAGE);
    fclose(file);
    pv_config_clear(&config);
}

/* Every key with its help, in a file that is a configuration. */
static void help_is_complete(void **state)
{
    (void)state;
    pv_config config, back;
    char *text, *help = NULL, word[80];
    size_t size;
    const char *name;
    FILE *memory = open_memstream(&help, &size);
    pv_config_help(memory);
    fclose(memory);
    assert_int_equal(pv_config_init(&config), PV_OK);
    write_config(&config, NULL, 1);
    assert_int_equal(pv_read_text(&text, NULL, config_path), PV_OK);
    for (int i = 0; i < pv_config_key_count; i++) {
        const pv_config_key *key = &pv_config_keys[i];
        if (key->kind == PV_KEY_SECTION) continue;
        snprintf(word, sizeof word, "\n%s: ", key->name);
        assert_non_null(strstr(text, word));
        snprintf(word, sizeof word, "\n  %s=", key->name);
        assert_non_null(strstr(help, word));
    }
    for (int i = 0; (name = pv_config_objective_key(pv_objectives, i)); i++) {
        assert_null(pv_config_key_find(name));
        snprintf(word, sizeof word, "\n%s: auto\n", name);
        assert_non_null(strstr(text, word));
    }
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        assert_in_range(strcspn(line, "\n"), 0, 100);
    assert_int_equal(pv_config_load(&back, config_path, 0, NULL), PV_OK);
    assert_same(&config, &back);
    pv_config_clear(&back);
    pv_config_clear(&config);
    free(text);
    free(help);
}

static void base_yaml_holds_the_defaults(void **state)
{
    (void)state;
    const char *path = PV_SOURCE_DIR "/configs/base.yaml";
    pv_config config, base;
    char *want, *got;
    assert_int_equal(pv_config_init(&config), PV_OK);
    if (pv_config_load(&base, path, 0, NULL) != PV_OK) fail_msg("%s", pv_error());
    assert_same(&config, &base);
    pv_config_clear(&base);
    write_config(&config, "All keys with their defaults.", 1);
    assert_int_equal(pv_read_text(&want, NULL, config_path), PV_OK);
    assert_int_equal(pv_read_text(&got, NULL, path), PV_OK);
    if (strcmp(got, want) != 0) {
        assert_int_equal(pv_write_text("base.yaml", want, strlen(want)), PV_OK);
        fail_msg("configs/base.yaml is out of date; the right one is base.yaml in this directory");
    }
    pv_config_clear(&config);
    free(want);
    free(got);
}

/* Copies `from` with a few bytes changed, doubled, cut out, or replaced by YAML's own characters.
 */
static size_t mutate(char *to, size_t room, const char *from)
{
    static const char special[] = "\n\t :-[]{},#&*!|>'\"%@`?~\\=.0e+\x80\xff\xc3";
    size_t size = strlen(from);
    memcpy(to, from, size);
    for (int edits = 1 + (int)(draw() % 4); edits > 0 && size > 1; edits--) {
        size_t at = draw() % size, length = 1 + draw() % 20;
        if (length > size - at) length = size - at;
        switch (draw() % 5) {
        case 0:
            to[at] = (char)draw();
            break;
        case 1:
            to[at] = special[draw() % (sizeof special - 1)];
            break;
        case 2:
            size = draw() % 8 ? size : at;
            break;
        case 3:
            memmove(to + at, to + at + length, size - at - length);
            size -= length;
            break;
        default:
            if (size + length > room) break;
            memmove(to + at + length, to + at, size - at);
            size += length;
        }
    }
    return size;
}

static void broken_files_break_nothing(void **state)
{
    (void)state;
    static const char valid[] = "# a study\nobjective: beta_vae\nbeta: 4\nsteps: 3e5\nbatch: 64\n"
                                "data: \"/data/\\u00fc b.h5\"\nkernel: 4\nsnapshots: [0, 100]\n"
                                "order: 'epochs'\nlearning_rate: 1e-4\nseed: 12\n";
    static char text[4096];
    int good = 0, bad = 0;
    for (int round = 0; round < 4000; round++) {
        pv_config config;
        put_config(text, mutate(text, sizeof text, valid));
        pv_status status = pv_config_load(&config, config_path, 0, NULL);
        if (status == PV_OK) {
            good++;
            assert_written_and_read(&config, NULL);
            pv_config_clear(&config);
            continue;
        }
        bad++;
        size_t length = strlen(config_path);
        assert_int_equal(status, PV_EUSAGE);
        assert_memory_equal(pv_error(), config_path, length);
        assert_int_equal(pv_error()[length], ':');
        assert_true(isdigit((unsigned char)pv_error()[length + 1]));
        assert_null(strchr(pv_error(), '\n'));
    }
    assert_in_range(good, 200, 3800);
    assert_in_range(bad, 200, 3800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_values_read_back),
        cmocka_unit_test(any_text_reads_back),
        cmocka_unit_test(lists_read_back),
        cmocka_unit_test(a_failed_write_is_told),
        cmocka_unit_test(help_is_complete),
        cmocka_unit_test(base_yaml_holds_the_defaults),
        cmocka_unit_test(broken_files_break_nothing),
    };
    return cmocka_run_group_tests(tests, make_config_directory, remove_config_directory);
}
