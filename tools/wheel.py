"""Install the package as a built wheel, so that notebooks run against what a reader installs, not against the checkout."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools.sections import ROOT

STAMP = Path(sys.prefix) / "nndl-support.sha256"


def package_key(root: Path = ROOT) -> str:
    """Content hash of all that goes into the wheel."""
    files = [path for path in (root / "nndl_support").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    files += [root / name for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-text")]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def install_wheel(root: Path = ROOT) -> bool:
    """Build the wheel and install it into the running environment; do nothing when the installed one is up to date."""
    key = package_key(root)
    if STAMP.is_file() and STAMP.read_text() == key:
        return False
    STAMP.unlink(missing_ok=True)
    folder = root / "build" / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    # No build isolation: hatchling is already installed, and nothing is fetched from the network.
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, root], check=True)
    (wheel,) = folder.glob("nndl_support-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--force-reinstall", wheel], check=True)
    STAMP.write_text(key)
    print(f"wheel: installed {wheel.name}", flush=True)
    return True


if __name__ == "__main__":
    install_wheel()
