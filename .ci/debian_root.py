"""Make a folder with a Python of Debian's and what it links to, and nothing else: no X11, no GLib, no compiler.

    python .ci/debian_root.py 3.15 ROOT [MIRROR]

Packages are unpacked, not installed, so the machine's own stay as they are. ROOT/usr/bin/python3.15 runs by ``chroot``.
"""

import lzma
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

MIRROR = "http://deb.debian.org/debian"
SUITE = "sid"


def index(mirror: str, architecture: str) -> dict[str, dict[str, str]]:
    """What each package of the suite says of itself; a name that several provide stands for the first."""
    with urlopen(f"{mirror}/dists/{SUITE}/main/binary-{architecture}/Packages.xz") as answer:
        text = lzma.decompress(answer.read()).decode()
    found: dict[str, dict[str, str]] = {}
    provided: dict[str, dict[str, str]] = {}
    for paragraph in text.split("\n\n"):
        fields = dict(re.findall(r"^([\w-]+): (.*)$", paragraph, re.MULTILINE))
        if "Package" in fields:
            found[fields["Package"]] = fields
            for name in _names(fields.get("Provides", "")):
                provided.setdefault(name, fields)
    return provided | found


def _names(relation: str) -> list[str]:
    """The first choice of each of the packages that are named."""
    return [re.split(r"[ :(|]", part.strip())[0] for part in relation.split(",") if part.strip()]


def needed(packages: dict[str, dict[str, str]], wanted: list[str]) -> list[dict[str, str]]:
    """These packages and all that they depend on."""
    pending, found = list(wanted), {}
    for name in pending:
        fields = packages.get(name)
        if fields is not None and fields["Package"] not in found:
            found[fields["Package"]] = fields
            pending += _names(fields.get("Depends", "")) + _names(fields.get("Pre-Depends", ""))
    return list(found.values())


def main(version: str, root: Path, mirror: str = MIRROR) -> None:
    """Unpack Python of this version into the folder."""
    architecture = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout
    packages = index(mirror, architecture.strip())
    if f"python{version}" not in packages:
        sys.exit(f"Debian {SUITE} has no Python {version}")
    for folder in ("usr/bin", "usr/lib", "usr/lib64", "usr/sbin", "tmp", "dev", "proc"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        if not (root / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    with tempfile.TemporaryDirectory() as folder:
        for fields in needed(packages, [f"python{version}", "libstdc++6", "ca-certificates"]):
            deb = Path(folder) / "package.deb"
            with urlopen(f"{mirror}/{fields['Filename']}") as answer:
                deb.write_bytes(answer.read())
            subprocess.run(["dpkg-deb", "--extract", deb, root], check=True)
            sys.stdout.write(f"{fields['Package']} {fields['Version']}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
