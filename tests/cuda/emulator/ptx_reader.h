/* ptx_reader.h -- what reading declarations and reading instructions share. */
#ifndef EMULATOR_PTX_READER_H
#define EMULATOR_PTX_READER_H

#include "ptx.h"

typedef enum { SYMBOL_NARROW, SYMBOL_WIDE, SYMBOL_PREDICATE, SYMBOL_VALUE, SYMBOL_DYNAMIC } symbol_kind;

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

typedef struct {
    char *at; /* in the text */
    ptx_module *module;
    ptx_kernel *kernel;
    uint32_t kernel_room, variable_room;
    ptx_symbol *symbols; /* inner scopes last */
    uint32_t symbol_count, symbol_room;
    ptx_label *labels, *jumps; /* jumps: whose instruction needs the place of a label */
    uint32_t label_count, label_room, jump_count, jump_room;
    const char *list_name; /* of .branchtargets: */
    size_t list_length;
    char *list;
    const char *text; /* of the present instruction */
    uint32_t guard;
    bool guard_not;
} ptx_reader;

void *ptx_grow(void *items, uint32_t count, uint32_t *room, size_t size);
const ptx_symbol *ptx_find_symbol(const ptx_reader *r, const char *name, size_t length,
                                  uint32_t *number);
uint32_t ptx_new_slot(ptx_reader *r);
uint32_t ptx_new_predicate(ptx_reader *r);

/* One instruction, without its semicolon; the text is taken apart. */
void ptx_read_instruction(ptx_reader *r, char *text);

#endif
