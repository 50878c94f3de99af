"""Where a browser finds what was tested: the page of a folder at a commit that a remote has."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from jupyter_deployfeedback.release.git import look

_HOST = r"(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"  # with a dot: an alias of ssh has none
_URL = re.compile(rf"(?P<scheme>https?|ssh|git)://(?:[^@/]*@)?{_HOST}(?P<port>:[0-9]+)?/(?P<path>.+)")
_SCP = re.compile(rf"(?:[^@/:]+@)?{_HOST}:(?!/)(?P<path>.+)")


def commit_page(folder: Path, sha: str) -> str | None:
    """Return ``https://HOST/ORG/REPOSITORY/blob/SHA/FOLDER/``, None where no remote is known to have the commit.

    No remote is asked: what was fetched or pushed last says what it has. Remotes without a web address have no page.
    """
    asked = ("--count=1", "--contains", sha, "--format=%(refname:lstrip=2)", "refs/remotes")
    answer = look(folder, "for-each-ref", *asked)
    if answer.code != 0 or not answer.text:
        return None
    names = (answer.text.partition("/")[0], "origin")  # a pull request is checked out as refs/remotes/pull/12/merge
    urls = (look(folder, "remote", "get-url", name) for name in names)
    web = next((_web_address(url.text) for url in urls if url.code == 0), None)
    if web is None:
        return None
    prefix = look(folder, "rev-parse", "--show-prefix").text
    return f"{web}/blob/{sha}/{quote(prefix)}"


def _web_address(remote: str) -> str | None:
    """Return the web address of a repository, without user and password, None for what is no server's."""
    found = _URL.fullmatch(remote) or _SCP.fullmatch(remote)
    path = quote(found["path"].strip("/").removesuffix(".git")) if found else ""
    if found is None or not path:
        return None
    parts = found.groupdict()
    web = (parts.get("scheme") or "").startswith("http")
    return f"{parts['scheme'] if web else 'https'}://{parts['host']}{(web and parts['port']) or ''}/{path}"
