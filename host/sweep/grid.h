/* grid.h -- a sweep file as dimensions; private to host/sweep/. */
#ifndef PV_SWEEP_GRID_H
#define PV_SWEEP_GRID_H

#include "base/config_table.h"
#include "polarvae/sweep.h"

/* A setting and the values it goes through; a plain one has itself. */
typedef struct {
    pv_setting setting; /* borrowed, but for its value */
    int listed;         /* given as a list (or as seeds): stands in names */
    int whole_path;     /* `data`: names hold the whole path */
    size_t count;
    char **item; /* owned, as the block of characters they point into */
    char *text;
} pv_dimension;

/* Settings of which all combinations are taken, the first one slowest. */
typedef struct {
    pv_dimension *at;
    int count;
    size_t models;
} pv_block;

struct pv_sweep {
    char *path;
    pv_settings file, arguments; /* as given */
    pv_grid grid;
    pv_settings outer; /* what stands outside of grid, from both; blocks borrow from it */
    pv_block base;     /* what stands outside of grid */
    pv_block *method;  /* [methods], the mappings of grid; without a grid one without settings */
    int methods;
    pv_block seeds; /* of one dimension, or of none */
    size_t combinations, count;
};

/* From what was read to dimensions (grid.c). */
pv_status pv_sweep_expand(pv_sweep *sweep);
void pv_block_clear(pv_block *block);

/* The part of a data file's path that stands in names. */
void pv_sweep_data_name(char out[static PV_TEXT], const char *path, int whole);

#endif
