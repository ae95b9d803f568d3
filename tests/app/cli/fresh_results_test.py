"""A results file as the program has just written it opens in every reader, and what its groups say agrees.

Goal: the README's line, the examples of docs/results-format.md, both engines of xarray, h5py and ncdump work on the quick start's
own file; figures that stand in several groups are the same in each.
Method: a short quick start under the name that the README gives; its code is taken from the pages and run as it stands. The sums
are recomputed with NumPy.
"""

import os
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest

import h5py
import numpy as np
import xarray

SOURCE = sys.argv.pop(1)
PROGRAM = sys.argv.pop(1)
VARIANTS = ["iptables", "ipvs"]
REPLICATES = 2


def page(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


class FreshResults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.before = os.getcwd()
        os.chdir(cls.folder.name)
        sets = ["run.duration=1s", "run.warmUp=200ms", f"run.replicates={REPLICATES}", "workloads.browse.timeout=4ms",
                "workloads.browse.retries=1", "slo=[]"]
        arguments = [word for text in sets for word in ("--set", text)]
        done = subprocess.run([PROGRAM, "run", os.path.join(SOURCE, "configs/quickstart.yaml"), "-q", "--variant",
                               ",".join(VARIANTS), *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.file = "results/quickstart.h5"
        with h5py.File(cls.file) as f:
            cls.groups = [name for name in cls.all_groups(f) if any(isinstance(x, h5py.Dataset) for x in f[name].values())]

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.before)
        cls.folder.cleanup()

    @staticmethod
    def all_groups(f):
        names = []
        f.visititems(lambda name, thing: names.append(name) if isinstance(thing, h5py.Group) else None)
        return names

    def group(self, name):
        with xarray.open_dataset(self.file, group=name) as dataset:
            return dataset.load()

    def test_the_readmes_line_gives_a_row_for_each_run_and_quantile(self):
        line = re.search(r'`(xarray\.open_dataset\("results/quickstart\.h5".*?)`', page("README.md")).group(1)
        table = eval(line, {"xarray": xarray})  # pylint: disable=eval-used
        self.assertEqual(list(table["variant"].unique()), VARIANTS)
        self.assertEqual(len(table), len(VARIANTS) * REPLICATES * len(table.index.unique("quantile")))
        self.assertTrue((table["latency_quantile"] > 0).all())

    def test_the_examples_of_the_format_page_run(self):
        blocks = re.findall(r"```python\n(.*?)```", page("docs/results-format.md"), re.DOTALL)
        self.assertGreaterEqual(len(blocks), 2)
        names = {}
        for block in blocks:  # as one session, in the page's order
            exec(textwrap.dedent(block), names)  # pylint: disable=exec-used
        self.assertGreater(names["end"], 20)
        histogram = self.group("hist/latency")
        times = np.sort(np.repeat((histogram.bucket_lower + histogram.bucket_upper).values / 2, histogram["count"].values))
        self.assertEqual(names["p99"], times[int(np.ceil(0.99 * len(times))) - 1])

    def test_every_group_opens_in_every_reader(self):
        self.assertGreaterEqual(len(self.groups), 12)
        header = subprocess.run(["ncdump", "-h", self.file], check=True, capture_output=True, text=True).stdout
        for name in self.groups:
            with h5py.File(self.file) as f:
                for dataset in f[name].values():
                    if isinstance(dataset, h5py.Dataset):
                        dataset[()]
            one, other = (xarray.open_dataset(self.file, group=name, engine=e).load() for e in ("netcdf4", "h5netcdf"))
            self.assertTrue(one.equals(other), name)
            self.assertIn(f"group: {name.rpartition('/')[2]} {{", header)

    def test_requests_add_up(self):
        summary = self.group("summary")
        ended = sum(summary[f"requests_{how}"] for how in ("ok", "error", "timeout", "unfinished"))
        np.testing.assert_array_equal(summary.requests_sent, ended)
        self.assertGreater(int(summary.requests_timeout.sum()), 0, "nothing timed out: less is tested than is meant")

    def test_the_steps_of_all_requests_sum_to_their_latency(self):
        summary, walk = self.group("summary"), self.group("walk")
        ended = summary.requests_ok + summary.requests_timeout
        np.testing.assert_array_equal(walk.requests, ended)
        times = (walk.service_time + walk.wait_time).sum("step")
        # Latencies are of those that ended well, in nanoseconds, cut; the others were given up after two attempts of 4 ms.
        self.assertEqual(int(summary.requests_error.sum()), 0)
        least = summary.latency_sum + summary.requests_timeout * 8e-3
        self.assertTrue((times >= least - 1e-9).all())
        self.assertTrue((times <= least + summary.latency_n * 1e-9 + 1e-9).all())

    def test_no_packet_was_lost_so_nothing_was_recovered(self):
        self.assertEqual(int(self.group("drops").packets.sum()), 0)
        waits = self.group("walk").wait_time.sum(("run", "workload"))
        self.assertEqual(float(waits.sel(step="wait.recovery")) if "wait.recovery" in waits.step else 0, 0)
        self.assertGreater(float(waits.sel(step="wait.timeout")), 0)

    def test_the_bands_of_split_sum_to_their_latency(self):
        split = self.group("split")
        np.testing.assert_allclose((split.service_time + split.wait_time).sum("step"), split.latency, rtol=1e-9)

    def test_histograms_hold_what_the_summary_counts(self):
        summary, histogram = self.group("summary"), self.group("hist/latency")
        ends = np.cumsum(histogram.row_size.values.ravel())
        buckets = histogram["count"].values
        counts = np.array([buckets[end - size:end].sum() for end, size in zip(ends, histogram.row_size.values.ravel())])
        in_full = counts > 0  # of the workloads' own calls, and of those that an objective is about
        np.testing.assert_array_equal(counts[in_full], histogram.time_n.values.ravel()[in_full])
        own = histogram.row_size.copy(data=counts.reshape(histogram.row_size.shape)).sel(call=summary.workload.values)
        np.testing.assert_array_equal(own, summary.latency_n)
        np.testing.assert_array_equal(summary.latency_n, summary.requests_ok)
        calls = self.group("calls")
        np.testing.assert_array_equal(calls.ok, histogram.time_n)
        np.testing.assert_array_equal(calls.part_latency_n.sum("part"), calls.ok)
        np.testing.assert_array_equal(calls.requests, calls.ok + calls.errors + calls.timeouts + calls.unfinished)

    def test_endpoints_receive_what_their_service_is_asked(self):
        service, endpoint = self.group("service"), self.group("endpoint")
        for name in service.service.values:
            # A Deployment here has the name of its Service.
            share = endpoint.share.where(endpoint["workload"] == name, drop=True).sum("endpoint")
            np.testing.assert_allclose(share, 1, rtol=1e-12)
        # Attempts of the measured window: those of the warm-up, a fifth more here, are left out; retries come on top. An
        # attempt that nobody took up before the end is not there.
        received = endpoint.attempts.where(endpoint["workload"] == "default/cart", drop=True).sum("endpoint")
        asked = service.requests.sel(service="default/cart").sum("exposure")
        self.assertTrue((abs(received - asked) <= 0.02 * asked).all(), f"{received.values} {asked.values}")


if __name__ == "__main__":
    unittest.main()
