/* bugs.h -- programs with one planted bug each: a table of names, what must be said, and functions.
 *
 *   PROGRAM list    prints the names, each with the words that a report must hold
 *   PROGRAM NAME    runs that one */
#ifndef BUGS_H
#define BUGS_H

#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For calls that are right. */
#define DO(call)                                                                                   \
    do {                                                                                           \
        cudaError_t error_ = (call);                                                               \
        if (error_ != cudaSuccess) {                                                               \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,                          \
                    cudaGetErrorString(error_));                                                   \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

template <class T> static T *on_device(size_t count)
{
    T *at;
    DO(cudaMalloc((void **)&at, count * sizeof(T)));
    return at;
}

/* Zeros that are there before anything else happens. */
template <class T> static T *zeros(size_t count)
{
    T *at = on_device<T>(count);
    DO(cudaMemset(at, 0, count * sizeof(T)));
    DO(cudaDeviceSynchronize());
    return at;
}

struct bug {
    const char *name, *words;
    void (*run)(void);
};

static int run_bug(const bug *bugs, int count, int argc, char **argv)
{
    for (int i = 0; i < count; i++) {
        if (argc == 2 && !strcmp(argv[1], "list")) printf("%s %s\n", bugs[i].name, bugs[i].words);
        if (argc == 2 && !strcmp(argv[1], bugs[i].name)) {
            bugs[i].run();
            return 0;
        }
    }
    return argc == 2 && !strcmp(argv[1], "list") ? 0 : 2;
}

#define BUG_ROW(name, words) {#name, words, name},
#define BUG_TABLE(LIST)                                                                            \
    static const bug bugs[] = {LIST(BUG_ROW)};                                                     \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return run_bug(bugs, (int)(sizeof bugs / sizeof *bugs), argc, argv);                       \
    }

#endif
