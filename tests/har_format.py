"""The HTTP archive format 1.2 as a JSON Schema, written after its specification; strict about members."""

from __future__ import annotations

DATE = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"
TEXT, SIZE = {"type": "string"}, {"type": "integer", "minimum": -1}
TIME = {"type": "number", "minimum": 0}


def thing(optional=(), **members):
    """An object with these members, all but the optional ones required; ours begin with an underscore."""
    return {
        "type": "object",
        "required": [name for name in members if name not in {*optional, "comment"}],
        "properties": {**members, "comment": TEXT},
        "patternProperties": {"^_": True},
        "additionalProperties": False,
    }


def many(items):
    return {"type": "array", "items": items}


PAIR = thing(name=TEXT, value=TEXT)
COOKIE = thing(
    ("path", "domain", "expires", "httpOnly", "secure"),
    name=TEXT,
    value=TEXT,
    path=TEXT,
    domain=TEXT,
    expires={"type": ["string", "null"]},
    httpOnly={"type": "boolean"},
    secure={"type": "boolean"},
)
REQUEST = thing(
    ("postData",),
    method={"type": "string", "minLength": 1},
    url={"type": "string", "format": "uri"},
    httpVersion={"type": "string", "minLength": 1},
    cookies=many(COOKIE),
    headers=many(PAIR),
    queryString=many(PAIR),
    postData=thing(("params",), mimeType=TEXT, text=TEXT, params=many(PAIR)),
    headersSize=SIZE,
    bodySize=SIZE,
)
RESPONSE = thing(
    status={"type": "integer", "minimum": 0, "maximum": 599},
    statusText=TEXT,
    httpVersion={"type": "string", "minLength": 1},
    cookies=many(COOKIE),
    headers=many(PAIR),
    content=thing(
        ("text", "encoding", "compression"),
        size={"type": "integer", "minimum": 0},
        mimeType=TEXT,
        text=TEXT,
        encoding={"const": "base64"},
        compression={"type": "integer"},
    ),
    redirectURL=TEXT,
    headersSize=SIZE,
    bodySize=SIZE,
)
ENTRY = thing(
    ("pageref", "serverIPAddress", "connection"),
    pageref=TEXT,
    startedDateTime={"type": "string", "pattern": DATE},
    time=TIME,
    request=REQUEST,
    response=RESPONSE,
    cache=thing(("beforeRequest", "afterRequest"), beforeRequest={}, afterRequest={}),
    timings=thing(
        ("blocked", "dns", "connect", "ssl"),
        **dict.fromkeys(("send", "wait", "receive"), TIME),
        **{name: {"type": "number", "minimum": -1} for name in ("blocked", "dns", "connect", "ssl")},
    ),
    serverIPAddress=TEXT,
    connection=TEXT,
)
SCHEMA = thing(
    log=thing(
        ("browser", "pages"),
        version={"const": "1.2"},
        creator=thing(name=TEXT, version=TEXT),
        browser=thing(name=TEXT, version=TEXT),
        pages=many({}),
        entries=many(ENTRY),
    )
)
