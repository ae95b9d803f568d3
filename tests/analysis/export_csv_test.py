"""The exported tables are what xarray and pandas make of the same file.

Goal: a spreadsheet sees the same figures as a notebook. Method: each group is exported by the program and read by
pandas; the same group is opened with xarray and turned into a data frame; both are compared cell by cell, in the unit of each
column.
"""

import io
import os
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np
import pandas
import xarray

PROGRAM = sys.argv.pop(1)


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = os.path.join(cls.folder.name, "sample.h5")
        subprocess.run([PROGRAM, cls.file], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def groups(self):
        found = []
        with h5py.File(self.file) as file:
            file.visititems(lambda name, item: found.append(name) if "run" in getattr(item, "keys", dict)() else None)
        return found

    def export(self, group):
        text = subprocess.run([PROGRAM, self.file, group], check=True, capture_output=True).stdout.decode()
        self.assertEqual(text.count("\r\n"), text.count("\n"), "RFC 4180 ends lines with CRLF")
        return pandas.read_csv(io.StringIO(text, newline=""), keep_default_na=False, float_precision="round_trip")

    def compare(self, name, exported, expected):
        exported, expected = np.asarray(exported), np.asarray(expected)
        self.assertEqual(len(exported), len(expected), name)
        if expected.dtype.kind in "fiu":
            np.testing.assert_allclose(exported.astype("f8"), expected.astype("f8"), rtol=1e-15, err_msg=name)
        else:
            self.assertEqual(list(exported), list(expected), name)

    def test_tables_are_those_of_xarray(self):
        apart = ("summary", "provenance", "objectives")  # quantiles run across; tables of their own
        groups = [name for name in self.groups() if name not in apart and not name.startswith(("hist/", "spans"))]
        self.assertGreater(len(groups), 8)
        for group in groups:
            exported = self.export(group)
            dataset = xarray.open_dataset(self.file, group=group)
            order = [name for name in exported.columns if name in dataset.dims]
            expected = dataset.to_dataframe(dim_order=order).reset_index()
            self.assertEqual(set(exported.columns), set(expected.columns), group)
            for name in exported.columns:
                self.compare(f"{group}/{name}", exported[name], expected[name])

    def test_quantiles_run_across(self):
        exported = self.export("summary")
        self.assertEqual(len(exported), 4 * 3)
        self.assertEqual(list(exported.columns[:4]), ["run", "workload", "variant", "replicate"])
        summary = xarray.open_dataset(self.file, group="summary")
        for quantile in summary["quantile"].values:
            expected = summary["latency_quantile"].sel(quantile=quantile).values.ravel()
            self.compare(f"latency_quantile[{quantile}]", exported[f"latency_quantile[{quantile:g}]"], expected)

    def test_ragged_rows_carry_their_labels(self):
        exported = self.export("hist/latency")
        histogram = xarray.open_dataset(self.file, group="hist/latency")
        sizes = histogram.row_size.values.astype(int)
        runs, calls = np.meshgrid(histogram.run, histogram.call, indexing="ij")
        self.compare("run", exported["run"], np.repeat(runs.ravel(), sizes.ravel()))
        self.compare("call", exported["call"], np.repeat(calls.ravel(), sizes.ravel()))
        variants = np.broadcast_to(histogram.variant.values[:, None], sizes.shape)
        self.compare("variant", exported["variant"], np.repeat(variants.ravel(), sizes.ravel()))
        for name in ("bucket_lower", "bucket_upper", "count"):
            self.compare(name, exported[name], histogram[name])

    def test_spans_repeat_their_request(self):
        exported = self.export("spans")
        self.assertEqual(list(exported["request"]), [0, 0, 2, 2, 2])
        self.assertEqual(list(exported["visit"]), [0, 1, 2, 3, 4])

    def test_provenance_is_a_list(self):
        exported = self.export("provenance")
        self.assertEqual(list(exported.columns), ["name", "index", "value"])
        inputs = exported[exported["name"] == "input_sha256"]
        self.assertEqual(list(inputs["value"]), ["input_sha256 0", "input_sha256 1"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
