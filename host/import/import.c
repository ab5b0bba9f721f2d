/* import.c -- which public files there are, and their way into a data set file. */
#include "polarvae/import.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

/* A source must not be lost by a slip of the hand: only HDF5 files that are no source are replaced.
 */
static pv_status check_out(const char *out, const char *source)
{
    static const char signature[8] = "\211HDF\r\n\032\n";
    char start[sizeof signature] = "";
    struct stat is, of_source;
    if (stat(out, &is) != 0) return PV_OK;
    FILE *file = S_ISREG(is.st_mode) ? fopen(out, "rb") : NULL;
    const size_t read = file ? fread(start, 1, sizeof start, file) : 0;
    if (file) fclose(file);
    if (is.st_size > 0 && (read < sizeof start || memcmp(start, signature, sizeof start) != 0))
        return pv_fail(PV_EUSAGE, "%s: is there, and no HDF5 file: it is not replaced", out);
    if (stat(source, &of_source) == 0 && is.st_dev == of_source.st_dev &&
        is.st_ino == of_source.st_ino)
        return pv_fail(PV_EUSAGE, "%s: is the source; name another file to write", out);
    return PV_OK;
}

pv_status pv_import(const char *kind, const char *source, const char *out,
                    const pv_import_options *options, char note[PV_IMPORT_NOTE],
                    const pv_progress *progress)
{
    const pv_import_kind *k;
    note[0] = 0;
    PV_TRY(find_kind(&k, kind));
    PV_TRY(check_out(out, source));
    pv_public public = {.kind = k->name};
    PV_TRY(k->open(&public, source, options));
    memcpy(note, public.note, PV_IMPORT_NOTE);
    const pv_data_contents contents = {.title = public.title,
                                       .description = "Imported by polarvae.",
                                       .table = &public.table,
                                       .images = public.images,
                                       .unclipped = public.unclipped,
                                       .in_order = 1,
                                       .state = public.state};
    pv_status status = PV_OK;
    if (pv_data_observed(&public.table) == 0)
        status = pv_fail(PV_EDATA, "%s: all factors are nuisance; one at least must be observed",
                         source);
    if (status == PV_OK) status = pv_data_write(out, &contents, options->threads, progress);
    if (public.close) public.close(public.state);
    pv_data_close(&public.table);
    return status;
}
