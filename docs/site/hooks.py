"""Hooks of the site: pages that lie elsewhere in the repository, links to them, and nothing from other hosts.

In the repository a link is relative to the file that it is in, so that it works on the repository's host. MkDocs knows
the files of docs/ alone. These hooks add the pages of `ELSEWHERE` to the site and point links at them. A link to any
other file of the repository, and a resource that a page would load from another host, is a warning: with ``--strict``
it ends the build.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).resolve().parents[2]

#: Pages outside docs/, each at the same place on the site.
ELSEWHERE = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "specs/README.md")

#: Code, which stays as it is, or the target of a link with its anchor.
_CODE_OR_LINK = re.compile(
    r"(?P<code>^(?P<fence>```+).*?^(?P=fence)|`[^`\n]+`)|(?<=\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))",
    re.MULTILINE | re.DOTALL,
)
_OUTSIDE = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=[\"']?((?:https?:)?//[^\"' >]+)")

log = logging.getLogger("mkdocs.hooks")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie elsewhere."""
    for name in ELSEWHERE:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Point the links at pages of the site."""
    here = page.file.src_uri
    folder = posixpath.dirname(here if here in ELSEWHERE else f"docs/{here}")

    def on_the_site(found: re.Match[str]) -> str:
        target = found["target"]
        if target is None or re.match(r"[a-z]+:", target):
            return found[0]
        place = posixpath.normpath(posixpath.join(folder, target))
        # the front page of the site has what README.md has
        uri = "index.md" if place == "README.md" else place if place in ELSEWHERE else place.removeprefix("docs/")
        if uri == place and place not in ELSEWHERE:
            log.warning("%s links to %s, which is no page of the site", here, place)
            return found[0]
        return posixpath.relpath(uri, posixpath.dirname(here) or ".") + (found["anchor"] or "")

    return _CODE_OR_LINK.sub(on_the_site, markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG001
    """See that the page loads nothing from another host."""
    for url in _OUTSIDE.findall(output):
        log.warning("%s would load %s", page.file.src_uri, url)
    return output
