"""Hides secrets that stand in plain text within a text, which stays readable, and knows them by name and by form."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "(hidden)"

_ANYWHERE = ("password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "webhook")
_WHOLE_WORDS = frozenset({"key", "keys", "pwd", "pass", "auth", "authorization", "dsn"})
_POINTERS = frozenset({"file", "path", "dir", "name", "namespace", "ref"})
"""A name that ends so (``DB_PASSWORD_FILE``) says where the secret is, not what it is."""

_SURE = ("password", "passwd", "passphrase", "secret", "apikey")
"""What is a secret even where people write it for people: ``password: swordfish``."""
_DOUBTFUL = frozenset({"key", "keys", "auth"})
"""What these name in JSON is one by its looks alone."""
_PLAIN = frozenset({"", "null", "none", "nil", "true", "false", "on", "off", "yes", "no", "enabled", "disabled"})
"""Values that are no secret, whatever they are called."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_BARE = re.compile(r"(?!.*eyJ)[\w./@-]*+")
"""A word in which nothing can be hidden, as most texts of an object are."""
_NAMED = re.compile(r"(?<![\w.-])(?P<name>[\w.-]++)(?P<quote>\\*[\"'])?(?P<sign>\s*[=:]\s*)")
_VALUE = re.compile(
    r"(?P<open>\\+[\"']).*?(?:(?<!\\)(?P=open)|\Z)"  # JSON within a text of JSON
    r"|\"(?:[^\"\\]++|\\.?)*+(?:\"|\Z)|'[^']*(?:'|\Z)"  # the end of a text that was cut ends it, too
    r"|\[[^\[\]{}]*\]"
    r"|(?:[^\s&;,\"']|,(?=[^\s,\"'])(?![\w.-]*+\\*[\"']?\s*[=:]))+",
    re.DOTALL,
)
_NESTED = re.compile(r"[\[\s]*\{\s*\\*[\"'}]")
_CLOSING = {")": "(", "]": "[", "}": "{", ">": "<"}
_LIKELY = re.compile(r"(?<![A-Za-z0-9])(?:(?=[A-Za-z]+\d)[A-Za-z0-9]{7,}|(?=\d+[A-Za-z])[A-Za-z0-9]{12,})|\w[!#$^*]+\w")
"""A word that nobody writes into a sentence: ``hunter22`` and ``4f1c9e7ab012``, not ``503s`` or ``us-east-1``."""
_BEARER = re.compile(r"(?i)\b(?P<scheme>bearer|basic)\s+(?P<value>[\w.~+/=-]+)")
_LONG = 16
"""Characters from which on the word after ``Basic`` is none of a sentence."""
_USERINFO = re.compile(r"(?<![\w+.-])(?P<scheme>[\w+.-]++://)(?P<user>[^\s/:@\"]*):(?P<password>[^\s/\"]*)@")
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_HOOK = re.compile(
    r"(?P<head>https?://(?:hooks\.[\w.-]+/|[\w.-]+\.webhook\.office\.com/"
    r"|[\w.:-]+/(?:[\w.-]+/){0,3}?(?:hooks/|api/webhooks/|bot(?=\d+:))))(?!\(hidden)[^\s\"'\\<>|)\]}]+"
)
"""An address that is a secret as a whole: whoever has it may post (Slack, Discord, Teams, Mattermost, Telegram)."""
_COOKIE = re.compile(
    r"(?i)(?P<head>\bcookies?\\*[\"']?\s*[=:]\s*[\[{(]?\\*[\"']?)"
    r"(?P<cookies>[\w.$-]+=[^\s;,\"'\\]*(?:;\s*[\w.$-]+(?:=[^\s;,\"'\\]*)?)*)"
)
_COOKIE_VALUE = re.compile(r"=[^;]*")
_FLAGGED = re.compile(
    r"(?P<flag>(?<![^\s'\"])-{1,2}[A-Za-z][\w.-]*)(?P<gap>\s+)(?P<value>\"[^\"]*\"|'[^']*'|[^\s\-'\"][^\s'\"]*)"
)


def secret_name(name: str) -> bool:
    """Whether a variable, flag or key of this name is likely to hold a secret.

    ``DB_PASSWORD``, ``apiKey`` and ``GITHUB_TOKEN`` are; ``KEYCLOAK_URL`` and ``TLS_KEY_FILE`` are not.
    """
    words = _words(name)
    if not words or words[-1] in _POINTERS:
        return False
    joined = "".join(words)
    return any(part in joined for part in _ANYWHERE) or not _WHOLE_WORDS.isdisjoint(words)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def mask_text(text: str, *, prose: bool = False) -> str:
    """Hide passwords of URLs, webhooks' addresses, bearer and JSON web tokens, cookies, ``name=value`` (also of JSON)
    and ``--name value`` of a secret's name.

    In `prose` people write for people: ``auth: 503s since 03:10`` names no secret, ``auth: hunter2xyz`` does.
    """
    if _BARE.fullmatch(text):
        return text
    if "://" in text:
        text = _HOOK.sub(rf"\g<head>{HIDDEN}", _USERINFO.sub(rf"\g<scheme>\g<user>:{HIDDEN}@", text))
    text = _BEARER.sub(_hide_likely_bearer if prose else rf"\1 {HIDDEN}", text)
    if "eyJ" in text:
        text = _JWT.sub(HIDDEN, text)
    if "=" in text:
        text = _COOKIE.sub(_hide_cookies, text)
    return _FLAGGED.sub(_hide_flagged, _hide_assigned(text, prose))


def _hide_likely_bearer(found: re.Match[str]) -> str:
    likely = len(found["value"]) >= _LONG or _LIKELY.search(found["value"])
    return f"{found['scheme']} {HIDDEN}" if likely else found[0]


def _hide_cookies(found: re.Match[str]) -> str:
    return found["head"] + _COOKIE_VALUE.sub(f"={HIDDEN}", found["cookies"])


def _hide_assigned(text: str, prose: bool) -> str:
    parts: list[str] = []
    done = 0
    for found in _NAMED.finditer(text):
        # What follows the name of no secret may hold an assignment itself: ``note: token=…``, ``url: //host/?token=…``.
        if found.start() < done or not secret_name(found["name"]) or _is_no_assignment(found):
            continue
        value = _VALUE.match(text, found.end())
        if value is None or _NESTED.match(text, found.end()) or _leads_on(found, value):
            continue
        opening = re.match(r"\\*[\"']?", value[0])
        quote = opening[0] if opening is not None and opening[0][-1:] in ("'", '"') else ""
        end = value.end() if quote else value.start() + _length(value[0])
        said = text[value.start() + len(quote) : end].removesuffix(quote)
        if said.lower() in _PLAIN or not _counts(found, said, prose):
            continue
        kept = (quote or found["quote"]) if found["quote"] else ""  # JSON stays JSON
        parts += text[done : value.start()], kept, HIDDEN, kept
        done = end
    return "".join((*parts, text[done:]))


def _is_no_assignment(found: re.Match[str]) -> bool:
    image = found["sign"] == ":" and not found["quote"] and found.string[: found.start()].endswith("/")
    return image or found.string.startswith("//", found.end())  # registry/auth:2.4.0, token://host


def _leads_on(found: re.Match[str], value: re.Match[str]) -> bool:
    """Whether another name follows in place of a value, as in ``secret:``, a line below which stands ``user: bob``."""
    inner = _NAMED.match(found.string, found.end())
    if inner is None or inner.end() < value.end():
        return False
    return "\n" in found["sign"] or secret_name(inner["name"])


def _length(value: str) -> int:
    """Of a value without quotes: a bracket that was opened before it, and a quote's backslash, are none of it."""
    end = len(value)
    while end > len(value) - 8 and end:
        last, here = value[end - 1], value[:end]
        if last != "\\" and here.count(last) <= here.count(_CLOSING.get(last, last)):
            break
        end -= 1
    return end


def _counts(found: re.Match[str], value: str, prose: bool) -> bool:
    """Whether a value under a secret's name is one: some names stand for much else in prose and in JSON."""
    if found["quote"]:
        return likely_secret(found["name"], value)
    doubtful = prose and ":" in found["sign"]
    return not doubtful or _named_so(found["name"], (*_SURE, "pwd")) or _LIKELY.search(value) is not None


def likely_secret(name: str, value: str) -> bool:
    """Whether a value under a secret's name in JSON is one: ``key`` and ``auth`` name much else there."""
    sure = (*_ANYWHERE, *(_WHOLE_WORDS - _DOUBTFUL))
    return value.lower() not in _PLAIN and (_named_so(name, sure) or _LIKELY.search(value) is not None)


def _named_so(name: str, parts: Iterable[str]) -> bool:
    words = _words(name)
    joined = "".join(words)
    return any(part in joined if part in _ANYWHERE else part in words for part in parts)


def _hide_flagged(found: re.Match[str]) -> str:
    hidden = HIDDEN if secret_name(found["flag"]) else _FLAGGED.sub(_hide_flagged, found["value"])
    return f"{found['flag']}{found['gap']}{hidden}"
