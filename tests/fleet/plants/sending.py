"""Faults of what sends: the client, and the outbox with what it believes and when it lets go."""

from __future__ import annotations

import contextlib
from typing import Any

from sync import client, outbox
from sync.client import NoNetwork, Rejected
from sync.protocol.wire import RecordAnswer, RecordStatus
from tests.fleet.plants.means import Patch, answered_now_and_then, instead, word_on


def believes_any_answer() -> Patch:
    """ "Stored" is believed without the platform's signature: what any portal can say."""

    def genuine(real: Any) -> Any:
        def trusting(self: Any, outgoing: Any, answer: RecordAnswer) -> Any:
            unsigned = answer.status == RecordStatus.STORED and answer.acknowledgement is None
            return word_on(outgoing) if unsigned else real(self, outgoing, answer)

        return trusting

    return instead(outbox.Outbox, "_genuine", genuine)


def answer_for_another_case() -> Patch:
    """The signed word for one case is taken for another."""
    last: list[Any] = []

    def genuine(real: Any) -> Any:
        def mixed(self: Any, outgoing: Any, answer: RecordAnswer) -> Any:
            if answer.acknowledgement is not None:
                last.append(answer.acknowledgement)
            elif answer.status == RecordStatus.STORED and last:
                return last[-1].model_copy(update={"case_id": outgoing.envelope.case_id})
            return real(self, outgoing, answer)

        return mixed

    return instead(outbox.Outbox, "_genuine", genuine)


def sent_before_the_answer() -> Patch:
    """A case counts as sent once it is on its way."""

    def deliver(real: Any) -> Any:
        def hasty(self: Any, ready: Any) -> Any:
            try:
                return real(self, ready)
            except NoNetwork:
                self.cases.acknowledged([word_on(outgoing) for outgoing in ready], "")
                raise

        return hasty

    return instead(outbox.Outbox, "_deliver", deliver)


def later_is_done() -> Patch:
    """ "Later" is taken for done."""

    def settle(real: Any) -> Any:
        def careless(self: Any, ready: Any, answers: Any, now: float) -> Any:
            later = [o for o, answer in zip(ready, answers, strict=True) if answer.status == RecordStatus.LATER]
            self.cases.acknowledged([word_on(outgoing) for outgoing in later], "")
            return real(self, ready, answers, now)

        return careless

    stack = contextlib.ExitStack()
    stack.enter_context(instead(outbox.Outbox, "_settle", settle))
    # A platform that is busy now and then, so that there is a "later".
    stack.enter_context(answered_now_and_then(RecordStatus.LATER, lambda number: number % 7 == 0))
    return stack


def wipes_before_the_answer() -> Patch:
    """The files go once they are sent."""

    def deliver(real: Any) -> Any:
        def hasty(self: Any, outgoing: Any) -> None:
            real(self, outgoing)
            for name in outgoing.files.values():
                self._files.remove(name)

        return hasty

    return instead(outbox.Outbox, "_send_files", deliver)


def sends_no_empty_piece() -> Patch:
    """Of a file whose bytes are all there the client sends nothing more, and waits until it is complete."""

    def request(real: Any) -> Any:
        def sparing(self: Any, method: str, path: str, body: Any = b"", **rest: Any) -> Any:
            if method == "PATCH" and len(body) == 0:
                raise NoNetwork("nothing to send")
            return real(self, method, path, body, **rest)

        return sparing

    return instead(client.PlatformClient, "_request", request)


def damage_is_the_files_fault() -> Patch:
    """A file that the platform throws away is set aside, without a look at whether it is whole at the terminal."""
    return instead(client, "_not_taken", lambda _real: lambda _digest, _file: Rejected("not taken"))


def each_try_is_the_files_fault() -> Patch:
    """Tries that the network failed count against a case's file."""

    def may_do_better(_real: Any) -> Any:
        def blaming(self: Any, case_id: str, _bad: Exception) -> bool:
            ((tries,),) = self._store.rows("SELECT attempts FROM outbox WHERE case_id = ?", case_id)
            return bool(tries < outbox.UNREADABLE)

        return blaming

    return instead(outbox.Outbox, "_may_do_better", may_do_better)


PLANTS = (
    believes_any_answer,
    answer_for_another_case,
    sent_before_the_answer,
    later_is_done,
    wipes_before_the_answer,
    sends_no_empty_piece,
    damage_is_the_files_fault,
    each_try_is_the_files_fault,
)
