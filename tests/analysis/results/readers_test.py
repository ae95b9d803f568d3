"""Results files open in every reader that users have, and every cell reads as it was written.

Goal: h5py, netCDF4, both engines of xarray and ncdump see each axis and variable of docs/results-format.md, with names,
units and values, without invented dimensions, dropped variables or times decoded from seconds.
Method: write_sample_results writes a file whose cells follow from the schema's row numbers; this script recomputes them
with NumPy. Needs Debian's python3-h5py, python3-xarray, python3-netcdf4, python3-h5netcdf and netcdf-bin.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

import h5py
import netCDF4
import numpy as np
import xarray

PROGRAM = sys.argv.pop(1)
DTYPES = {"f64": np.dtype("f8"), "i64": np.dtype("i8"), "u64": np.dtype("u8"), "i8": np.dtype("i1")}


class Row:
    """One line of the schema, and the cells that the sample has for it."""

    def __init__(self, position, line):
        self.position = position
        self.path, self.type, dims, self.unit, self.when, self.flags, scale = line.split("\t")
        self.dims = tuple(dims.split())
        self.scale = float(scale)
        self.group, _, self.name = self.path[1:].rpartition("/")

    def recomputed(self, shape):
        """Raw cells by the sample's rule; None for what the sample sets by hand (labels) or the writer derives."""
        if self.dims == (self.name,) or self.name in HAND_SET or self.name.endswith("_mean"):
            return None
        i = np.arange(int(np.prod(shape)), dtype="i8").reshape(shape)
        if self.type == "string":
            return np.vectorize(lambda n: f"{self.name} {n}", otypes=[object])(i)
        if self.type == "i8":
            return (i % 2).astype("i1")
        if self.type == "f64":
            return self.position + i / 1024
        return (1000 * self.position + i).astype(DTYPES[self.type])


HAND_SET = {"variant", "replicate", "row_size", "run_index", "hdf5_version"}
LABELS = {
    "workload": ["browse", "zahlen-für-Müller", ""],
    "quantile": [0.5, 0.9, 0.99, 0.999],
    "step": ["rules", "conntrack", "wire"],
    "node": ["node-0", "node-1", "node-2"],
    "sim_time": [0, 10**12, 2 * 10**12, 3 * 10**12 + 1],
}


def run(*arguments, **environment):
    settings = {**os.environ, **environment}
    return subprocess.run([PROGRAM, *arguments], check=True, env=settings, capture_output=True, text=True).stdout


ROWS = [Row(k, line) for k, line in enumerate(run("--schema").splitlines())]
VARIABLES = [row for row in ROWS if not row.path.startswith("@")]
GROUPS = list(dict.fromkeys(row.group for row in VARIABLES))


class ResultsFile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = os.path.join(cls.folder.name, "sample.h5")
        run(cls.file)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def check_cells(self, row, raw):
        if row.dims == (row.name,):
            expected = LABELS.get(row.name)
            if expected is None and row.type == "i64":
                expected = np.arange(len(raw))
            if expected is not None:
                np.testing.assert_array_equal(raw, expected, row.path)
        else:
            expected = row.recomputed(raw.shape)
            if expected is not None:
                np.testing.assert_array_equal(raw, expected, row.path)

    def test_h5py_reads_every_row_and_no_other(self):
        with h5py.File(self.file) as f:
            found = []
            f.visititems(lambda name, item: found.append("/" + name) if isinstance(item, h5py.Dataset) else None)
            self.assertEqual(sorted(found), sorted(row.path for row in VARIABLES))
            self.assertEqual(set(f.attrs), {row.path[1:] for row in ROWS if row.path.startswith("@")})
            for row in VARIABLES:
                data = f[row.path]
                if row.type == "string":
                    self.assertEqual(tuple(h5py.check_string_dtype(data.dtype)), ("utf-8", None), row.path)
                    cells = data.asstr()[()]
                    cells = np.array(cells, dtype=object)
                else:
                    self.assertEqual(data.dtype, DTYPES[row.type], row.path)
                    cells = np.asarray(data[()])
                self.check_cells(row, cells)
                self.assertEqual(data.attrs.get("units", ""), row.unit, row.path)
                self.assertTrue(data.attrs["long_name"], row.path)
                self.assertEqual(data.ndim, len(row.dims), row.path)
                if not h5py.h5ds.is_scale(data.id):
                    for dim, name in zip(data.dims, row.dims):
                        self.assertEqual(dim[0].name, f"/{row.group}/{name}", "the scale lies in the same group")
                if row.flags:
                    self.assertEqual(data.attrs["flag_meanings"], row.flags)
                    self.assertEqual(data.attrs["flag_values"].dtype, np.dtype("i1"))
                    self.assertEqual(list(data.attrs["flag_values"]), list(range(len(row.flags.split()))))

    def check_dataset(self, group, dataset):
        rows = [row for row in VARIABLES if row.group == group]
        self.assertEqual(set(dataset.variables), {row.name for row in rows}, f"{group}: none dropped, none invented")
        self.assertEqual(set(dataset.dims), {dim for row in rows for dim in row.dims}, f"{group}: no phony dimension")
        for row in rows:
            variable = dataset[row.name]
            self.assertEqual(variable.dims, row.dims, row.path)
            self.assertNotIn(variable.dtype.kind, "mM", f"{row.path} was decoded to a time")
            cells = variable.values
            if row.scale != 1:
                cells = np.asarray(np.round(cells / row.scale), dtype="i8")
            self.check_cells(row, np.asarray(cells, dtype=object) if row.type == "string" else np.asarray(cells))
            if "run" in row.dims and row.name not in ("run", "variant", "replicate"):
                self.assertEqual(set(variable.coords) & {"variant", "replicate"}, {"variant", "replicate"}, row.path)

    def test_xarray_reads_every_group_with_the_netcdf4_engine(self):
        for group in GROUPS:
            with xarray.open_dataset(self.file, group=group, engine="netcdf4") as dataset:
                self.check_dataset(group, dataset.load())

    def test_xarray_reads_every_group_with_the_h5netcdf_engine(self):
        for group in GROUPS:
            with xarray.open_dataset(self.file, group=group, engine="h5netcdf") as dataset:
                self.check_dataset(group, dataset.load())

    def test_netcdf4_reads_every_variable(self):
        with netCDF4.Dataset(self.file) as f:
            f.set_auto_maskandscale(False)
            for row in VARIABLES:
                variable = f[row.path]
                self.assertEqual(variable.dimensions, row.dims, row.path)
                self.check_cells(row, np.asarray(variable[...]))

    def test_ncdump_lists_every_variable(self):
        header = subprocess.run(["ncdump", "-h", self.file], check=True, capture_output=True, text=True).stdout
        self.assertNotIn("phony", header)
        for row in VARIABLES:
            self.assertRegex(header, rf"\s{row.name}(\(|\s*;)", row.path)
        for group in GROUPS:
            self.assertIn(f"group: {group.rpartition('/')[2]} {{", header)
        subprocess.run(["ncdump", self.file], check=True, capture_output=True)

    def test_the_line_in_how_to_read_gives_the_summary(self):
        with h5py.File(self.file) as f:
            line = f.attrs["how_to_read"]
        table = eval(line, {"xarray": xarray, "FILE": self.file})  # pylint: disable=eval-used
        self.assertEqual(len(table), 4 * 3 * 4)
        self.assertEqual(list(table["variant"].unique()), ["iptables", "nftables"])
        self.assertIn("latency_quantile", table.columns)

    def test_selection_by_label(self):
        summary = xarray.open_dataset(self.file, group="summary")
        row = next(r for r in VARIABLES if r.path == "/summary/latency_quantile")
        cell = summary.latency_quantile.sel(workload="browse", quantile=0.99).isel(run=2)
        self.assertEqual(float(cell), row.position + ((2 * 3 + 0) * 4 + 2) / 1024)
        self.assertEqual(str(cell.variant.values), "nftables")

    def test_ragged_histograms_add_up(self):
        histogram = xarray.open_dataset(self.file, group="hist/latency", mask_and_scale=False)
        self.assertEqual(int(histogram.row_size.sum()), histogram.sizes[histogram.row_size.attrs["sample_dimension"]])

    def test_deterministic_files_are_equal_byte_by_byte(self):
        # Another second, and other garbage in the memory that the library takes.
        first, second = (os.path.join(self.folder.name, name) for name in ("a.h5", "b.h5"))
        run(first, "--deterministic", MALLOC_PERTURB_="85")
        time.sleep(1.1)
        run(second, "--deterministic", MALLOC_PERTURB_="170")
        with open(first, "rb") as a, open(second, "rb") as b:
            self.assertEqual(a.read(), b.read())
        with h5py.File(first) as f:
            for row in ROWS:
                there = row.path[1:] in f.attrs if row.path.startswith("@") else row.path in f
                self.assertEqual(there, row.when != "not with --deterministic", row.path)

    def test_source_date_epoch_sets_the_date(self):
        file = os.path.join(self.folder.name, "dated.h5")
        run(file, SOURCE_DATE_EPOCH="86400")
        with h5py.File(file) as f:
            self.assertEqual(f.attrs["created_utc"], "1970-01-02T00:00:00Z")
        run(file)
        with h5py.File(file) as f:
            self.assertTrue(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", f.attrs["created_utc"]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
