"""What a visitor does on each page, for the measurements in the browser: where it is, what shows, one simple choice."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tests.pages.conftest import Visitor
from tests.pages.test_cold_pages import ENTRIES, SHOWN, address_of


@dataclass(frozen=True)
class Choice:
    """A choice that one key or two clicks change, back and forth.

    Attributes
    ----------
    kind : 'slider', 'menu' or 'key'
        A slider that takes the arrow keys, a select box, or a key of the whole page.
    name : str
        How the control is called, or the key.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"key {self.name.upper()}" if self.kind == "key" else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class VisitedPage:
    """A page: its title, its path with a query, a text that shows when it is useful, and its choice."""

    title: str
    path: str
    shown: str
    choice: Choice

    @property
    def about_a_star(self) -> bool:
        """Whether it is of use with a star only."""
        return self.title in ("Star", "Explain")


_CHOICES = {
    "Overview": Choice("key", "r"),  # it has no choice: the whole page runs again
    "Star": Choice("menu", "Network"),
    "Spectra": Choice("menu", "Representation"),
    "Simulate": Choice("slider", "Extinction A_V (mag)"),
    "Train": Choice("menu", "Preset"),
    "Compare": Choice("menu", "Quantity"),
    "Evaluate": Choice("slider", "Threshold on the probability"),
    "Explain": Choice("menu", "Members"),
    "Audit": Choice("menu", "Network"),
    "Sky map": Choice("menu", "Colour"),
    "Survey": Choice("menu", "Stars"),
    "Associations": Choice("slider", "min_samples"),
    "Molecules": Choice("menu", "Species"),
}
_QUERIES = {"Compare": "?view=Learning+curves"}
PAGES = tuple(
    VisitedPage(
        entry.title, address_of(entry) + _QUERIES.get(entry.title, ""), SHOWN[entry.title], _CHOICES[entry.title]
    )
    for entry in ENTRIES
)
"""Every page of the menu, in its order."""


def example_star(chromium, address: str) -> str:
    """The Gaia source id of the massive star that Overview offers."""
    visitor = Visitor(chromium.new_page()).open(address).expect("A massive star")
    href = visitor.page.get_by_role("link", name="A massive star").first.get_attribute("href") or ""
    visitor.page.close()
    return href.rpartition("=")[2]


def with_star(pages: Iterable[VisitedPage], source_id: str) -> list[VisitedPage]:
    """The pages, those about a star with that of a source id."""
    name, query = f"Gaia DR3 {source_id}", f"?source_id={source_id}"
    return [replace(page, path=page.path + query, shown=name) if page.about_a_star else page for page in pages]


WATCH = """() => {
    const app = document.querySelector("[data-test-script-state]");
    let acted = 0;
    window.begun = null;
    window.idle = null;
    for (const kind of ["pointerdown", "click", "keydown"])
        document.addEventListener(kind, () => { acted = performance.now(); }, true);
    new MutationObserver((changes) => {
        const state = app.getAttribute("data-test-script-state");
        // a short run may be over before this is called
        if (state === "running" || changes.some((change) => change.oldValue === "running")) window.begun ??= acted;
        if (state === "notRunning" && window.begun !== null) window.idle = performance.now();
    }).observe(app, { attributes: true, attributeOldValue: true, attributeFilter: ["data-test-script-state"] });
}"""
"""Notes the visitor's latest action before a script began to run, and when the latest one had ended."""
FORGET = "() => { window.begun = null; window.idle = null; }"
HAS_RUN = "() => window.idle !== null"
SECONDS = "() => (window.idle - window.begun) / 1000"
