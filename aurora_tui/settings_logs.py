"""The settings of where logs are kept and which fields mean what, and of the credentials of signals."""

from __future__ import annotations

import re

from aurora_tui.model.definitions import SIGNALS, Credentials
from aurora_tui.model.logfields import ROLES, LogStore
from aurora_tui.settings_kinds import DURATION, FLAG, TEXT, TEXTS, Section

_INDEX = re.compile(r"-?[^\s,/?#\"<>|\\]+")
_SCHEMES = ("an API key", "a user name and a password", "a token")


def log_store(part: Section) -> LogStore:
    """The section ``logs``."""
    indices = part.required("indices", TEXTS)
    if not indices or not all(_INDEX.fullmatch(index) for index in indices):
        part.fault("indices", 'a list of index patterns such as ["logs-*"]', ", ".join(indices) or "none")
    fields = part.section("fields")
    store = LogStore(
        indices=indices,
        fields={role: fields.required(role, TEXTS) for role in ROLES},
        leave_out=part.optional("leave_out", TEXTS) or (),
        overlap=part.required("overlap", DURATION).total_seconds(),
    )
    for role in ("time", "message", "pod"):
        if not store.fields[role]:
            fields.fault(role, "one field name or more", "none")
    fields.finish()
    part.finish()
    return store


def credentials(part: Section) -> dict[str, Credentials]:
    """The section ``environments.NAME.credentials``: signal -> what proves who we are to it."""
    given = {name: section for name in SIGNALS if (section := part.section_if_given(name))}
    part.finish()
    return {name: _credentials(section) for name, section in given.items()}


def _credentials(part: Section) -> Credentials:
    found = Credentials(
        api_key_file=part.optional("api_key_file", TEXT),
        api_key_env=part.optional("api_key_env", TEXT),
        username=part.optional("username", TEXT),
        password_file=part.optional("password_file", TEXT),
        password_env=part.optional("password_env", TEXT),
        token_file=part.optional("token_file", TEXT),
        token_env=part.optional("token_env", TEXT),
        ca_file=part.optional("ca_file", TEXT),
        insecure=part.optional("insecure", FLAG) or False,
    )
    for name in ("api_key", "password", "token"):
        if getattr(found, f"{name}_file") and getattr(found, f"{name}_env"):
            part.fault(f"{name}_env", f"either {name}_file or {name}_env", "both")
    password = found.password_file or found.password_env
    if bool(found.username) != bool(password):
        part.fault("username", "username together with password_file or password_env", "one of them alone")
    ways = (found.api_key_file or found.api_key_env, found.username, found.token_file or found.token_env)
    told = [words for words, way in zip(_SCHEMES, ways, strict=True) if way]
    if len(told) > 1:
        part.fault("", "one way to sign in", " and ".join(told))
    part.finish()
    return found
