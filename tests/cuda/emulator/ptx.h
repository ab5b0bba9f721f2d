/* ptx.h -- a kernel as an array of instructions, and the warps that execute it.
 *
 * Every register is a slot of 32 values, one for each lane: 64-bit ones if it is wide, else 32-bit
 * ones in the slot's first half. Constants and special registers are slots, too. A predicate is a
 * word with a bit for each lane; predicate 0 is always true, and predicate 1 the carry. */
#ifndef EMULATOR_PTX_H
#define EMULATOR_PTX_H

#include "inside.h"

typedef struct ptx_warp ptx_warp;
typedef struct ptx_instr ptx_instr;
typedef void (*ptx_function)(ptx_warp *w, const ptx_instr *i);

typedef enum { DO_PLAIN, DO_BRANCH, DO_EXIT, DO_BARRIER, DO_TOGETHER } ptx_kind;
typedef enum { SPACE_GENERIC, SPACE_GLOBAL, SPACE_SHARED, SPACE_LOCAL, SPACE_PARAM } ptx_space;
enum { OPERANDS = 7, PTX_TRUE = 0, PTX_CARRY, PTX_FALSE, PTX_PREDICATES };

struct ptx_instr {
    ptx_function run;
    uint32_t slot[OPERANDS]; /* or predicates; the destinations first */
    uint32_t target;         /* of a branch */
    uint32_t guard;          /* predicate that lanes need */
    bool guard_not;
    bool leader; /* lanes may meet here */
    uint8_t kind;
    uint8_t mode; /* what `run` makes of it: an operation, a rounding, a type */
    /* memory: */
    uint8_t space, bytes, count, total; /* total: bytes times count */
    bool quick; /* a load of 4 or 8 bytes into a slot as wide, from shared or global memory */
    bool order; /* volatile, relaxed or stronger */
    bool is_signed, wide_value, wide_address;
    int64_t displacement;
    const char *text; /* as it stands in the program */
};

typedef struct {
    uint32_t slot;
    bool wide, dynamic_shared; /* dynamic: the value is added to where that memory begins */
    uint64_t value;
} ptx_constant;

typedef struct {
    uint32_t offset, bytes;
} ptx_param;

typedef struct {
    char *name;
    ptx_instr *code;
    uint32_t count, room;
    ptx_constant *constants;
    uint32_t constant_count, constant_room;
    uint32_t slots, predicates;
    uint32_t local_bytes;
    uint32_t shared_bytes; /* static, with gaps between variables: */
    uint8_t *shared_state; /* the state of each byte before a block begins */
    uint32_t shared_used;  /* without the gaps */
    ptx_param *params;
    uint32_t param_count, param_bytes;
    uint32_t max_threads;
} ptx_kernel;

typedef struct {
    char *name;
    void *at;
    uint64_t bytes;
} ptx_variable;

typedef struct ptx_reader ptx_module; /* read as far as it was needed */

/* Special registers have the first slots, in this order. */
/* clang-format off */
#define PTX_SPECIALS(S)                                                                            \
    S("%tid.x") S("%tid.y") S("%tid.z") S("%ntid.x") S("%ntid.y") S("%ntid.z")                     \
    S("%ctaid.x") S("%ctaid.y") S("%ctaid.z") S("%nctaid.x") S("%nctaid.y") S("%nctaid.z")         \
    S("%laneid") S("%warpid") S("%nwarpid")                                                        \
    S("%lanemask_eq") S("%lanemask_lt") S("%lanemask_le") S("%lanemask_gt") S("%lanemask_ge")      \
    S("%dynamic_smem_size")
/* clang-format on */
enum { TID, NTID = 3, CTAID = 6, NCTAID = 9, LANEID = 12, DYNAMIC_SMEM = 20, SPECIALS };

/* Reads a program; its variables are placed in device memory. It lives as long as the emulator. */
ptx_module *ptx_read(const char *text, size_t length);
/* NULL: the program has none of this name. A kernel is read when it is first asked for. */
const ptx_kernel *ptx_find_kernel(ptx_module *module, const char *name);
const ptx_variable *ptx_find_variable(const ptx_module *module, const char *name);

/* Functions by the name of their instruction; operands: a character each, destinations first:
 * n a narrow slot, w a wide one, p a predicate. NULL: no such instruction. */
typedef struct {
    const char *names;
    ptx_function run;
    const char *operands;
} ptx_operation;
/* Is the word one of those that blanks separate? */
bool ptx_is_word(const char *word, const char *words);
const ptx_operation *ptx_find_arithmetic(const char *name);
const ptx_operation *ptx_find_comparison(const char *name);
/* What is needed to run it goes into i->run, mode, bytes, count; operands as above. */
const char *ptx_find_rare(const char *name, ptx_instr *i);
const char *ptx_find_conversion(const char *name, ptx_instr *i);

/* What instructions for several lanes do: the mode. A barrier without one only waits. */
#define PTX_MODES(M)                                                                               \
    M(NONE, "")                                                                                    \
    M(UP, "up")                                                                                    \
    M(DOWN, "down")                                                                                \
    M(BFLY, "bfly")                                                                                \
    M(IDX, "idx")                                                                                  \
    M(ALL, "all")                                                                                  \
    M(ANY, "any") M(UNI, "uni") M(BALLOT, "ballot") M(POPC, "popc") M(AND, "and") M(OR, "or")
#define PTX_MODE(name, text) PTX_##name,
enum { PTX_MODES(PTX_MODE) };

void ptx_load(ptx_warp *w, const ptx_instr *i);
void ptx_store(ptx_warp *w, const ptx_instr *i);
void ptx_atomic(ptx_warp *w, const ptx_instr *i);
int ptx_atomic_operation(const char *name, const char *type); /* -1: none such */
void ptx_pack(ptx_warp *w, const ptx_instr *i);
void ptx_unpack(ptx_warp *w, const ptx_instr *i);
void ptx_narrow(ptx_warp *w, const ptx_instr *i);
void ptx_widen(ptx_warp *w, const ptx_instr *i);
void ptx_shuffle(ptx_warp *w, const ptx_instr *i);
void ptx_vote(ptx_warp *w, const ptx_instr *i);
void ptx_match(ptx_warp *w, const ptx_instr *i);
void ptx_active_mask(ptx_warp *w, const ptx_instr *i);
void ptx_warp_barrier(ptx_warp *w, const ptx_instr *i);
void ptx_nothing(ptx_warp *w, const ptx_instr *i);
void ptx_trap(ptx_warp *w, const ptx_instr *i);

/* Generic addresses of shared memory, of local memory and of parameters lie in these windows. */
#define WINDOW_SHARED 0x0100000000000000u
#define WINDOW_LOCAL 0x0200000000000000u
#define WINDOW_PARAM 0x0300000000000000u
#define WINDOW_MASK 0xff00000000000000u

/* ---- execution ---- */

typedef struct {
    const ptx_kernel *kernel;
    uint32_t grid[3], block[3];
    uint32_t dynamic_bytes;
    const char *params;
} ptx_launch;

typedef struct {
    const ptx_launch *launch;
    emu_arena shared;
    emu_arena *global;
    uint64_t global_base;
    uint32_t index[3];
    uint64_t number;
    uint64_t *reported; /* a bit for each instruction: what was found there was said */
} ptx_block;

/* Lanes that are at the same place. */
typedef struct {
    uint32_t at, lanes;
    enum { RUNS, WAITS_FOR_LANES, WAITS_AT_BARRIER } state;
} ptx_group;

struct ptx_warp {
    uint64_t (*slots)[32];
    uint32_t *predicates;
    uint32_t mask; /* lanes that execute the present instruction */
    uint32_t all, live;
    uint32_t number, epoch;
    char *local; /* of each lane in turn */
    ptx_block *block;
    ptx_group groups[32];
    int group_count;
};

/* bar.red of a block whose warps are all there. */
void ptx_reduce_barrier(ptx_warp *warps, uint32_t count, const ptx_instr *i);

/* Where dynamic shared memory begins. */
uint32_t ptx_dynamic_start(const ptx_kernel *k);
void ptx_run(const ptx_launch *launch);
/* A finding about the present instruction: once for each of a launch. */
bool ptx_first_report(ptx_warp *w, const ptx_instr *i);
/* "kernel: block (1,0,0) thread (3,0,0), `text`"; good until the next call. */
const char *ptx_place(const ptx_warp *w, int lane, const ptx_instr *i);

#endif
