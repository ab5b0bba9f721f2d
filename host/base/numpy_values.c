/* numpy_values.c -- elements of a .npy as float32, float64, int32, bytes and UTF-8. */
#include <math.h>
#include <string.h>

#include "base/numpy_inside.h"

/* Up to 8 bytes, in the file's order, as a number without a sign. */
static uint64_t bits_of(const pv_numpy_header *h, const unsigned char *bytes, size_t size)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++) bits = bits << 8 | bytes[h->swapped ? i : size - 1 - i];
    return bits;
}

static double to_double(const pv_numpy_header *h, const unsigned char *bytes)
{
    const uint64_t bits = bits_of(h, bytes, h->size);
    const uint32_t half = (uint32_t)bits;
    float single;
    double value;
    memcpy(&single, &half, sizeof single);
    memcpy(&value, &bits, sizeof value);
    return h->size == sizeof single ? (double)single : value;
}

/* 0: it does not fit. */
static int to_float(const pv_numpy_header *h, const unsigned char *bytes, float *out)
{
    const double value = to_double(h, bytes);
    *out = (float)value;
    return !isinf(*out) || isinf(value);
}

static int to_whole(const pv_numpy_header *h, const unsigned char *bytes, int32_t *out)
{
    uint64_t bits = bits_of(h, bytes, h->size), sign = UINT64_C(1) << (8 * h->size - 1);
    if (h->type == 'i' && (bits & sign)) {
        uint64_t below = ((sign << 1) - bits) - 1; /* -1 - the value; 8 bytes wrap around to it */
        *out = below <= INT32_MAX ? -1 - (int32_t)below : 0;
        return below <= INT32_MAX;
    }
    *out = bits <= INT32_MAX ? (int32_t)bits : 0;
    return bits <= INT32_MAX;
}

/* How many bytes of UTF-8 a code point has; 0: it is none. */
static size_t encode(uint64_t code, char out[static 4])
{
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
    size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    for (size_t i = more; i > 0; i--, code >>= 6) out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(more ? (0xf0 << (3 - more) & 0xff) | (int)code : (int)code);
    return more + 1;
}

/* The length in bytes of the text, which was stored in `out` where it is shorter than `width`; -1:
 * no text at all. */
static long to_text(const pv_numpy_header *h, const unsigned char *bytes, char *out, size_t width)
{
    size_t step = h->type == 'U' ? 4 : 1, length = 0;
    for (size_t at = 0; at < h->size; at += step) {
        char character[4] = {(char)bytes[at]};
        size_t n = step == 1 ? 1 : encode(bits_of(h, bytes + at, 4), character);
        if (n == 0) return -1;
        if (!character[0]) break; /* filled up with zeros */
        if (length + n < width) memcpy(out + length, character, n);
        length += n;
    }
    return (long)length;
}

/* Where the file's element e stands in an array by rows. */
static size_t place(const pv_numpy_header *h, uint64_t e)
{
    size_t at = 0;
    if (!h->fortran) return (size_t)e;
    for (int i = 0; i < h->rank; i++) {
        at = at * h->dim[i] + (size_t)(e % h->dim[i]);
        e /= h->dim[i];
    }
    return at;
}

pv_numpy_array pv_numpy_described(const pv_numpy_header *h, const char *name)
{
    const int text = h->type == 'S' || h->type == 'U';
    pv_numpy_array out = {.name = name,
                          .kind = text             ? PV_NUMPY_TEXT
                                  : h->type == 'f' ? PV_NUMPY_REAL
                                                   : PV_NUMPY_WHOLE,
                          .rank = h->rank};
    memcpy(out.dim, h->dim, sizeof out.dim);
    return out;
}

pv_status pv_numpy_convert(const pv_numpy_header *h, const pv_numpy_array *a,
                           const unsigned char *bytes, uint64_t first, size_t count, void *out,
                           const char *label)
{
    for (size_t i = 0; i < count; i++, bytes += h->size) {
        size_t at = place(h, first + i);
        long length;
        switch (a->kind) {
        case PV_NUMPY_REAL:
            if (!to_float(h, bytes, (float *)out + at))
                return pv_fail(PV_EDATA, "%s holds a value that does not fit float32", label);
            break;
        case PV_NUMPY_DOUBLE:
            ((double *)out)[at] = to_double(h, bytes);
            break;
        case PV_NUMPY_WHOLE:
            if (!to_whole(h, bytes, (int32_t *)out + at))
                return pv_fail(PV_EDATA, "%s holds a value that does not fit int32", label);
            break;
        case PV_NUMPY_BYTE:
            ((uint8_t *)out)[at] = *bytes;
            break;
        case PV_NUMPY_TEXT:
            memset((char *)out + at * a->width, 0, a->width);
            length = to_text(h, bytes, (char *)out + at * a->width, a->width);
            if (length < 0) return pv_fail(PV_EDATA, "%s holds a text that is no Unicode", label);
            if ((size_t)length >= a->width)
                return pv_fail(PV_EDATA, "%s holds a text of %ld bytes; at most %zu are expected",
                               label, length, a->width - 1);
        }
    }
    return PV_OK;
}
