"""Documentation as plain pages: the API from its own OpenAPI document, and the kinds of problems. No scripts."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from tailorbird.web.problems import KINDS, Kind

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733;background:#fff}
h1,h2,h3{line-height:1.25}h2{margin-top:2.5rem;border-bottom:1px solid #d5dde5;padding-bottom:.3rem}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#f1f4f7;border-radius:4px}code{padding:.1em .3em}
pre{padding:.8rem;overflow:auto}pre code{padding:0}details{border:1px solid #d5dde5;border-radius:6px;margin:.6rem 0}
summary{cursor:pointer;padding:.5rem .8rem}details>div{padding:0 .8rem .8rem}
.m{display:inline-block;min-width:4.2em;font-weight:600}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #e6ebf0}
a{color:#0b5cad}@media(prefers-color-scheme:dark){body{background:#11161c;color:#dfe7ee}code,pre{background:#1d252e}a{color:#7db8f0}
h2,details,th,td{border-color:#2d3843}}
"""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def _whole(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body>{body}</body></html>"
    )


def _prose(text: str) -> str:
    """Paragraphs with code between backticks."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return "".join(f"<p>{part}</p>" for part in marked.split("\n\n"))


def _inline(text: str) -> str:
    return _prose(text).removeprefix("<p>").removesuffix("</p>")


def _json(value: Any) -> str:
    return f"<pre><code>{escape(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())}</code></pre>"


def api_page(document: dict[str, Any]) -> str:
    """The OpenAPI document as a page."""
    parts = [f"<h1>Tailorbird API {escape(document['info']['version'])}</h1>", _prose(document["info"]["description"])]
    parts.append('<p><a href="/openapi.json">OpenAPI document</a> · <a href="/docs/errors">Errors</a></p>')
    shared = document["components"]["responses"]
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2>")
        for path, methods in document["paths"].items():
            parts += [_operation(path, m, o, shared) for m, o in methods.items() if tag["name"] in o["tags"]]
    parts.append('<h2 id="schemas">Schemas</h2>')
    parts += [_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    return _whole("Tailorbird API", "".join(parts))


def _operation(path: str, method: str, told: dict[str, Any], shared: dict[str, Any]) -> str:
    parts = [_prose(told["description"])]
    if rows := "".join(_parameter(parameter) for parameter in told.get("parameters", ())):
        parts.append(f"<h4>Parameters</h4><table>{rows}</table>")
    for media, content in told.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h4>Body: {escape(media)}</h4><p>{_type(content['schema'])}</p>")
        parts += [_json(example["value"]) for example in content.get("examples", {}).values()]
    rows = "".join(
        f"<tr><td>{status}</td><td>{_inline(answer['description'])}</td>"
        f"<td>{''.join(_type(c['schema']) for c in answer.get('content', {}).values())}</td></tr>"
        for status, answer in ((s, shared[s] if "$ref" in a else a) for s, a in told["responses"].items())
    )
    parts.append(f"<h4>Answers</h4><table>{rows}</table>")
    head = f'<span class="m">{method.upper()}</span> <code>{escape(path)}</code> {_inline(told["summary"])}'
    return f'<details id="{escape(told["operationId"])}"><summary>{head}</summary><div>{"".join(parts)}</div></details>'


def _parameter(told: dict[str, Any]) -> str:
    needed = "required" if told["required"] else "optional"
    return (
        f"<tr><td><code>{escape(told['name'])}</code></td><td>{escape(told['in'])}, {needed}</td>"
        f"<td>{_type(told['schema'])}</td><td>{_inline(told['description'])}</td></tr>"
    )


def _schema(name: str, schema: dict[str, Any]) -> str:
    needed = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(member)}</code>{' *' if member in needed else ''}</td><td>{_type(told)}</td>"
        f"<td>{_inline(told.get('description', ''))}</td></tr>"
        for member, told in schema.get("properties", {}).items()
    )
    story = _prose(schema.get("description", "").replace("``", "`"))
    return (
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"<div>{story}<table>{rows}</table></div></details>"
    )


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words, with links to the structs in it."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(part) for part in schema["anyOf"])
    if "enum" in schema:
        return " · ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {_type(schema['items'])}" if schema.get("items") else "list"
    return escape(kind)


def errors_page() -> str:
    """Every kind of problem, as a page; the ``type`` of a problem leads to its place here."""
    parts = ["<h1>Errors</h1>", _prose(_STORY)]
    for kind in KINDS:
        parts.append(
            f'<h2 id="{kind.slug}">{kind.status} {escape(kind.title)}</h2>{_prose(kind.meaning)}{_prose(kind.remedy)}'
        )
    return _whole("Tailorbird: errors", "".join(parts))


_STORY = (
    "Every error is a problem document (RFC 9457, `application/problem+json`). `type` names the kind and leads to its "
    "description, `title` is the same for all of a kind, `detail` is about this one, and `errors` lists each field "
    "that is wrong with what was `expected` and what was `got`.\n\nThe decisions of `/v1/decide` and the events of "
    "`/v1/events` are judged one by one: what is wrong with one of them stands beside the others, in the answer."
)


def errors_text() -> str:
    """The same for docs/errors.md."""
    return f"# Errors\n\n{_STORY}\n\n" + "\n".join(_section(kind) for kind in KINDS)


def _section(kind: Kind) -> str:
    return f"## {kind.slug}\n\n**{kind.status} {kind.title}.** {kind.meaning}\n\n{kind.remedy}\n"


def main() -> None:
    """Write docs/errors.md, or the path that is named."""
    Path(sys.argv[1] if len(sys.argv) > 1 else "docs/errors.md").write_text(errors_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
