/* import.c -- which public files there are, and their way into a data set file. */
#include "polarvae/import.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "data/write.h"
#include "import/public.h"

const pv_import_kind pv_import_kinds[] = {
    {"smallnorb", 1,
     "a folder with the six files smallnorb-5x...-{training,testing}-{dat,cat,info}.mat",
     pv_open_smallnorb},
    {"cars3d", 1, "a folder with the 183 .mat files; objects are in the order of their names",
     pv_open_cars3d},
    {"shapes3d", 1, "3dshapes.h5", pv_open_shapes3d},
    {"mpi3d_toy", 1, "mpi3d_toy.npz", pv_open_mpi3d},
    {"mpi3d_realistic", 1, "mpi3d_realistic.npz", pv_open_mpi3d},
    {"mpi3d_real", 1, "mpi3d_real.npz", pv_open_mpi3d},
    {"dsprites", 1, "dsprites_ndarray_co1sh3sc6or40x32y32_64x64, .npz or .hdf5", pv_open_dsprites},
    {"images", 0, "a folder of PNG and JPEG files with a CSV of factors, or an .npz",
     pv_open_images},
    {NULL, 0, NULL, NULL}};

static pv_status find_kind(const pv_import_kind **out, const char *name)
{
    char names[256] = "";
    for (const pv_import_kind *k = *out = pv_import_kinds; k->name; *out = ++k) {
        if (strcmp(k->name, name) == 0) return PV_OK;
        strcat(names, k == pv_import_kinds ? "" : ", ");
        strcat(names, k->name);
    }
    return pv_fail(PV_EUSAGE, "unknown kind of files '%s'; there are %s", name, names);
}

pv_status pv_import(const char *kind, const char *source, const char *out,
                    const pv_import_options *options, char note[PV_IMPORT_NOTE],
                    const pv_progress *progress)
{
    const pv_import_kind *k;
    note[0] = 0;
    PV_TRY(find_kind(&k, kind));
    pv_public public = {.kind = k->name};
    PV_TRY(k->open(&public, source, options));
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
