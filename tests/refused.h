/* refused.h -- a data set file that must be refused; included after cmocka.h. */
#ifndef TESTS_REFUSED_H
#define TESTS_REFUSED_H

#include "polarvae/data.h"
#include "scratch.h"

/* Opening `path` gives this status, one line with the path and `text`, and leaves nothing behind.
 */
static void refuses(pv_status want, const char *text)
{
    pv_data d;
    assert_int_equal(pv_data_open(&d, path, NULL), want);
    if (!strstr(pv_error(), path) || !strstr(pv_error(), text) || strchr(pv_error(), '\n'))
        fail_msg("\"%s\" is not one line with the path and '%s'", pv_error(), text);
    assert_null(d.factor);
    assert_null(d.factor_value);
    assert_null(d.bits);
    assert_null(d.bytes);
}

#endif
