"""A report in the making: words, pictures and facts, until Send makes it a saved report.

All public methods are called on one thread. Pictures are encoded, facts gathered and everything written on lanes,
while the user looks, so that Send has nothing to wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

from client.core import draft_file, facts
from client.core.album import Album
from client.core.attachable import attachable, read
from client.core.claim import Claim
from client.core.errors import Problem
from client.core.events import FactsFound, NotSaved, PictureFailed, PictureReady, Saved
from client.core.manifest import MAX_ATTACHMENTS, MAX_TEXT
from client.core.models import Collector, Encoded, Fact, Flaw, Report, Requester, Shot
from client.core.picture import Picture
from client.core.quiet import Quiet
from client.core.save_problem import save_problem, text_too_long
from client.core.surroundings import Surroundings
from client.core.words import language


class Draft:
    """One report in the making. `claim` keeps other processes off it; it is given up when the draft ends."""

    def __init__(
        self,
        report_id: str,
        via: str,
        around: Surroundings,
        claim: Claim | None,
        earlier: draft_file.Words | None = None,
    ) -> None:
        self.report_id = report_id
        self.is_restored = earlier is not None
        self.is_submitted = False
        self.is_ended = False  # put aside or given up
        self.text = earlier.text if earlier else ""
        self.category = earlier.category if earlier else None
        self.blocking = earlier.blocking if earlier else False
        self._via = via
        self._around = around
        self._claim = claim
        self._album = Album(around.spool.drafts / report_id)
        self._to_encode: list[tuple[int, Shot]] = []
        self._facts: tuple[Fact, ...] = ()
        self._excluded_facts: set[str] = set()
        self._quiet = Quiet(around.disk)  # no encoding, no gathering under way
        self._created_at: datetime | None = None
        self._requester: Requester | None = None
        for picture in earlier.pictures if earlier else ():
            self._album.add(replace(picture, is_earlier=True))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return self._album.all()

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Facts of the machine, and of pictures that are missing or say nothing."""
        return self._facts + self._album.flaw_facts()

    def excluded_facts(self) -> frozenset[str]:
        return frozenset(self._excluded_facts)

    def set_words(self, text: str, category: str | None, blocking: bool) -> None:
        """What the user wrote and chose; kept on disk by itself."""
        if self._is_closed or (text, category, blocking) == (self.text, self.category, self.blocking):
            return
        self.text, self.category, self.blocking = text, category, blocking
        self._autosave()

    def add_shots(self, shots: Sequence[Shot]) -> None:
        """Take shots in, and start to encode them."""
        self.take_in(shots)
        self.encode()

    def take_in(self, shots: Sequence[Shot]) -> None:
        """Make shots pictures of this report. They are encoded from `encode` on, at the latest from `submit` on."""
        for shot in shots:
            picture = self._album.add(
                Picture(
                    id=0,
                    name=f"display-{shot.display.number}.png",
                    taken_at=shot.taken_at,
                    display=shot.display,
                    flaw=shot.flaw,
                    has_pixels=shot.pixels is not None,
                    is_included=shot.pixels is not None,
                )
            )
            if shot.pixels is not None:
                self._to_encode.append((picture.id, shot))

    def encode(self) -> None:
        """Start encoding; PictureReady or PictureFailed follows for each shot with pixels."""
        waiting, self._to_encode = self._to_encode, []
        for (picture_id, shot), lane in zip(waiting, cycle(self._around.encoders), strict=False):
            self._quiet.begin()
            lane.put(lambda one=picture_id, shot=shot: self._store(one, lambda: self._around.encode(shot)))  # type: ignore[misc]

    def add_file(self, path: Path) -> Picture:
        """Attach a copy of a file; PictureReady or PictureFailed follows.

        Raises DeskbellError, in words, where it cannot be read or is too large.
        """
        picture = self._album.add(attachable(path, room=MAX_ATTACHMENTS - len(self.pictures)))
        self._quiet.begin()
        self._around.disk.put(
            lambda: self._store(picture.id, lambda: Encoded(read(path), picture.media_type, path.suffix))
        )
        return picture

    def include(self, picture_id: int, is_included: bool) -> None:
        """Tick or untick a picture."""
        if not self._is_closed:
            self._album.change(picture_id, is_included=is_included)
            self._autosave()

    def include_fact(self, key: str, is_included: bool) -> None:
        """Tick or untick a fact."""
        if not self._is_closed:
            (self._excluded_facts.discard if is_included else self._excluded_facts.add)(key)

    def gather(self, collectors: Sequence[Collector]) -> None:
        """Collect facts; FactsFound follows."""
        self._quiet.begin()

        def job() -> None:
            try:
                self._requester = self._around.requester()
                self._facts = facts.gather(collectors, off=self._around.facts_off)
                self._around.on_event(FactsFound(self.report_id, self.facts))
            finally:
                self._quiet.end()

        self._around.collecting.put(job)

    def submit(self) -> None:
        """Send. Saved or NotSaved follows; however often it is called, it is one report."""
        if not self._is_closed:
            self.is_submitted = True
            self.encode()
            self._around.disk.drop(self._autosave_key)
            self._quiet.once(self._save)

    def put_aside(self) -> None:
        """Keep words and added attachments for the next time; pictures are of a moment that has passed and go."""
        if not self._is_closed:
            attached = any(picture.display is None for picture in self.pictures)
            keep_words = bool(self.text.strip() or self.category or self.blocking or attached)
            if keep_words:
                self._autosave()  # at once: the program may end before the encoders do
            self._end(keep_words=keep_words)

    def discard(self) -> None:
        """Give the draft up, words and pictures."""
        if not self._is_closed:
            self._end(keep_words=False)

    @property
    def _is_closed(self) -> bool:
        return self.is_submitted or self.is_ended

    @property
    def _autosave_key(self) -> str:
        return f"draft.{self.report_id}"

    def _end(self, *, keep_words: bool) -> None:
        self.is_ended = True
        self._to_encode.clear()

        def job() -> None:
            spool = self._around.spool
            with suppress(OSError):
                if keep_words:
                    attached = tuple(one for one in self.pictures if one.display is None and one.stored)
                    words = draft_file.Words(self.text, self.category, self.blocking, attached)
                    draft_file.write(spool.open_draft(self.report_id), words)
                    spool.prune_draft(self.report_id, {one.sha256 for one in attached if one.sha256})
                else:
                    spool.drop_draft(self.report_id)
            if self._claim:
                self._claim.release(remove=True)

        if not keep_words:
            self._around.disk.drop(self._autosave_key)
        self._quiet.once(job)

    # on lanes

    def _store(self, picture_id: int, encode: Callable[[], Encoded]) -> None:
        try:
            encoded = encode()
            self._album.keep(picture_id, encoded)
            self._around.on_event(PictureReady(self.report_id, picture_id, len(encoded.data)))
            self._autosave()
        except Exception:  # out of memory, a broken encoder: the report goes on without this picture
            self._album.change(picture_id, flaw=Flaw.FAILED, has_pixels=False, is_included=False)
            self._around.on_event(PictureFailed(self.report_id, picture_id))
        finally:
            self._quiet.end()

    def _autosave(self) -> None:
        if self._is_closed:
            return

        def job() -> None:
            words = draft_file.Words(self.text, self.category, self.blocking, self.pictures)
            with suppress(OSError):  # Send says so, in words; typing goes on
                draft_file.write(self._around.spool.open_draft(self.report_id), words)

        self._around.disk.put(job, key=self._autosave_key)

    def _refuse(self, problem: Problem) -> None:
        self.is_submitted = False
        self._around.on_event(NotSaved(self.report_id, problem))

    def _save(self) -> None:
        if len(self.text.strip()) > MAX_TEXT:  # cut, it would not be what the user approved
            self._refuse(text_too_long())
            return
        self._created_at = self._created_at or datetime.now(UTC)
        try:
            self._album.write_rest()
            self._around.spool.open_draft(self.report_id)
            self._around.spool.commit(self._report(self._created_at))
        except Exception as error:
            self._refuse(save_problem(error))
            if isinstance(error, OSError):
                return
            raise  # a fault of ours: the panel goes on, and the lane reports it
        if self._claim:
            self._claim.release()
        self._around.on_event(Saved(self.report_id))
        self._around.on_saved()

    def _report(self, created_at: datetime) -> Report:
        return Report(
            report_id=self.report_id,
            created_at=created_at,
            text=self.text.strip(),
            category=self.category,
            blocking=self.blocking,
            via=self._via,
            language=language(),
            client=self._around.client,
            requester=self._claimed(),
            facts=tuple(fact for fact in self.facts if fact.key not in self._excluded_facts),
            attachments=self._album.attachments(),
        )

    def _claimed(self) -> Requester:
        """Who reports, without what the user unticked or IT switched off."""
        requester = self._requester or self._around.requester()
        kept_back = self._excluded_facts | self._around.facts_off
        return Requester(
            name="" if "user" in kept_back else requester.name,
            user="" if "user" in kept_back else requester.user,
            host="" if "host" in kept_back else requester.host,
        )
