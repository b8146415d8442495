"""What stands in an element of a page, by the standard library's parser."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "hr", "input"}


class _Reader(HTMLParser):
    """Collects the text, the tags and the rows of the elements whose identifier or tag is asked for."""

    def __init__(self, sought: str) -> None:
        super().__init__()
        self.sought, self.depth = sought, 0
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth == 0 and (dict(attrs).get("id") == self.sought or tag == self.sought):
            self.found.append("")
            self.depth = 1
        elif self.depth and tag not in VOID:
            self.depth += 1
        if self.depth:
            self.tags.append(tag)
            self.found[-1] += "\n" if tag in ("tr", "p", "li") else "\t" if tag in ("td", "th") else ""

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1 if self.depth else 0

    def handle_data(self, data: str) -> None:
        if self.depth:
            self.found[-1] += data


def texts_in(page: str, sought: str) -> list[str]:
    """Text of each element with this identifier or tag."""
    return _read(page, sought).found


def tags_in(page: str, sought: str) -> list[str]:
    """Tags in the elements with this identifier or tag, in order."""
    return _read(page, sought).tags


def rows_in(page: str, table: str) -> list[list[str]]:
    """Cells of each row of a table, its heading first."""
    (text,) = texts_in(page, table)
    lines = (line for line in text.split("\n") if line.startswith("\t"))
    return [[cell.strip() for cell in line.split("\t")[1:]] for line in lines]


def _read(page: str, sought: str) -> _Reader:
    reader = _Reader(sought)
    reader.feed(page)
    return reader
