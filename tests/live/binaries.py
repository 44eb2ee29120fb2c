"""Finds or builds the programs of the live stack: control plane from a Go module, monitoring from Debian."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

MODULE = Path(__file__).with_name("controlplane")
COMMANDS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
MONITORING_PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
}
"""Debian's program -> the package that brings it."""


class MissingProgramError(RuntimeError):
    """A program that the live stack needs is absent; the text says what to install."""


def cache() -> Path:
    """The folder of all that is made once."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aurora-tui"


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Whatever is made in the folder, one process makes it: the others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cache_folder(module: Path = MODULE) -> Path:
    """The folder of this very build of a Go module: other sources give another one."""
    digest = hashlib.sha256()
    for source in (module / "go.mod", module / "go.sum", *sorted(module.glob("*.go"))):
        digest.update(source.read_bytes())
    return cache() / f"{module.name}-{digest.hexdigest()[:16]}"


def built(module: Path, product: str, build: Callable[[Path], None]) -> Path:
    """Return the cache folder of a Go module, built when `product`, which is made last, is absent."""
    folder = cache_folder(module)
    with alone(folder):
        if not (folder / product).exists():
            build(folder)
    return folder


def kubernetes_version() -> str:
    """The pinned version, such as `v1.35.4`."""
    found = re.search(r"k8s\.io/kubernetes (v\S+)", (MODULE / "go.mod").read_text())
    if found is None:
        raise MissingProgramError(f"{MODULE / 'go.mod'} requires no k8s.io/kubernetes")
    return found[1]


def control_plane() -> Path:
    """Return the folder with `kubectl`, `etcd`, `kube-apiserver` and the others, built when absent.

    The first build takes about five minutes on two cores; Go's own caches make a later one short.
    """
    return built(MODULE, "controlplane", _build)


def go_run(module: Path, *arguments: str) -> str:
    """Run Go in a module and return what it prints; its complaints go to the terminal."""
    go = shutil.which("go")
    if go is None:
        raise MissingProgramError(
            "the live stack builds the Kubernetes control plane and needs Go >= 1.25: "
            "install it from https://go.dev/dl/ (Debian: apt-get install golang-go from backports)"
        )
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    done = subprocess.run([go, *arguments], cwd=module, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise MissingProgramError(
            f"go {arguments[0]} of {module} failed with status {done.returncode}; its messages are above"
        )
    return done.stdout


def _build(folder: Path) -> None:
    version = kubernetes_version()
    print(f"building the control plane {version} (once, some minutes) ...", file=sys.stderr, flush=True)
    began = time.monotonic()
    major, minor, _ = version.removeprefix("v").split(".", 2)
    stamp = "k8s.io/component-base/version.git"
    flags = f"-s -w -X {stamp}Version={version} -X {stamp}Major={major} -X {stamp}Minor={minor}"
    unfinished = folder / "controlplane.part"
    go_run(MODULE, "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", str(unfinished), ".")
    for name in COMMANDS:
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to("controlplane")
    unfinished.rename(folder / "controlplane")
    print(f"built in {time.monotonic() - began:.0f} s: {folder}", file=sys.stderr, flush=True)


def require_openssl() -> None:
    """Raise MissingProgramError when the command that makes the certificates is absent."""
    if shutil.which("openssl") is None:
        raise MissingProgramError("the live stack makes its certificates with openssl: apt-get install openssl")


def monitoring() -> dict[str, str]:
    """Return the paths of Prometheus, Alertmanager and their tools, installed when absent and root."""
    return installed(MONITORING_PACKAGES)


def installed(packages: Mapping[str, str]) -> dict[str, str]:
    """Return the paths of programs, given by the Debian package that has each; installed when absent and root."""
    missing = _missing(packages)
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        with alone(cache()):
            if found := _missing(packages):
                _install(found)
        missing = _missing(packages)
    if missing:
        raise MissingProgramError(f"the live tests need {' and '.join(missing)}: apt-get install {' '.join(missing)}")
    return {name: str(shutil.which(name)) for name in packages}


def _missing(packages: Mapping[str, str]) -> list[str]:
    return sorted({package for name, package in packages.items() if shutil.which(name) is None})


def _install(packages: Sequence[str]) -> None:
    # Debian starts a service when it installs one, which would take the usual ports of a machine that
    # only wants the programs. RUNLEVEL=1 keeps invoke-rc.d from starting anything.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    print(f"installing {' '.join(packages)} ...", file=sys.stderr, flush=True)
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-q"], install):
        done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise MissingProgramError(f"`{' '.join(command)}` failed with status {done.returncode}")
