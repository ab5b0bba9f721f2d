"""Writes tests/golden/import/images/: folders of pictures with a CSV of factors, and .npz files, as
users may have them; and images.h5, what becomes of them by Pillow and numpy.

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/make_image_folders.py
"""
import csv
import io
import pathlib
import zipfile

import h5py
import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden/import/images"
DRAW = np.random.RandomState(11)
expected = {}


def picture(mode, width, height):
    y, x = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin(x / 2.5 + c) * np.cos(y / (3 + c)) for c in range(len(mode.replace("1", "L")))]
    noise = DRAW.normal(0, 9, (height, width, len(waves)))
    values = np.clip(np.stack(waves, 2) + noise, 0, 255).astype(np.uint8)
    if mode == "1":
        return Image.fromarray(values[:, :, 0]).convert("1")
    return Image.fromarray(values[:, :, 0] if mode == "L" else values, mode)


# ---- what becomes of it ----

def square(image, side):
    width, height = image.size
    least = min(width, height)
    left, top = (width - least) // 2, (height - least) // 2
    return image.crop((left, top, left + least, top + least)).resize((side, side), Image.LANCZOS)


def over_black(image):
    if image.mode not in ("LA", "RGBA"):
        return image
    black = Image.new(image.mode[:-1], image.size)
    black.paste(image.convert(image.mode[:-1]), mask=image.getchannel("A"))
    return black


def classes_of(column):
    """Places among the different values, and the values themselves, or places again for texts."""
    if isinstance(column[0], str):
        places = sorted({text.encode() for text in column})
        found = [places.index(text.encode()) for text in column]
        return found, found
    places = sorted(set(column))
    return [places.index(value) for value in column], list(column)


def expect(case, images, columns, names, side, mode):
    """`names` break ties."""
    tables = [classes_of(column) for column in columns]
    classes = np.array([table[0] for table in tables], np.int32).T
    values = np.array([table[1] for table in tables], float).T
    order = sorted(range(len(images)), key=lambda i: (classes[i].tolist(), names[i]))
    pixels = [np.asarray(square(over_black(image).convert(mode), side)) for image in images]
    pixels = np.stack(pixels).reshape(len(images), side, side, -1)
    expected[case] = {"images": pixels[order], "classes": classes[order], "values": values[order] + 0.0}


# ---- folders ----

def write_folder(name, header, rows, pictures, sides, mode, **options):
    folder = OUT / name
    for file, image in pictures.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        image.save(folder / file, **({"quality": 90} if file.endswith("jpg") else {}))
    out = io.StringIO()
    csv.writer(out, **options).writerows([header] + rows)
    (folder / "factors.csv").write_bytes((("\ufeff" if "quoting" in options else "") + out.getvalue()).encode())
    for side in sides:
        images = []
        for row in rows:
            with Image.open(folder / row[0]) as image:
                image.load()
                images.append(image)
        columns = list(zip(*[row[1:] for row in rows]))
        expect(f"{name}_{side}", images, columns, [row[0].encode() for row in rows], side, mode)


def folders():
    grey = {
        "wide.png": picture("L", 40, 23), "high.png": picture("L", 21, 38), "same.png": picture("L", 16, 16),
        "bits.png": picture("1", 33, 30), "photo.jpg": picture("L", 31, 34), "half.png": picture("LA", 25, 24),
        "deep/er/a, b.png": picture("L", 24, 18),
    }
    write_folder("grey", ["file", "size", "colour, seen", "nuisance:lamp"], [
        ["wide.png", 10.0, "red", 2], ["high.png", 9.0, "red", 1], ["same.png", -0.0, "blue", 1],
        ["bits.png", 0.0, "gr\u00fcn", 1], ["photo.jpg", 9.0, "blue \"sky\"", 2], ["half.png", 0.0, "Blue", 1],
        ["deep/er/a, b.png", 1e-3, "a\r\nb", 2], ["wide.png", 10.0, "red", 1], ["same.png", 9.0, "red", 1],
    ], grey, (16, 32), "L", quoting=csv.QUOTE_NONNUMERIC)
    colour = {
        "0.png": picture("RGB", 19, 26), "1.jpg": picture("RGB", 35, 22), "2.jpg": picture("L", 20, 20),
        "3.png": picture("RGBA", 18, 18), "4.png": picture("RGB", 27, 20).quantize(16), "5.png": picture("L", 48, 48),
    }
    write_folder("colour", ["file", "x"], [[f, x] for f, x in zip(reversed(colour), [3, 1, 2, 1, 1, 2])], colour, (16,), "RGB",
                 lineterminator="\n")


# ---- archives ----

def write_npz(name, compress, mode, side, tables, **arrays):
    """Entries of a fixed time, so that the same arrays are the same file."""
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(OUT / f"{name}.npz", "w", method) as file:
        for key, array in arrays.items():
            out = io.BytesIO()
            np.lib.format.write_array(out, array)
            info = zipfile.ZipInfo(key + ".npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            file.writestr(info, out.getvalue())
    pixels = arrays.get("images", arrays.get("imgs"))
    if pixels.ndim == 4 and pixels.shape[3] == 1:
        pixels = pixels[:, :, :, 0]
    expect(name, [Image.fromarray(image) for image in pixels], [list(c) for c in arrays[tables].T],
           range(len(pixels)), side, mode)


def archives():
    def images(count, mode, width, height):
        return np.stack([np.asarray(picture(mode, width, height)) for _ in range(count)])

    write_npz("sorted", False, "L", 16, "factors", images=images(6, "L", 24, 20),
              factors=np.array([[0, -5], [0, 2], [1, 2], [1, 7], [4, 0], [4, 0]], np.int64))
    write_npz("shuffled", True, "RGB", 16, "labels", imgs=images(7, "RGB", 17, 22),
              labels=np.array([[0.5, 1], [-0.0, 1], [0.25, 2], [0.0, 1], [0.5, 0], [-3, 9], [0.25, 1]]),
              factor_names=np.array(["gr\u00f6\u00dfe", "nuisance:lamp"]))
    write_npz("same", True, "L", 32, "latents_classes", images=images(3, "L", 32, 32)[:, :, :, None],
              latents_classes=np.array([[2], [1], [0]], np.uint8))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    folders()
    archives()
    with h5py.File(OUT.parent / "images.h5", "w", libver="latest") as file:
        for case, arrays in expected.items():
            for key, array in arrays.items():
                file[f"{case}/{key}"] = array


main()
