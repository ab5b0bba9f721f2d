/* ptx_decode.h -- what decoding the different kinds of instructions shares. */
#ifndef EMULATOR_PTX_DECODE_H
#define EMULATOR_PTX_DECODE_H

#include "ptx_reader.h"

void decode_unknown(const ptx_reader *r) __attribute__((noreturn));
/* The next instruction, with the guard of the present one; good until the next call. */
ptx_instr *decode_new(ptx_reader *r, ptx_function run, ptx_kind kind);
uint32_t decode_constant(ptx_reader *r, uint64_t value, bool wide, bool dynamic);
/* A slot or predicate; code as in ptx_operation. */
uint32_t decode_operand(ptx_reader *r, char code, const char *text);
bool decode_is_wide(const ptx_reader *r, const char *text);
/* The operands of a list; more than `room`: room + 1. */
int decode_split(char *text, char **parts, int room);

/* False: not such an instruction. */
bool decode_memory(ptx_reader *r, const char *name, char **parts, int count);
bool decode_control(ptx_reader *r, const char *name, char **parts, int count);
bool decode_call(ptx_reader *r, char **parts, int count);

#endif
