/* test_data_source.c -- the data set that a configuration asks for: names, files, what contradicts
 * itself, and what is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "polarvae/source.h"

#include "scratch.h"

enum { MOST = 4 };

static pv_status resolve(pv_source *out, const char *const set[MOST])
{
    pv_config config;
    int count = 0;
    while (count < MOST && set[count]) count++;
    OK(pv_config_load(&config, NULL, count, set));
    const pv_status status = pv_source_of(out, &config);
    pv_config_clear(&config);
    return status;
}

static const char *kept(const char *name)
{
    static char where[4][256];
    static int next;
    char *out = where[next++ % 4];
    snprintf(out, sizeof where[0], "%s/%s", directory, name);
    return out;
}

static void names_are_resolved(void **state)
{
    (void)state;
    static const struct {
        const char *set[MOST];
        const char *file, *nuisance, *background; /* file NULL: a path as it stands */
        int generated, variant;
    } is[] = {
        {{"data=dsprites"}, "dsprites.h5", "auto", "", 1, PV_PLAIN},
        {{"data=dsprites_noshape"}, "dsprites.h5", "shape", "", 1, PV_PLAIN},
        {{"data=dsprites_noshape", "nuisance=scale,posX"}, "dsprites.h5", "scale,posX", "", 1, 0},
        {{"data=dsprites_noshape", "nuisance=none"}, "dsprites.h5", "none", "", 1, PV_PLAIN},
        {{"data=color_dsprites"}, "dsprites.h5", "auto", "", 1, PV_COLOR},
        {{"data=noisy_dsprites"}, "dsprites.h5", "auto", "", 1, PV_NOISY},
        {{"data=scream_dsprites"}, "dsprites.h5", "auto", "scream.jpg", 1, PV_SCREAM},
        {{"data=scream_dsprites", "background=a/b.png"}, "dsprites.h5", "auto", 0, 1, PV_SCREAM},
        {{"data=color_dsprites", "variant=color"}, "dsprites.h5", "auto", "", 1, PV_COLOR},
        {{"data=dsprites", "variant=noisy"}, "dsprites.h5", "auto", "", 1, PV_NOISY},
        {{"data=dsprites_noshape", "variant=color"}, "dsprites.h5", "shape", "", 1, PV_COLOR},
        {{"data=smallnorb"}, "smallnorb.h5", "auto", "", 0, PV_PLAIN},
        {{"data=cars3d"}, "cars3d.h5", "auto", "", 0, PV_PLAIN},
        {{"data=shapes3d"}, "shapes3d.h5", "auto", "", 0, PV_PLAIN},
        {{"data=mpi3d_toy"}, "mpi3d_toy.h5", "auto", "", 0, PV_PLAIN},
        {{"data=mpi3d_realistic"}, "mpi3d_realistic.h5", "auto", "", 0, PV_PLAIN},
        {{"data=mpi3d_real"}, "mpi3d_real.h5", "auto", "", 0, PV_PLAIN},
        {{"data=cars3d", "nuisance=none"}, "cars3d.h5", "none", "", 0, PV_PLAIN},
        {{"data=cars3d.h5"}, NULL, "auto", "", 0, PV_PLAIN},
        {{"data=./dsprites"}, NULL, "auto", "", 0, PV_PLAIN},
        {{"data=Dsprites"}, NULL, "auto", "", 0, PV_PLAIN},
        {{"data=x.h5", "variant=scream"}, NULL, "auto", "scream.jpg", 0, PV_SCREAM},
        {{"data=x.h5", "variant=scream", "background=a/b.png"}, NULL, "auto", 0, 0, PV_SCREAM}};
    for (size_t i = 0; i < sizeof is / sizeof *is; i++) {
        const char *name = is[i].set[0] + strlen("data=");
        pv_source s, again;
        memset(&s, 0x55, sizeof s);
        if (resolve(&s, is[i].set) != PV_OK) fail_msg("%s: %s", name, pv_error());
        assert_string_equal(s.name, name);
        assert_string_equal(s.file, is[i].file ? kept(is[i].file) : name);
        assert_string_equal(s.nuisance, is[i].nuisance);
        assert_string_equal(s.background, !is[i].background   ? "a/b.png"
                                          : *is[i].background ? kept(is[i].background)
                                                              : "");
        assert_int_equal(s.generated, is[i].generated);
        assert_int_equal(s.variant, is[i].variant);
        assert_int_equal(s.unclipped, 0);
        assert_int_equal(s.memory, 0);
        OK(resolve(&again, is[i].set));
        assert_memory_equal(&again, &s, sizeof s);
    }
    pv_source s;
    OK(resolve(&s, (const char *const[MOST]){"data=smallnorb", "smallnorb_overshoot=true",
                                             "data_memory=12"}));
    assert_int_equal(s.unclipped, 1);
    assert_int_equal(s.memory, 12);
    OK(resolve(&s, (const char *const[MOST]){"data=x.h5", "smallnorb_overshoot=true"}));
    assert_int_equal(s.unclipped, 1);
    OK(resolve(&s, (const char *const[MOST]){"data=cars3d", "smallnorb_overshoot=true"}));
    assert_int_equal(s.unclipped, 0); /* one configuration for all data sets of a study */
}

static void contradictions_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *set[MOST], *text;
    } bad[] = {
        {{"data=color_dsprites", "variant=noisy"}, "data=color_dsprites is a variant already"},
        {{"data=noisy_dsprites", "variant=scream"}, "data=noisy_dsprites is a variant already"},
        {{"data=scream_dsprites", "variant=color"}, "data=scream_dsprites is a variant already"},
        {{"data=dsprites", "background=a.png"}, "background=a.png"},
        {{"data=color_dsprites", "background=a.png"}, "background=a.png"},
        {{"data=x.h5", "variant=noisy", "background=a.png"}, "background=a.png"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pv_source s;
        assert_int_equal(resolve(&s, bad[i].set), PV_EUSAGE);
        if (!strstr(pv_error(), bad[i].text) || strchr(pv_error(), '\n'))
            fail_msg("\"%s\" is not one line with '%s'", pv_error(), bad[i].text);
    }
}

static void the_directory_is_chosen(void **state)
{
    (void)state;
    char where[4096], cache[300], longest[4200];
    pv_source s;
    setenv("POLARVAE_DATA", kept("new/place"), 1); /* is made */
    OK(pv_data_directory(where));
    assert_string_equal(where, kept("new/place"));
    assert_int_equal(rmdir(where), 0);
    assert_int_equal(rmdir(kept("new")), 0);
    for (int empty = 0; empty < 2; empty++) {
        unsetenv("POLARVAE_DATA");
        if (empty) setenv("POLARVAE_DATA", "", 1);
        setenv("XDG_CACHE_HOME", kept("cache"), 1);
        OK(resolve(&s, (const char *const[MOST]){"data=cars3d"}));
        snprintf(cache, sizeof cache, "%s/polarvae/cars3d.h5", kept("cache"));
        assert_string_equal(s.file, cache);
        assert_int_equal(rmdir(kept("cache/polarvae")), 0);
        assert_int_equal(rmdir(kept("cache")), 0);
    }
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    setenv("POLARVAE_DATA", longest, 1);
    assert_int_equal(resolve(&s, (const char *const[MOST]){"data=cars3d"}), PV_EUSAGE);
    assert_non_null(strstr(pv_error(), "POLARVAE_DATA"));
    OK(resolve(&s, (const char *const[MOST]){"data=cars3d.h5"})); /* needs no directory */
    OK(pv_write_text(path, "", 0));
    setenv("POLARVAE_DATA", path, 1); /* a file */
    assert_int_not_equal(resolve(&s, (const char *const[MOST]){"data=cars3d"}), PV_OK);
    assert_non_null(strstr(pv_error(), path));
    setenv("POLARVAE_DATA", directory, 1);
}

/* ---- opening ---- */

static void refuses_to_open(const char *const set[MOST], pv_status want, const char *text,
                            const char *file)
{
    pv_source s;
    pv_data d;
    OK(resolve(&s, set));
    assert_int_equal(pv_source_open(&d, &s, 1, 1), want);
    if (!strstr(pv_error(), text) || !strstr(pv_error(), file) || strchr(pv_error(), '\n'))
        fail_msg("\"%s\" is not one line with '%s' and %s", pv_error(), text, file);
    assert_null(d.factor);
    assert_null(d.bits);
    assert_null(d.background);
    assert_null(d.file);
}

static void missing_files_are_told(void **state)
{
    (void)state;
    refuses_to_open((const char *const[MOST]){"data=smallnorb"}, PV_EUSAGE,
                    "polarvae data import smallnorb", kept("smallnorb.h5"));
    refuses_to_open((const char *const[MOST]){"data=mpi3d_real"}, PV_EUSAGE,
                    "polarvae data import mpi3d_real", kept("mpi3d_real.h5"));
    refuses_to_open((const char *const[MOST]){"data=/no/such.h5"}, PV_EIO, "/no/such.h5", "");
    OK(pv_sprites_write(&(pv_sprites){{3, 2, 1, 3, 3}}, kept("dsprites.h5"), 1, NULL));
    refuses_to_open((const char *const[MOST]){"data=scream_dsprites"}, PV_EUSAGE, "background=FILE",
                    kept("scream.jpg"));
    refuses_to_open((const char *const[MOST]){"data=scream_dsprites", "background=/no/such.png"},
                    PV_EUSAGE, "there is no background", "/no/such.png");
    refuses_to_open((const char *const[MOST]){"data=dsprites", "nuisance=color"}, PV_EUSAGE,
                    "no factor 'color'", "");
    char data[300];
    snprintf(data, sizeof data, "data=%s", kept("dsprites.h5"));
    refuses_to_open((const char *const[MOST]){data, "smallnorb_overshoot=true"}, PV_EUSAGE,
                    "imgs_unclipped", kept("dsprites.h5"));
    OK(pv_write_text(kept("scream.jpg"), "text", 4));
    refuses_to_open((const char *const[MOST]){"data=scream_dsprites"}, PV_EDATA, "neither",
                    kept("scream.jpg"));
    unlink(kept("scream.jpg"));
    unlink(kept("dsprites.h5"));
}

static void what_is_asked_for_is_opened(void **state)
{
    (void)state;
    pv_source s;
    pv_data d, plain;
    OK(pv_sprites_write(&(pv_sprites){{3, 2, 1, 3, 3}}, kept("dsprites.h5"), 1, NULL));
    OK(pv_data_open(&plain, kept("dsprites.h5"), NULL));
    OK(resolve(&s, (const char *const[MOST]){"data=dsprites_noshape", "variant=color"}));
    OK(pv_source_open(&d, &s, 1, 1));
    assert_int_equal(d.examples, 54);
    assert_int_equal(d.variant, PV_COLOR);
    assert_int_equal(d.nuisance[0], 1);
    assert_int_equal(pv_data_observed(&d), 4);
    assert_int_equal(pv_data_in_memory(&d), 1);
    assert_true(d.checksum != plain.checksum);
    pv_data_close(&d);
    OK(resolve(&s, (const char *const[MOST]){"data=dsprites", "data_memory=1"}));
    OK(pv_source_open(&d, &s, 1, 1));
    assert_int_equal(pv_data_in_memory(&d), 1); /* 27 KiB */
    assert_true(d.checksum == plain.checksum);
    assert_int_equal(pv_data_observed(&d), 5);
    pv_data_close(&d);
    pv_data_close(&plain);
    unlink(kept("dsprites.h5"));
}

static int begin(void **state)
{
    if (make(state)) return -1;
    return setenv("POLARVAE_DATA", directory, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_resolved),          cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(the_directory_is_chosen),     cmocka_unit_test(missing_files_are_told),
        cmocka_unit_test(what_is_asked_for_is_opened),
    };
    return cmocka_run_group_tests(tests, begin, clean);
}
