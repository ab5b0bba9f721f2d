/* leaks.c -- memory that libraries lose and we cannot give back, told to the address sanitizer.
 *
 * Linked into every program of a sanitizer build. HDF5 loses some where it gives up on a damaged
 * file, fontconfig some for each font that is found. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libhdf5\nleak:libfontconfig\n"; }

/* No list of them at exit: it would stand among the results. */
const char *__lsan_default_options(void);
const char *__lsan_default_options(void) { return "print_suppressions=0"; }
