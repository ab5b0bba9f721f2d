/* hdf5_write.c -- arrays into an HDF5 file, whole or chunk by chunk. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/hdf5.h"
#include "base/hdf5_inside.h"

enum { DEFLATE_LEVEL = 4 };

static hid_t create_attribute(const pv_h5 *file, const char *name, hid_t type, hid_t space)
{
    char object[256];
    const char *attribute = pv_h5_split(object, name);
    return H5Acreate_by_name(file->id, object, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT,
                             H5P_DEFAULT);
}

static hid_t creation_list(const pv_h5_array *a)
{
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(creation, 0);
    if (!a->chunk || !pv_h5_elements(a)) return creation;
    hsize_t chunk[PV_H5_RANK] = {a->chunk < a->dim[0] ? a->chunk : a->dim[0]};
    for (int i = 1; i < a->rank; i++) chunk[i] = a->dim[i];
    H5Pset_chunk(creation, a->rank, chunk);
    H5Pset_deflate(creation, DEFLATE_LEVEL);
    H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
    return creation;
}

/* Makes the groups on the way to a data set. The library would do so itself, but with a time of day
 * in each. What fails here, fails again and is told when the data set is made. */
static void make_groups(const pv_h5 *file, const char *name)
{
    char upto[256];
    hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_obj_track_times(creation, 0);
    for (const char *slash = name; (slash = strchr(slash + 1, '/'));) {
        snprintf(upto, sizeof upto, "%.*s", (int)(slash - name), name);
        if (H5Lexists(file->id, upto, H5P_DEFAULT) > 0) continue;
        pv_h5_drop(H5Gcreate2(file->id, upto, H5P_DEFAULT, creation, H5P_DEFAULT));
    }
    pv_h5_drop(creation);
}

/* Makes the array and, unless value is NULL, fills it. */
static pv_status put(const pv_h5 *file, const pv_h5_array *a, const void *value)
{
    hsize_t dim[PV_H5_RANK];
    for (int i = 0; i < a->rank; i++) dim[i] = a->dim[i];
    int attribute = pv_h5_is_attribute(a->name);
    hid_t type = pv_h5_memory_type(a, -1), creation = creation_list(a);
    hid_t space = a->rank ? H5Screate_simple(a->rank, dim, NULL) : H5Screate(H5S_SCALAR);
    if (!attribute) make_groups(file, a->name);
    hid_t id = attribute
                   ? create_attribute(file, a->name, type, space)
                   : H5Dcreate2(file->id, a->name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    herr_t done = id < 0 ? -1 : 0;
    if (done >= 0 && value && pv_h5_elements(a))
        done = attribute ? H5Awrite(id, type, value)
                         : H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value);
    pv_status status = PV_OK;
    if (done < 0) status = pv_h5_refuse(PV_EIO, file, a->name, "cannot be written");
    pv_h5_drop(id);
    pv_h5_drop(space);
    pv_h5_drop(creation);
    pv_h5_drop(type);
    return status;
}

pv_status pv_h5_write(pv_h5 *file, const pv_h5_array *array, const void *value)
{
    pv_h5_enter();
    pv_status status = put(file, array, value);
    pv_h5_leave();
    return status;
}

pv_status pv_h5_make(pv_h5 *file, const pv_h5_array *array)
{
    assert(array->chunk && array->rank && !pv_h5_is_attribute(array->name));
    return pv_h5_write(file, array, NULL);
}

pv_status pv_h5_write_chunk(pv_h5 *file, const pv_h5_array *array, size_t first, const void *zlib,
                            size_t size)
{
    assert(first < array->dim[0] && first % array->chunk == 0);
    hsize_t offset[PV_H5_RANK] = {first};
    hid_t id;
    pv_h5_enter();
    pv_status status = pv_h5_locate(file, array->name, &id);
    if (status == PV_OK && H5Dwrite_chunk(id, H5P_DEFAULT, 0, offset, size, zlib) < 0)
        status = pv_h5_refuse(PV_EIO, file, array->name, "cannot be written");
    pv_h5_drop(id);
    pv_h5_leave();
    return status;
}
