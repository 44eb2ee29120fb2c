"""A real Elasticsearch node: its jars come from Maven, pinned and checked, and it runs on the loopback alone.

`org.elasticsearch:elasticsearch` is the server; `transport-netty4` lets it speak HTTP. Neither the security plugin
nor any other module is published as a jar: what is behind credentials is tested through a proxy that demands them.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.binaries import MissingProgramError, alone, cache, installed
from tests.live.processes import Processes

NODE = Path(__file__).with_name("elasticnode")
READY_SECONDS = 120.0
_JDK = "default-jdk-headless"
_PROGRAMS = {"mvn": "maven", "java": _JDK, "javac": _JDK, "jar": _JDK}
"""Java must be 17 or later, as Debian's is."""
_MODULES = {"transport-netty4": "org.elasticsearch.transport.netty4.Netty4Plugin", "root": "aurora.root.RootPlugin"}
_CONFIG = """\
cluster.name: live
node.name: live
network.host: 127.0.0.1
http.port: 0
transport.port: 0
discovery.type: single-node
node.portsfile: true
cluster.routing.allocation.disk.threshold_enabled: false
"""
_LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The address of a node with nothing in it, in `folder`; it is stopped at the end."""
    jars = node_jars()
    home = folder / "elasticsearch"
    for name in ("config", "plugins", "logs", "tmp"):
        (home / name).mkdir(parents=True)
    (home / "modules").symlink_to(jars / "modules")
    (home / "config" / "elasticsearch.yml").write_text(_CONFIG)
    (home / "config" / "log4j2.properties").write_text(_LOGGING)
    processes = Processes(folder)
    try:
        child = processes.start(
            "elasticsearch",
            [
                _program("java"),
                *("-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", f"-Djava.io.tmpdir={home / 'tmp'}"),
                *(f"-Des.path.home={home}", "-Des.distribution.type=tar", "-Dlog4j2.disable.jmx=true"),
                *("--module-path", str(jars / "lib"), "--add-modules", "ALL-MODULE-PATH,jdk.net"),
                *("-cp", str(jars / "classes"), "ElasticNode", str(home)),
            ],
        )
        processes.wait_until((home / "ready").exists, "the start of Elasticsearch", READY_SECONDS, child)
        yield f"http://{(home / 'logs' / 'http.ports').read_text().split()[0]}"
    finally:
        processes.stop()


def node_jars() -> Path:
    """The folder with the node's jars and classes, fetched and compiled when absent."""
    digest = hashlib.sha256()
    for source in sorted(path for path in NODE.rglob("*") if path.is_file()):
        digest.update(source.read_bytes())
    folder = cache() / f"elasticnode-{digest.hexdigest()[:16]}"
    with alone(folder):
        if not (folder / "made").exists():
            _make(folder)
            (folder / "made").touch()
    return folder


def _make(folder: Path) -> None:
    print("fetching Elasticsearch's jars (once) ...", file=sys.stderr, flush=True)
    for name in ("lib", "modules", "classes", "plugin"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
    library, modules = folder / "lib", folder / "modules"
    fetch = ["-q", "-B", "-f", str(NODE / "pom.xml"), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    _run(_program("mvn"), *fetch, f"-DoutputDirectory={library}")
    _check(library)
    for name, plugin in _MODULES.items():
        (modules / name).mkdir()
        (modules / name / "plugin-descriptor.properties").write_text(
            f"name={name}\nclassname={plugin}\ndescription={name}\nversion={_version()}\n"
            f"elasticsearch.version={_version()}\njava.version=17\nhas.native.controller=false\n"
        )
    for jar in (*library.glob("netty-*.jar"), *library.glob("transport-netty4-*.jar")):
        jar.rename(modules / "transport-netty4" / jar.name)
    compile_ = [_program("javac"), "-nowarn", "-cp", f"{library}/*", "-d"]
    _run(*compile_, str(folder / "classes"), str(NODE / "ElasticNode.java"))
    _run(*compile_, str(folder / "plugin"), str(NODE / "root" / "RootPlugin.java"))
    _run(_program("jar"), "cf", str(modules / "root" / "root.jar"), "-C", str(folder / "plugin"), ".")


def _check(library: Path) -> None:
    """The jars are those that were pinned, and no others."""
    pairs = (line.split() for line in (NODE / "jars.sha256").read_text().splitlines())
    pinned = {name: digest for digest, name in pairs}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in library.glob("*.jar")}
    if found != pinned:
        differing = sorted(name for name in {*found, *pinned} if found.get(name) != pinned.get(name))
        raise MissingProgramError(f"other jars than those of {NODE / 'jars.sha256'}: {', '.join(differing)}")


def _version() -> str:
    found = re.search(r"<elasticsearch.version>(.+?)<", (NODE / "pom.xml").read_text())
    assert found is not None
    return found[1]


def _program(name: str) -> str:
    return installed(_PROGRAMS)[name]


def _run(*command: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise MissingProgramError(f"`{' '.join(command[:2])} …` failed with status {done.returncode}; see above")
