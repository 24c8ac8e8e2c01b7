"""The guard of the server: it lets in the user who has the address, from a page of ours, under our own name.

Another user of the machine lacks the token; another page in the same browser has another Origin, and its requests
carry no cookie (SameSite=Strict); a name that was rebound to this address is another Host.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",  # with no-referrer, browsers send forms with the Origin "null"
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
MAX_QUERY = 4096
"""Bytes of what comes before and after the question mark of an address."""

MAX_BODY = 16_384
"""Bytes of a request."""


_ENTRANCE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0;url=/">
<title>batchhook</title>
<p><a href="/">To the overview</a></p>
"""


class Secrets:
    """The secrets that a browser has to know.

    Args:
        port: that the server listens on.

    Attributes:
        token: of the address that the user is given; exchanged for a cookie.
        form_token: of each form.
        hosts: names under which the server answers.
    """

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(32)
        self.form_token = secrets.token_urlsafe(32)
        self._session = secrets.token_urlsafe(32)
        self.cookie = f"batchhook-{port}"  # browsers send a cookie to all ports of a host
        self.hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})

    def knows_session(self, headers: Headers) -> bool:
        """Return whether a request has the cookie."""
        given = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        return hmac.compare_digest(given.encode(), self._session.encode())

    def knows_form(self, given: str) -> bool:
        """Return whether a form has its token."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self.form_token.encode())

    def admit(self, scope: Scope) -> Response | None:
        """Return the answer to a request with the token: the cookie, and the same address without the token."""
        query = parse_qsl(scope["query_string"].decode("ascii", "replace"))
        given = dict(query).get("token", "")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            return None
        comes_from = Headers(scope=scope).get("sec-fetch-site", "none")
        # A redirect belongs to the page that it began at; from another one, the browser would not send the cookie.
        is_ours = comes_from in {"none", "same-origin"}
        response = RedirectResponse("/", status_code=303) if is_ours else HTMLResponse(_ENTRANCE)
        response.set_cookie(self.cookie, self._session, httponly=True, samesite="strict", path="/")
        return response


class Guard:
    """Lets in who may, and adds the headers of all answers.

    Args:
        app: what is guarded.
        known: what a browser has to know.
    """

    def __init__(self, app: ASGIApp, known: Secrets) -> None:
        self._app = app
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refuse(scope)
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refuse(self, scope: Scope) -> Response | None:
        """Return the answer to a request that does not get in; None for one that does."""
        headers = Headers(scope=scope)
        if refusal := self._refuse_form(scope, headers):
            return refusal
        is_reading = scope["method"] in {"GET", "HEAD"}
        if is_reading and scope["path"] == "/" and (admitted := self._known.admit(scope)):
            return admitted
        if not self._known.knows_session(headers):
            return _refusal(403, "Open the address that `batchhook serve` has printed, with its token.")
        if not is_reading and headers.get("origin", "") != f"http://{headers['host']}":
            return _refusal(403, "This request comes from another page.")
        return None

    def _refuse_form(self, scope: Scope, headers: Headers) -> Response | None:
        """Refuse a request that is not meant for this server, or too large."""
        if headers.get("host", "") not in self._known.hosts:
            return _refusal(421, "Unknown host.")
        if len(scope["query_string"]) > MAX_QUERY or len(scope["path"]) > MAX_QUERY:
            return _refusal(414, "The address is too long.")
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal() or int(length) > MAX_BODY:
            return _refusal(413, "The request is too large.")
        return None


def _refusal(status: int, message: str) -> Response:
    return PlainTextResponse(f"{message}\n", status_code=status)
