/* clones.h -- one function compiled for several instruction sets; the loader chooses. */
#ifndef PV_LEARN_CLONES_H
#define PV_LEARN_CLONES_H

/* Only where the compiler is known to do it right; sanitizers start before the loader has chosen.
 * Results differ between machines by rounding, never between threads. */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__OPTIMIZE__) &&                      \
    !defined(__clang__) && __GNUC__ >= 12 && !defined(__SANITIZE_ADDRESS__) &&                     \
    !defined(__SANITIZE_THREAD__)
#define PV_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PV_CLONES
#endif

#endif
