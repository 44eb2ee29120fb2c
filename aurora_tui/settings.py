"""Settings: the shipped defaults with the user's files merged over them, or every fault in them at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import reduce
from pathlib import Path

from aurora_tui.folders import config_dir, config_home
from aurora_tui.settings_kinds import Section
from aurora_tui.settings_openslo import is_openslo, named_documents
from aurora_tui.settings_schema import Settings, build
from aurora_tui.settings_tree import Branch, Fault, Node, merge, read_documents, read_tree, single

__all__ = ["Fault", "Settings", "SettingsError", "config_dir", "load_settings"]


class SettingsError(Exception):
    """The settings can't be used; `faults` holds every reason, in the order of file and line."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


def load_settings(path: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the shipped files, then the user's, each merged by key over what came before.

    `path` is a file, or a folder of ``*.yaml``, read instead of the user's folder. Files of a folder
    are read in the order of their names; those that begin with an OpenSLO document, and what ``openslo``
    names, add objectives. Raises SettingsError with all faults of all files.
    """
    faults: list[Fault] = []
    shipped = sorted(config_dir().glob("*.yaml"))
    trees: list[Node] = [read_tree(file, faults) for file in shipped]
    openslo: list[Branch] = []
    for file in _user_files(path, environ, faults):
        documents = read_documents(file, faults)
        if is_openslo(documents[0]):
            openslo += documents
        else:
            trees += single(documents, faults)
    tree: Node = reduce(merge, trees)
    if not faults:
        openslo += named_documents(tree, faults)
    if not faults:
        settings = build(Section(tree, "", faults, tree.mark), openslo)
    if faults:
        raise SettingsError(tuple(sorted(faults, key=lambda fault: (fault.file, fault.line, fault.key))))
    return settings


def _user_files(path: Path | None, environ: Mapping[str, str], faults: list[Fault]) -> list[Path]:
    folder = config_home(environ) if path is None else path
    if path is not None and not path.is_dir():
        if path.exists():
            return [path]
        faults.append(Fault(str(path), 0, "", "a settings file or a folder of them", "no such file"))
        return []
    files = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    if path is not None and not files:
        faults.append(Fault(str(path), 0, "", "a folder with *.yaml files", "none in it"))
    return files
