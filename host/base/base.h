/* base.h -- small things that everything in host/ stands on: files that appear whole, JSON that is
 * well-formed, progress on stderr, signals, time. */
#ifndef PV_BASE_H
#define PV_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "polarvae/data.h"
#include "polarvae/status.h"

/* ---- memory: NULL and the error text on failure ---- */

/* count * size bytes of zeros, checked for overflow; PV_ENOMEM says how many bytes of what. */
pv_status pv_new(void *out, size_t count, size_t size, const char *what);

/* ---- files ---- */

/* A temporary name beside `path`: "<path>.<host>.<pid>.part"; the file is not made yet. Fails where
 * none could be made. Files that killed processes of this host left under such names are removed
 * when the same path is begun again. */
pv_status pv_part_begin(char part[static 4096], const char *path);
/* fsync the part, rename it to path, fsync the directory. On failure the part is removed. */
pv_status pv_part_commit(const char *part, const char *path);
void pv_part_abandon(const char *part);
/* From now on this thread renames a part only where `may` returns PV_OK; else the part is removed
 * and that status returned. NULL: always, as in the beginning. */
void pv_part_guard(pv_status (*may)(void *state), void *state);
/* The name of this machine: on a shared file system another machine's process ids say nothing. */
void pv_machine_name(char out[static 65]);

pv_status pv_make_directory(const char *path); /* and its parents; existing is fine */
int pv_file_exists(const char *path);
/* Writes a whole text file through a part. */
pv_status pv_write_text(const char *path, const char *text, size_t size);
/* Reads a whole file; *out is freed by the caller and ends with a 0 byte that is not counted. */
pv_status pv_read_text(char **out, size_t *size, const char *path);
/* $XDG_CACHE_HOME/polarvae or ~/.cache/polarvae, made if missing. */
pv_status pv_cache_directory(char out[static 4096]);

/* 64-bit FNV-1a over 8 interleaved lanes of the bytes: the checksum of data sets and checkpoints;
 * start with PV_HASH_START. */
#define PV_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t pv_hash(uint64_t hash, const void *bytes, size_t size);
/* The same of bytes that come in pieces, each but the last a multiple of 8 long. */
enum { PV_HASH_LANES = 8 };
typedef struct {
    uint64_t start, size, lane[PV_HASH_LANES];
} pv_hashing;
void pv_hash_begin(pv_hashing *h, uint64_t hash);
void pv_hash_more(pv_hashing *h, const void *bytes, size_t size);
uint64_t pv_hash_end(const pv_hashing *h);

/* ---- JSON ---- */

/* Writes indented JSON into memory; a failure is remembered and told by pv_json_finish. Numbers
 * that are not finite become null, and bytes that are no UTF-8 U+FFFD. key is NULL inside an array
 * and for the outermost value; a key there opens an object around everything. */
typedef struct pv_json pv_json;
pv_json *pv_json_new(void);
void pv_json_object(pv_json *j, const char *key); /* until pv_json_end */
void pv_json_array(pv_json *j, const char *key);  /* until pv_json_end */
void pv_json_end(pv_json *j);
void pv_json_text(pv_json *j, const char *key, const char *value); /* NULL becomes null */
void pv_json_real(pv_json *j, const char *key, double value);      /* shortest that reads back */
void pv_json_whole(pv_json *j, const char *key, long long value);
void pv_json_truth(pv_json *j, const char *key, int value);
/* [rows][columns] of numbers */
void pv_json_matrix(pv_json *j, const char *key, const double *value, int rows, int columns);
/* Closes what is open and writes to a file (through a part) or, for "-", to stdout; frees j in
 * every case. */
pv_status pv_json_finish(pv_json *j, const char *path);

/* ---- progress: a bar with ETA on a terminal, a plain line now and then otherwise ---- */

typedef struct {
    char title[64];
    int quiet, terminal;
    double start, last;
    size_t first; /* `done` at the start: a resumed run's ETA counts only new work */
} pv_bar;
void pv_bar_start(pv_bar *bar, const char *title, size_t first, int quiet);
/* `detail` (may be "") follows the numbers: "loss 31.2  kl 11.9". Draws at most 10 times a second
 * on a terminal, every 10 seconds otherwise, and always when done == total. Widths are those of
 * the terminal. */
void pv_bar_show(pv_bar *bar, size_t done, size_t total, const char *detail);
/* A line of text above the bar, unless quiet. */
void pv_bar_say(pv_bar *bar, const char *text);
void pv_bar_end(pv_bar *bar); /* leaves the last line standing */
/* A pv_progress that shows a bar and stops with PV_ESTOPPED when a signal came. */
pv_progress pv_bar_progress(pv_bar *bar);
/* "1:02:03", "4.5 s" */
const char *pv_duration(char out[static 32], double seconds);

/* ---- time and signals ---- */

double pv_now(void); /* seconds on a clock that never jumps */
/* After this, SIGINT and SIGTERM only set a flag (a second SIGINT kills). */
void pv_signals_catch(void);
int pv_signal_came(void); /* its number, or 0 */

#endif
