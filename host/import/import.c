/* import.c -- which public files there are, and their way into a data set file. */
#include "polarvae/import.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "data/write.h"
#include "import/public.h"

const pv_import_kind pv_import_kinds[] = {
    {"smallnorb", 1,
     "a folder with the six files smallnorb-5x...-{training,testing}-{dat,cat,info}.mat"},
    {"cars3d", 1, "a folder with the 183 .mat files; objects are in the order of their names"},
    {"shapes3d", 1, "3dshapes.h5"},
    {"mpi3d_toy", 1, "mpi3d_toy.npz"},
    {"mpi3d_realistic", 1, "mpi3d_realistic.npz"},
    {"mpi3d_real", 1, "mpi3d_real.npz"},
    {"dsprites", 1, "dsprites_ndarray_co1sh3sc6or40x32y32_64x64, .npz or .hdf5"},
    {"images", 0, "a folder of PNG and JPEG files with a CSV of factors, or an .npz"},
    {NULL, 0, NULL}};

static pv_status (*const openers[])(pv_public *, const char *, const pv_import_options *) = {
    pv_open_smallnorb, pv_open_cars3d, pv_open_shapes3d, pv_open_mpi3d,
    pv_open_mpi3d,     pv_open_mpi3d,  pv_open_dsprites, pv_open_images};

static pv_status find_kind(const char *name, int *which)
{
    char names[256] = "";
    for (*which = 0; pv_import_kinds[*which].name; ++*which) {
        if (strcmp(pv_import_kinds[*which].name, name) == 0) return PV_OK;
        strcat(names, *which ? ", " : "");
        strcat(names, pv_import_kinds[*which].name);
    }
    return pv_fail(PV_EUSAGE, "unknown kind of files '%s'; there are %s", name, names);
}

pv_status pv_import(const char *kind, const char *source, const char *out,
                    const pv_import_options *options, char note[static PV_IMPORT_NOTE],
                    const pv_progress *progress)
{
    int which;
    note[0] = 0;
    PV_TRY(find_kind(kind, &which));
    pv_public public = {.kind = pv_import_kinds[which].name};
    PV_TRY(openers[which](&public, source, options));
    memcpy(note, public.note, PV_IMPORT_NOTE);
    const pv_data_contents contents = {.title = public.title,
                                       .description = "Imported by polarvae.",
                                       .table = &public.table,
                                       .images = public.images,
                                       .unclipped = public.unclipped,
                                       .binary = public.binary,
                                       .in_order = 1,
                                       .state = public.state};
    const pv_status status = pv_data_write(out, &contents, options->threads, progress);
    if (public.close) public.close(public.state);
    pv_data_close(&public.table);
    return status;
}
