"""A run's folder cannot send this user's keys anywhere: they go where a config or this command line says."""

import os
import tempfile
import unittest.mock

import fd_processes as fd
from fd_job import REFUSED, Job

REFUSED_FOR_SECURITY = 8
FAILED_SAMPLES = 4


class KnownEndpointsTest(Job):
    def setUp(self):
        super().setUp()
        patch = unittest.mock.patch.dict(os.environ, TEAM_KEY="secret")
        patch.start()
        self.addCleanup(patch.stop)

    def run_with_key(self, simulator):
        return self.run_job(simulator, "out", "--set", "gateway.providers.0.api_key_env=TEAM_KEY", expect=FAILED_SAMPLES)

    def test_a_folder_from_elsewhere_gets_no_key(self):
        simulator = self.simulator("--reject-contains", REFUSED)
        run_dir = self.run_with_key(simulator)
        self.command(FAILED_SAMPLES, "resume", run_dir)  # its own
        asked = len(simulator.requests())
        with tempfile.TemporaryDirectory() as state, unittest.mock.patch.object(fd, "STATE") as other:
            other.name = state
            said = self.command(REFUSED_FOR_SECURITY, "resume", run_dir)
            self.assertIn(f"would send the variable TEAM_KEY to {simulator.url}", said)
            self.assertIn("--set gateway.providers.N.base_url=URL", said)
            failed = self.shards_in_state(run_dir, "failed")[0]
            self.assertIn("--gateway FILE", self.command(REFUSED_FOR_SECURITY, "replay", failed, "--fresh"))
            self.assertEqual(len(simulator.requests()), asked)
            self.command(FAILED_SAMPLES, "resume", run_dir, "--set", f"gateway.providers.0.base_url={simulator.url}")
            self.assertGreater(len(simulator.requests()), asked)
            self.command(REFUSED_FOR_SECURITY, "resume", run_dir)  # saying it once is not saying it for good


if __name__ == "__main__":
    unittest.main()
