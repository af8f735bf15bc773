"""What takes long and can be done before a citizen hands in: papers made, sealed, and their bytes brought to disk."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from kiosk.cases import documents
from kiosk.cases.draft import Draft
from kiosk.catalogue.package import ServicePackage
from kiosk.model.page import Page
from kiosk.store.pages import SealedFiles
from sync.protocol.canonical import digest
from sync.protocol.case_file import CaseSealer, PageInfo, PlatformKey
from sync.protocol.suites import suite


@dataclass(frozen=True)
class Prepared:
    """The pages of a draft as its case lists them, and its papers, sealed and staged. ``names``: blob id → file."""

    pages: list[PageInfo]
    sealer: CaseSealer
    names: dict[str, str]


class Preparation:
    """Prepares one draft at a time, while the citizen still reads what is going to be handed in."""

    def __init__(self, files: SealedFiles, key: PlatformKey) -> None:
        self._files, self._key = files, key
        self._hash = suite(key.suite).digest_name
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="prepare")
        self._made_of: tuple[str, str, str, list[Page]] | None = None
        self._made: Future[Prepared] = Future()

    def begin(self, draft: Draft, package: ServicePackage) -> Future[Prepared]:
        """Begin, in a thread of its own. What is being made already is not made again."""
        wanted = draft.case_id, package.id, package.version, list(draft.pages)
        if wanted != self._made_of:
            snapshot = draft.model_copy(update={"pages": wanted[-1]})
            self._made_of, self._made = wanted, self._pool.submit(self._prepare, snapshot, package)
        return self._made

    def of(self, draft: Draft, package: ServicePackage) -> Prepared:
        """What ``begin`` makes of just these pages, at once where it has been made. What went wrong in it is tried
        once more: the room that was set aside has been given meanwhile. Raises ``kiosk.cases.pdf.NotArchived`` or
        OSError."""
        if self.begin(draft, package).exception() is not None:
            self.used()
        try:
            return self.begin(draft, package).result()
        except Exception:
            self.used()  # the next try makes them anew
            raise

    def used(self) -> None:
        """What was prepared has been taken in, as far as it could be: it counts no more."""
        self._made_of, self._made = None, Future()

    def forget(self) -> None:
        """Nobody will hand in what was prepared. Its key goes at once, the files, which are worth nothing without it,
        in their turn."""
        self.used()
        self._pool.submit(self._files.forget_staged)

    def _prepare(self, draft: Draft, package: ServicePackage) -> Prepared:
        self._files.forget_staged()  # of pages that have been changed since
        papers = documents.documents_of(draft, package)
        sealer = CaseSealer(draft.case_id, self._key)
        sealed = dict(sealer.document(material, pdf) for material, pdf in papers.items())
        names = self._files.stage(draft.case_id, sealed)
        return Prepared([self._listed(p) for p in draft.pages], sealer, names)

    def _listed(self, page: Page) -> PageInfo:
        return PageInfo(
            id=page.page_id,
            material=page.material,
            width=page.width,
            height=page.height,
            codes=page.codes,
            digest=page.sha256 if self._hash == "sha256" else digest(page.image, self._hash),
        )
