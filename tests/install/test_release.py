"""What a release consists of: an archive of the same bytes each time, checksums, a signature that tells a changed file, and
the bill of materials of the build."""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import unittest

BUILD = os.path.dirname(os.path.abspath(os.environ["OTTO"]))
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def run(*command, **options):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)


def commit():
    done = run("git", "-C", ROOT, "rev-parse", "HEAD")
    return done.stdout.strip() if done.returncode == 0 else None


@unittest.skipUnless(commit(), "not a git checkout")
class Release(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def release(self, name, *words, revision=None):
        out = os.path.join(self.folder, name)
        done = run(os.path.join(ROOT, "scripts", "release"), "--revision", revision or commit(), "--output", out, *words)
        return out, done

    def content(self, folder):
        files = {}
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as file:
                files[name] = file.read()
        return files

    def test_the_same_bytes_each_time(self):
        first, done = self.release("first")
        self.assertEqual(done.returncode, 0, done.stderr)
        second, _ = self.release("second")
        self.assertEqual(self.content(first), self.content(second))
        archive = next(n for n in os.listdir(first) if n.endswith(".tar.gz"))
        with tarfile.open(os.path.join(first, archive)) as tar:
            self.assertIn(archive.removesuffix(".tar.gz") + "/scripts/test", tar.getnames())
        self.assertEqual(run("sha256sum", "--check", "SHA256SUMS", cwd=first).returncode, 0)

    @unittest.skipUnless(shutil.which("ssh-keygen"), "needs ssh-keygen (Debian package openssh-client)")
    def test_a_signature_tells_a_changed_file(self):
        key = os.path.join(self.folder, "key")
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        with open(key + ".pub", encoding="utf-8") as file, \
                open(os.path.join(self.folder, "allowed"), "w", encoding="utf-8") as allowed:
            allowed.write("otto " + file.read())
        out, done = self.release("signed", "--sign", key)
        self.assertEqual(done.returncode, 0, done.stderr)

        def verify():
            with open(os.path.join(out, "SHA256SUMS"), "rb") as sums:
                return subprocess.run(["ssh-keygen", "-Y", "verify", "-f", os.path.join(self.folder, "allowed"), "-I", "otto",
                                       "-n", "otto-release", "-s", os.path.join(out, "SHA256SUMS.sig")], stdin=sums,
                                      capture_output=True, check=False).returncode

        self.assertEqual(verify(), 0)
        with open(os.path.join(out, "SHA256SUMS"), "a", encoding="utf-8") as file:
            file.write("0  other\n")
        self.assertNotEqual(verify(), 0)

    def test_what_cannot_be_released(self):
        for words, said in [(("--revision", "no-such-revision"), "is no revision"), (("--sign", "/nowhere"), "cannot be read"),
                            (("--reversion",), "not an option")]:
            done = run(os.path.join(ROOT, "scripts", "release"), "--revision", commit(), "--output", self.folder, *words)
            self.assertEqual(done.returncode, 1)
            self.assertIn(said, done.stderr)


@unittest.skipUnless(shutil.which("dpkg-query"), "needs Debian's package manager")
class BillOfMaterials(unittest.TestCase):
    def test_it_names_what_is_linked(self):
        file = os.path.join(BUILD, "sbom.spdx.json")
        with open(file, encoding="utf-8") as stream:
            bill = json.load(stream)
        names = {p["SPDXID"]: p for p in bill["packages"]}
        self.assertEqual(len(names), len(bill["packages"]))
        for part in ("libpetsc", "libslepc", "libopenmpi", "libhdf5-openmpi", "libmuparser"):
            found = [p for p in names.values() if p["name"].startswith(part)]
            self.assertTrue(found, part)
            version = run("dpkg-query", "-W", "-f", "${Version}\n", found[0]["name"]).stdout.split("\n")[0]
            self.assertEqual(found[0]["versionInfo"], version)
        for relation in bill["relationships"]:
            self.assertIn(relation["relatedSpdxElement"], names)
        again = os.path.join(tempfile.gettempdir(), f"otto-sbom-{os.getpid()}.json")
        self.addCleanup(os.remove, again)
        self.assertEqual(run(os.path.join(ROOT, "scripts", "sbom"), "--build", BUILD, "--output", again).returncode, 0)
        with open(file, "rb") as one, open(again, "rb") as two:
            self.assertEqual(one.read(), two.read())

    def test_without_a_build(self):
        done = run(os.path.join(ROOT, "scripts", "sbom"), "--build", "/nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("build it first", done.stderr)


if __name__ == "__main__":
    unittest.main()
