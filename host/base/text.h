/* text.h -- numbers and UTF-8 as text, the same in every locale. */
#ifndef PV_TEXT_H
#define PV_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The shortest decimal text that reads back to the same bits. */
void pv_number_text(char out[static 32], double value);

/* Plain decimal numbers only, as in 4, -0.5, 1e-4, and nothing beside them: 1 if `text` is one and
 * finite, else 0. A whole number may be written 300000 or 3e5; in the second form below 2^53. */
int pv_number_parse(double *out, const char *text);
int pv_whole_parse(int64_t *out, const char *text);

/* The bytes of the UTF-8 character that `text` starts with (1..4), or 0 if they are none. A 0 byte
 * ends the text and is a character of one byte. */
size_t pv_utf8_decode(uint32_t *code, const char *text);

/* 1 if a text is UTF-8 without control characters. */
int pv_utf8_is_plain(const char *text);

/* How many single-character changes turn a into b; texts of more than 63 bytes are far from all. */
int pv_edit_distance(const char *a, const char *b);

#endif
