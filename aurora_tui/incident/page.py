"""The post-mortem as one HTML file that loads nothing from elsewhere: the draft, and pictures of the panes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

_CODE = re.compile(r"(`+)( ?)(.+?)\2\1(?!`)")
_STRONG = re.compile(r"\*\*(.+?)\*\*")
_EMPHASIS = re.compile(r"(?<![\\*])\*(?!\*)(.+?)(?<!\\)\*")
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
code { font: 13px ui-monospace, monospace; background: #eef1f4; padding: 0 .2em; overflow-wrap: anywhere; }
table { border-collapse: collapse; } td, th { border: 1px solid #c8ccd1; padding: .2rem .6rem; text-align: left; }
figure { margin: 1rem 0; } figure svg { width: 100%; height: auto; } figcaption { color: #57606a; }
ul { padding-left: 1.2rem; }
"""


def html(draft: Iterable[str], title: str, pictures: Sequence[tuple[str, str]]) -> str:
    """A page of the draft's Markdown and of pictures, each with its caption and its SVG."""
    body = "\n".join(_blocks(draft))
    figures = "\n".join(
        f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>" for caption, svg in pictures
    )
    shown = f"<h2>The panes</h2>\n{figures}" if figures else ""
    policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    head = f'<meta charset="utf-8">{policy}<title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n{shown}\n</body></html>\n'


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    """Headings, lists of two levels, tables and paragraphs: what the draft is made of."""
    depth, table = 0, False
    for line in lines:
        item = re.fullmatch(r"( {0,2})- (?:\[([ x])\] )?(.*)", line)
        wanted = (2 if item[1] else 1) if item else 0
        while depth > wanted:
            yield "</ul>"
            depth -= 1
        while depth < wanted:
            yield "<ul>"
            depth += 1
        row = line.startswith("|")
        if table != row:
            yield "<table>" if row else "</table>"
            table = row
        if item:
            yield f"<li>{'☑ ' if item[2] == 'x' else '☐ ' if item[2] else ''}{_inline(item[3])}</li>"
        elif row:
            if not re.fullmatch(r"[|\-\s]+", line):
                cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
                yield f"<tr>{''.join(f'<td>{_inline(cell.strip())}</td>' for cell in cells)}</tr>"
        elif heading := re.fullmatch(r"(#{1,3}) (.*)", line):
            level = len(heading[1])
            yield f"<h{level}>{_inline(heading[2])}</h{level}>"
        elif line.strip():
            yield f"<p>{_inline(line)}</p>"
    yield from ["</ul>"] * depth
    if table:
        yield "</table>"


def _inline(text: str) -> str:
    """Code spans as they are, emphasis outside of them; everything is escaped first or last, nothing is markup."""
    parts, end = [], 0
    for span in _CODE.finditer(text):
        parts += [_emphasised(text[end : span.start()]), f"<code>{escape(span[3])}</code>"]
        end = span.end()
    return "".join([*parts, _emphasised(text[end:])])


def _emphasised(text: str) -> str:
    safe = _STRONG.sub(r"<strong>\1</strong>", escape(text))
    return re.sub(r"\\([|*])", r"\1", _EMPHASIS.sub(r"<em>\1</em>", safe)).replace("*", "")
