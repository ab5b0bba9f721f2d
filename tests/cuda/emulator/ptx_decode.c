/* ptx_decode.c -- an instruction's text as a function with slots: what every kind has in common,
 * and arithmetic. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ptx_decode.h"

void decode_unknown(const ptx_reader *r)
{
    emu_unknown("%s: unknown instruction `%s`", r->kernel->name, r->text);
}

ptx_instr *decode_new(ptx_reader *r, ptx_function run, ptx_kind kind)
{
    ptx_kernel *k = r->kernel;
    k->code = ptx_grow(k->code, k->count, &k->room, sizeof *k->code);
    ptx_instr *i = &k->code[k->count++];
    *i = (ptx_instr){.run = run, .kind = (uint8_t)kind, .text = r->text};
    i->guard = r->guard;
    i->guard_not = r->guard_not;
    return i;
}

/* ---- operands ---- */

static bool is_immediate(const char *text)
{
    return isdigit((unsigned char)text[0]) || (text[0] == '-' && isdigit((unsigned char)text[1]));
}

static uint64_t immediate(const ptx_reader *r, const char *text)
{
    char *end;
    const bool bits =
        text[0] == '0' && (text[1] == 'f' || text[1] == 'd' || text[1] == 'F' || text[1] == 'D');
    const uint64_t value = bits             ? strtoull(text + 2, &end, 16)
                           : text[0] == '-' ? (uint64_t)strtoll(text, &end, 0)
                                            : strtoull(text, &end, 0);
    if (*end && strcmp(end, "U") != 0) decode_unknown(r);
    return value;
}

uint32_t decode_constant(ptx_reader *r, uint64_t value, bool wide, bool dynamic)
{
    ptx_kernel *k = r->kernel;
    for (uint32_t c = 0; c < k->constant_count; c++)
        if (k->constants[c].value == value && k->constants[c].wide == wide &&
            k->constants[c].dynamic_shared == dynamic)
            return k->constants[c].slot;
    k->constants =
        ptx_grow(k->constants, k->constant_count, &k->constant_room, sizeof *k->constants);
    k->constants[k->constant_count++] = (ptx_constant){k->slots, wide, dynamic, value};
    return ptx_new_slot(r);
}

/* %tid.x and its like, and WARP_SZ; false: none of them. */
static bool special(ptx_reader *r, const char *text, uint32_t *slot)
{
#define S(name) name,
    static const char *const names[] = {PTX_SPECIALS(S)};
#undef S
    for (uint32_t s = 0; s < SPECIALS; s++)
        if (strcmp(text, names[s]) == 0) return (*slot = s, true);
    if (strcmp(text, "WARP_SZ") != 0) return false;
    *slot = decode_constant(r, 32, false, false);
    return true;
}

static uint32_t negated(ptx_reader *r, uint32_t predicate)
{
    const uint32_t temporary = ptx_new_predicate(r);
    ptx_instr *i = decode_new(r, ptx_find_arithmetic("not.pred")->run, DO_PLAIN);
    i->slot[0] = temporary;
    i->slot[1] = predicate;
    return temporary;
}

uint32_t decode_operand(ptx_reader *r, char code, const char *text)
{
    uint32_t number, slot;
    const bool wide = code == 'w';
    if (code == 'p' && text[0] == '!') return negated(r, decode_operand(r, 'p', text + 1));
    if (strcmp(text, "_") == 0) return code == 'p' ? ptx_new_predicate(r) : ptx_new_slot(r);
    if (is_immediate(text)) {
        const uint64_t value = immediate(r, text);
        if (code == 'p') return value ? PTX_TRUE : PTX_FALSE;
        return decode_constant(r, value, wide, false);
    }
    if (code == 'n' && special(r, text, &slot)) return slot;

    const char *plus = strchr(text, '+');
    const size_t length = plus ? (size_t)(plus - text) : strlen(text);
    const ptx_symbol *s = ptx_find_symbol(r, text, length, &number);
    if (!s) decode_unknown(r);
    if (s->kind >= SYMBOL_VALUE)
        return decode_constant(r, s->value + (plus ? immediate(r, plus + 1) : 0), wide,
                               s->kind == SYMBOL_DYNAMIC);
    const char its = s->kind == SYMBOL_PREDICATE ? 'p' : s->kind == SYMBOL_WIDE ? 'w' : 'n';
    if (its != code || plus) decode_unknown(r);
    return s->first + number;
}

bool decode_is_wide(const ptx_reader *r, const char *text)
{
    uint32_t number;
    const ptx_symbol *s = ptx_find_symbol(r, text, strlen(text), &number);
    return s && s->kind == SYMBOL_WIDE;
}

/* Cuts at the commas that are not in braces; blanks around an operand go. */
int decode_split(char *text, char **parts, int room)
{
    int count = 0, depth = 0;
    if (!*text) return 0;
    parts[count++] = text;
    for (char *c = text; *c; c++) {
        depth += strchr("{[(", *c) != NULL;
        depth -= strchr("}])", *c) != NULL;
        if (*c != ',' || depth) continue;
        *c = 0;
        if (count == room) return room + 1;
        parts[count++] = c + 1;
    }
    for (int k = 0; k < count; k++) {
        while (isspace((unsigned char)*parts[k])) parts[k]++;
        char *end = parts[k] + strlen(parts[k]);
        while (end > parts[k] && isspace((unsigned char)end[-1])) *--end = 0;
    }
    return count;
}

/* ---- arithmetic ---- */

static void arithmetic(ptx_reader *r, const ptx_operation *operation, char **parts, int count)
{
    if ((int)strlen(operation->operands) != count) decode_unknown(r);
    uint32_t slots[OPERANDS] = {0};
    for (int k = 0; k < count; k++) slots[k] = decode_operand(r, operation->operands[k], parts[k]);
    memcpy(decode_new(r, operation->run, DO_PLAIN)->slot, slots, sizeof slots);
}

static void combine(ptx_reader *r, const char *how, uint32_t to, uint32_t a, uint32_t b)
{
    char name[16] = "and.pred";
    if (how) strcat(strcpy(name, how), ".pred");
    const ptx_operation *operation = ptx_find_arithmetic(name);
    if (!operation) decode_unknown(r);
    ptx_instr *i = decode_new(r, operation->run, DO_PLAIN);
    i->slot[0] = to;
    i->slot[1] = a;
    i->slot[2] = b;
}

/* setp.lt.and.f32 p|q, a, b, c: p = (a < b) and c, q = not (a < b) and c. */
static void comparison(ptx_reader *r, const char *name, char **parts, int count)
{
    char copy[64], plain[64], *words[5];
    int n = 0;
    strncpy(copy, name, sizeof copy - 1)[sizeof copy - 1] = 0;
    for (char *w = strtok(copy, "."); w && n < 5; w = strtok(NULL, ".")) words[n++] = w;
    if (n < 3 || n > 4) decode_unknown(r);
    strcat(strcat(strcat(strcat(strcpy(plain, "setp."), words[1]), "."), words[n - 1]), "");
    const ptx_operation *operation = ptx_find_comparison(plain);
    const char *how = n == 4 ? words[2] : NULL;
    char *second = strchr(parts[0], '|');
    if (!operation || count != (how ? 4 : 3)) decode_unknown(r);
    if (second) *second++ = 0;

    const uint32_t to = decode_operand(r, 'p', parts[0]);
    const uint32_t a = decode_operand(r, operation->operands[1], parts[1]);
    const uint32_t b = decode_operand(r, operation->operands[2], parts[2]);
    const uint32_t with = how ? decode_operand(r, 'p', parts[3]) : 0;
    const uint32_t result = how || second ? ptx_new_predicate(r) : to;
    ptx_instr *i = decode_new(r, operation->run, DO_PLAIN);
    i->slot[0] = result;
    i->slot[1] = a;
    i->slot[2] = b;
    if (result == to) return;
    combine(r, how, to, result, with);
    if (second) combine(r, how, decode_operand(r, 'p', second), negated(r, result), with);
}

static ptx_instr *append(ptx_reader *r, const ptx_instr *parsed)
{
    ptx_instr *i = decode_new(r, parsed->run, DO_PLAIN);
    i->mode = parsed->mode;
    i->bytes = parsed->bytes;
    i->count = parsed->count;
    return i;
}

static bool rare(ptx_reader *r, const char *name, char **parts, int count)
{
    ptx_instr parsed = {.run = NULL};
    const char *codes = ptx_find_rare(name, &parsed);
    if (!codes || (int)strlen(codes) != count) return false;
    uint32_t slots[OPERANDS] = {0};
    for (int k = 0; k < count; k++) slots[k] = decode_operand(r, codes[k], parts[k]);
    memcpy(append(r, &parsed)->slot, slots, sizeof slots);
    return true;
}

/* Registers may be wider than the type that they are converted from or to. */
static void conversion(ptx_reader *r, const char *name, char **parts, int count)
{
    ptx_instr parsed = {.run = NULL};
    const char *codes = ptx_find_conversion(name, &parsed);
    if (!codes || count != 2) decode_unknown(r);
    const bool widen = codes[0] == 'n' && decode_is_wide(r, parts[0]);
    uint32_t from, to = widen ? ptx_new_slot(r) : decode_operand(r, codes[0], parts[0]);
    if (codes[1] == 'n' && decode_is_wide(r, parts[1])) {
        from = ptx_new_slot(r);
        const uint32_t wide = decode_operand(r, 'w', parts[1]);
        ptx_instr *i = decode_new(r, ptx_narrow, DO_PLAIN);
        i->slot[0] = from;
        i->slot[1] = wide;
    } else
        from = decode_operand(r, codes[1], parts[1]);
    ptx_instr *i = append(r, &parsed);
    i->slot[0] = to;
    i->slot[1] = from;
    if (!widen) return;
    const uint32_t final = decode_operand(r, 'w', parts[0]);
    i = decode_new(r, ptx_widen, DO_PLAIN);
    i->slot[0] = final;
    i->slot[1] = to;
    i->bytes = 4;
    i->is_signed = strstr(name, ".s8.") || strstr(name, ".s16.") || strstr(name, ".s32.");
}

/* mov.b64 a, {x, y} and mov.b64 {x, y}, a. */
static void move_parts(ptx_reader *r, const char *name, char **parts, int count)
{
    char *fields[4];
    const int packs = count == 2 && parts[1][0] == '{';
    char *list = parts[packs];
    char *whole = parts[1 - packs];
    if (count != 2 || list[0] != '{') decode_unknown(r);
    list[strlen(list) - 1] = 0;
    const int n = decode_split(list + 1, fields, 4);
    const int bytes = strcmp(name, "mov.b64") == 0 ? 8 : strcmp(name, "mov.b32") == 0 ? 4 : 0;
    if (!bytes || (n != 2 && n != 4)) decode_unknown(r);
    uint32_t slots[OPERANDS] = {0};
    for (int k = 0; k < n; k++) slots[k + packs] = decode_operand(r, 'n', fields[k]);
    slots[packs ? 0 : n] = decode_operand(r, bytes == 8 ? 'w' : 'n', whole);
    ptx_instr *i = decode_new(r, packs ? ptx_pack : ptx_unpack, DO_PLAIN);
    memcpy(i->slot, slots, sizeof slots);
    i->bytes = (uint8_t)(bytes / n);
    i->count = (uint8_t)n;
}

/* ---- all ---- */

static char *clean_copy(const char *text)
{
    char *copy = malloc(strlen(text) + 1), *to = copy;
    if (!copy) emu_unknown("the host has no memory left");
    for (; *text; text++)
        if (!isspace((unsigned char)*text))
            *to++ = *text;
        else if (to > copy && to[-1] != ' ')
            *to++ = ' ';
    while (to > copy && to[-1] == ' ') to--;
    *to = 0;
    return copy;
}

void ptx_read_instruction(ptx_reader *r, char *text)
{
    r->text = clean_copy(text);
    r->guard = 0;
    r->guard_not = false;
    while (isspace((unsigned char)*text)) text++;
    if (*text == '@') {
        char *end = text;
        while (*end && !isspace((unsigned char)*end)) end++;
        *end = 0;
        r->guard_not = text[1] == '!';
        r->guard = decode_operand(r, 'p', text + 1 + r->guard_not);
        text = end + 1;
        while (isspace((unsigned char)*text)) text++;
    }
    char *name = text, *parts[OPERANDS];
    while (*text && !isspace((unsigned char)*text)) text++;
    if (*text) *text++ = 0;
    while (isspace((unsigned char)*text)) text++;
    const int count = decode_split(text, parts, OPERANDS);
    if (count > OPERANDS) decode_unknown(r);

    const ptx_operation *operation;
    if (strncmp(name, "mov.", 4) == 0 && count == 2 && (parts[0][0] == '{' || parts[1][0] == '{'))
        move_parts(r, name, parts, count);
    else if ((operation = ptx_find_arithmetic(name)))
        arithmetic(r, operation, parts, count);
    else if (strncmp(name, "setp.", 5) == 0)
        comparison(r, name, parts, count);
    else if (strncmp(name, "cvt.", 4) == 0)
        conversion(r, name, parts, count);
    else if (!rare(r, name, parts, count) && !decode_memory(r, name, parts, count) &&
             !decode_control(r, name, parts, count))
        decode_unknown(r);
}
