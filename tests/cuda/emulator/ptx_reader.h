/* ptx_reader.h -- what reading declarations and reading instructions share. */
#ifndef EMULATOR_PTX_READER_H
#define EMULATOR_PTX_READER_H

#include "ptx.h"

typedef enum {
    SYMBOL_NARROW,
    SYMBOL_WIDE,
    SYMBOL_PREDICATE,
    SYMBOL_VALUE,
    SYMBOL_DYNAMIC,
    SYMBOL_LOCAL_PARAM
} symbol_kind;

/* A register, `count` registers with numbers behind the name (%r<count>), or the address of
 * a variable in its space. */
typedef struct {
    const char *name;
    size_t length;
    symbol_kind kind;
    uint32_t first;
    int count; /* 0: no numbers */
    uint64_t value;
} ptx_symbol;

typedef struct {
    const char *name;
    size_t length;
    uint32_t at;
} ptx_label;

/* A function or a kernel as it stands in the text; pointers to behind `(` and to `{`. */
typedef struct {
    char *text;
    size_t text_length;
    const char *name;
    size_t length;
    char *results, *parameters, *body;
    bool is_kernel;
    ptx_kernel *kernel; /* once it was read */
} ptx_body;
#define PTX_RETURN "(return)" /* the label at the end of a function */

typedef struct ptx_reader {
    char *at;            /* in the text */
    ptx_kernel *kernel;  /* that is being read */
    ptx_symbol *symbols; /* inner scopes last */
    uint32_t symbol_count, symbol_room;
    ptx_variable *variables;
    uint32_t variable_count, variable_room;
    ptx_body *bodies;
    uint32_t body_count, body_room;
    ptx_label *labels, *jumps; /* jumps: whose instruction needs the place of a label */
    uint32_t label_count, label_room, jump_count, jump_room;
    const char *list_name; /* of .branchtargets: */
    size_t list_length;
    char *list;
    int depth;        /* of calls */
    const char *text; /* of the present instruction */
    uint32_t guard;
    bool guard_not;
} ptx_reader;

/* ---- ptx_text.c ---- */

void text_skip_blanks(ptx_reader *r);
/* A word of the text, not ended by a zero. */
char *text_word(ptx_reader *r, size_t *length);
bool text_is(const char *word, size_t length, const char *other);
bool text_accept(ptx_reader *r, char c);
void text_skip_past(ptx_reader *r, char c);
char *text_copy(const char *text, size_t length);
void text_blank_comments(char *text);
void *ptx_grow(void *items, uint32_t count, uint32_t *room, size_t size);

/* ---- ptx_declare.c ---- */

const ptx_symbol *ptx_find_symbol(const ptx_reader *r, const char *name, size_t length,
                                  uint32_t *number);
ptx_symbol *ptx_add_symbol(ptx_reader *r, const char *name, size_t length, symbol_kind kind);
uint32_t ptx_new_slot(ptx_reader *r);
uint32_t ptx_new_predicate(ptx_reader *r);
void declare_registers(ptx_reader *r);
void declare_variable(ptx_reader *r);
void declare_shared(ptx_reader *r);
void declare_local(ptx_reader *r, symbol_kind kind);
void declare_parameters(ptx_reader *r);
/* The name of the next of a list of parameters; false at its end. */
bool ptx_next_parameter(ptx_reader *r, char **name, size_t *length);

/* ---- ptx_read.c ---- */

ptx_body *ptx_find_body(ptx_module *r, const char *name, bool is_kernel);
void ptx_read_body(ptx_reader *r);
void ptx_add_label(ptx_reader *r, const char *name, size_t length);
/* Gives jumps from `jumps` on their labels from `labels` on, and forgets both. */
void ptx_place_labels(ptx_reader *r, uint32_t labels, uint32_t jumps);

/* ---- ptx_decode.c ---- */

/* One instruction, without its semicolon; the text is taken apart. */
void ptx_read_instruction(ptx_reader *r, char *text);

#endif
