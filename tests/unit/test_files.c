/* test_files.c -- files that appear whole or not at all, whatever happens in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

static char directory[] = "/tmp/pv_base_XXXXXX";

static const char *in_directory(const char *name)
{
    /* A few, so that a test may keep some. */
    static char path[8][4096];
    static int turn;
    turn = (turn + 1) % 8;
    snprintf(path[turn], sizeof path[turn], "%s/%s", directory, name);
    return path[turn];
}

static int make(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int clean(void **state)
{
    (void)state;
    char command[4200];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    return system(command);
}

static int count_files(void)
{
    int count = 0;
    DIR *list = opendir(directory);
    assert_non_null(list);
    for (struct dirent *entry; (entry = readdir(list));) count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

static void assert_holds(const char *path, const char *want)
{
    char *text;
    size_t size;
    assert_int_equal(pv_read_text(&text, &size, path), PV_OK);
    assert_int_equal(size, strlen(want));
    assert_string_equal(text, want);
    free(text);
}

static void text_files_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 100001};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i], got;
        char *text = malloc(size + 1), *back;
        for (size_t k = 0; k < size; k++) text[k] = (char)(k * k % 251);
        assert_int_equal(pv_write_text(in_directory("file"), text, size), PV_OK);
        assert_int_equal(pv_read_text(&back, &got, in_directory("file")), PV_OK);
        assert_int_equal(got, size);
        assert_memory_equal(back, text, size);
        assert_int_equal(back[size], 0);
        free(text);
        free(back);
    }
    assert_int_equal(count_files(), 1);
    unlink(in_directory("file"));
    char *proc;
    size_t size;
    assert_int_equal(pv_read_text(&proc, &size, "/proc/self/status"), PV_OK); /* says size 0 */
    assert_int_equal(strlen(proc), size);
    assert_in_range(size, 100, 100000);
    free(proc);
}

static void assert_fails(pv_status got, pv_status want, const char *part)
{
    assert_int_equal(got, want);
    if (!strstr(pv_error(), part)) fail_msg("'%s' lacks '%s'", pv_error(), part);
}

static void bad_paths_are_named(void **state)
{
    (void)state;
    char *text, part[4096];
    assert_fails(pv_read_text(&text, NULL, in_directory("none")), PV_EIO, "/none: cannot be read");
    assert_null(text);
    assert_fails(pv_read_text(&text, NULL, directory), PV_EIO, "Is a directory");
    assert_fails(pv_write_text(directory, "x", 1), PV_EIO, "is a directory");
    assert_fails(pv_write_text("", "x", 1), PV_EUSAGE, "must name a file");
    assert_fails(pv_part_begin(part, in_directory("none/x")), PV_EIO, "none/x: cannot be written");
    assert_int_equal(pv_write_text(in_directory("plain"), "x", 1), PV_OK);
    assert_fails(pv_part_begin(part, in_directory("plain/x")), PV_EIO, "Not a directory");
    char longest[5000];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    assert_fails(pv_part_begin(part, longest), PV_EUSAGE, "too long");
    assert_fails(pv_make_directory(longest), PV_EUSAGE, "not a path");
    unlink(in_directory("plain"));
}

static void an_unwritable_directory_is_refused(void **state)
{
    (void)state;
    char part[4096];
    const char *path = in_directory("locked/x");
    assert_int_equal(pv_make_directory(in_directory("locked")), PV_OK);
    assert_int_equal(chmod(in_directory("locked"), 0555), 0);
    assert_int_equal(chmod(directory, 0755), 0);
    pid_t child = fork();
    if (child == 0) {
        /* Root may write everywhere; nobody may not. */
        if (geteuid() == 0 && seteuid(65534) != 0) _exit(1);
        if (pv_part_begin(part, path) != PV_EIO) _exit(2);
        _exit(strstr(pv_error(), "locked/x: cannot be written: Permission denied") ? 0 : 3);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(rmdir(in_directory("locked")), 0);
}

/* A file system that refuses the second half of the text, as a full one does. */
static void a_failed_write_leaves_the_old_file(void **state)
{
    (void)state;
    char new_text[9000] = "";
    const char *path = in_directory("precious");
    assert_int_equal(pv_write_text(path, "old", 3), PV_OK);
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 5000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    pv_status status = pv_write_text(path, new_text, sizeof new_text);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_fails(status, PV_EIO, "precious: cannot be written: File too large");
    assert_holds(path, "old");
    assert_int_equal(count_files(), 1);
    unlink(path);
}

static void put_file(const char *path)
{
    int file = open(path, O_CREAT | O_WRONLY, 0666);
    assert_true(file >= 0);
    close(file);
}

/* A child writes a part and waits to be killed; its process id. */
static pid_t start_writer(const char *path)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        char part[4096];
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed check must not leave it behind */
        if (pv_part_begin(part, path) != PV_OK) _exit(1);
        put_file(part);
        put_file(strcat(part, ".a1B2c3")); /* as libzip does */
        if (write(ready[1], "x", 1) != 1) _exit(1);
        for (;;) pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void parts_of_the_dead_are_removed(void **state)
{
    (void)state;
    const char *path = in_directory("model.h5");
    char part[4096];
    pid_t killed = start_writer(path), living = start_writer(path);
    kill(killed, SIGKILL);
    waitpid(killed, NULL, 0);
    put_file(in_directory("model.h5.another-host.99.part"));
    put_file(in_directory("model.h5.part"));
    put_file(in_directory("other.h5.1.part"));
    assert_int_equal(count_files(), 7);
    assert_int_equal(pv_part_begin(part, path), PV_OK);
    assert_int_equal(count_files(), 5);
    kill(living, SIGKILL);
    waitpid(living, NULL, 0);
    assert_int_equal(pv_write_text(path, "whole", 5), PV_OK);
    assert_int_equal(count_files(), 4);
    assert_holds(path, "whole");
}

static void parts_are_committed_or_abandoned(void **state)
{
    (void)state;
    const char *path = in_directory("made");
    char part[4096];
    assert_int_equal(pv_part_begin(part, path), PV_OK);
    put_file(part);
    pv_part_abandon(part);
    assert_false(pv_file_exists(part));
    assert_false(pv_file_exists(path));
    assert_fails(pv_part_commit(part, path), PV_EIO, "made: cannot be written");
    put_file(part);
    assert_int_equal(pv_part_commit(part, path), PV_OK);
    assert_true(pv_file_exists(path));
    assert_false(pv_file_exists(part));
}

static void directories_are_made_with_parents(void **state)
{
    (void)state;
    assert_int_equal(pv_make_directory(in_directory("a/b//c/")), PV_OK);
    assert_int_equal(pv_make_directory(in_directory("a/b/c")), PV_OK);
    assert_int_equal(pv_make_directory("/"), PV_OK);
    assert_true(pv_file_exists(in_directory("a/b/c")));
    assert_int_equal(pv_write_text(in_directory("a/file"), "", 0), PV_OK);
    assert_fails(pv_make_directory(in_directory("a/file")), PV_EIO, "a/file: cannot be made");
    assert_fails(pv_make_directory(in_directory("a/file/b")), PV_EIO, "a/file: cannot be made");
}

static void the_cache_is_where_the_user_wants_it(void **state)
{
    (void)state;
    char path[4096];
    setenv("XDG_CACHE_HOME", in_directory("xdg"), 1);
    assert_int_equal(pv_cache_directory(path), PV_OK);
    assert_string_equal(path, in_directory("xdg/polarvae"));
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", in_directory("home"), 1);
    assert_int_equal(pv_cache_directory(path), PV_OK);
    assert_string_equal(path, in_directory("home/.cache/polarvae"));
    assert_true(pv_file_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_files_come_back),
        cmocka_unit_test(bad_paths_are_named),
        cmocka_unit_test(an_unwritable_directory_is_refused),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
        cmocka_unit_test(parts_of_the_dead_are_removed),
        cmocka_unit_test(parts_are_committed_or_abandoned),
        cmocka_unit_test(directories_are_made_with_parents),
        cmocka_unit_test(the_cache_is_where_the_user_wants_it),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
