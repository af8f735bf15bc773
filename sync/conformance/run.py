"""The run: every check in its order, and what it upholds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sync.conformance import arriving, handing_in, living
from sync.conformance.report import Finding, NotHeld, NotTestable, Verdict
from sync.conformance.session import Session


@dataclass(frozen=True)
class Check:
    """``act`` raises NotHeld or NotTestable, or returns where the clause is held."""

    name: str
    guarantee: str
    clause: str
    act: Callable[[Session], None]


CHECKS = (
    Check("ping", "", "2 transport", arriving.ping_tells_a_platform),
    Check("no page, no redirect", "", "17 errors", arriving.no_page_and_no_redirect),
    Check("wrong code", "", "16 enrolment", arriving.a_wrong_code_enrols_nobody),
    Check("no key", "", "16 enrolment", arriving.a_request_without_a_key_does_not_use_up_the_code),
    Check("code works once", "", "16 enrolment", arriving.a_code_enrols_once),
    Check("sign of life", "G11", "12 heartbeat", living.a_sign_of_life_is_answered),
    Check("blob resumes", "G6", "8 blobs", arriving.a_blob_resumes_at_the_byte),
    Check("piece in another place", "G6", "8 blobs", arriving.a_piece_in_another_place_changes_nothing),
    Check("wrong digest", "G5", "8 blobs", arriving.a_wrong_digest_is_never_complete),
    Check("blob comes again", "G2", "8 blobs", arriving.what_is_complete_takes_nothing_more),
    Check("leave to upload", "", "8 blobs", arriving.nobody_uploads_without_leave),
    Check("impossible places", "", "8 blobs", arriving.places_that_cannot_be_are_refused),
    Check("case stored", "G8", "9 records", handing_in.a_whole_case_is_stored),
    Check("repeat", "G2", "9 records", handing_in.a_repeat_gets_the_same_word),
    Check("chain", "G9", "11 chain", living.chains_are_compared),
    Check("twice in one batch", "G2", "9 records", handing_in.a_case_twice_in_one_batch_is_stored_once),
    Check("many at once", "G2", "9 records", handing_in.a_case_from_many_sides_at_once_is_stored_once),
    Check("conflict", "G2", "9 records", handing_in.another_content_is_a_conflict),
    Check("blobs missing", "G5", "9 records", handing_in.a_case_without_its_blobs_is_put_off),
    Check("blob of another size", "G5", "9 records", handing_in.a_blob_of_another_size_is_refused),
    Check("another terminal's case", "G9", "9 records", handing_in.a_case_of_another_terminal_is_refused),
    Check("bad beside good", "G4", "9 records", handing_in.a_bad_record_harms_no_other),
    Check("unknown fields", "G13", "18 versions", handing_in.fields_of_a_later_version_are_kept),
    Check("tree", "G8", "10 acknowledgement", handing_in.every_word_of_a_batch_verifies_and_no_other),
    Check("forged request", "", "7 requests", handing_in.a_forged_request_is_refused),
    Check("wrong purpose", "", "7 requests", handing_in.a_request_for_something_else_is_refused),
    Check("unknown terminal", "", "7 requests", handing_in.a_stranger_is_refused),
    Check("expired request", "G11", "7 requests", handing_in.an_old_or_future_request_is_refused),
    Check("repeated sign of life", "G9", "12 heartbeat", living.a_repeated_sign_of_life_is_refused),
    Check("sizes", "", "17 errors", handing_in.too_much_is_told_so),
    Check("feed", "", "12.1 feed", living.the_feed_tells_every_change_once),
    Check("feed reset", "", "12.1 feed", living.an_unknown_cursor_is_reset),
    Check("forged case", "G9", "6 envelope", living.a_forged_case_is_never_accepted),
    Check("pace", "G10", "12.2 pace", living.a_pace_is_given),
    Check("key notice", "", "12.3 key notice", living.a_newer_key_is_told_with_a_signature),
    Check("succession", "G8", "12.4 succession", living.successions_lead_to_the_present_key),
    Check("ratings", "G2", "13 ratings", living.ratings_may_come_again),
    Check("catalogue", "", "14 catalogue", living.published_files_are_a_repository),
    Check("fork", "G9", "11 chain", living.two_records_after_the_same_one_are_a_fork),
)
UNSEEN = (
    (
        "receipt after durable",
        "G1",
        "9 records",
        "how a terminal stores is its own; the platform's disk cannot be seen",
    ),
    ("never given up", "G3", "9 records", "a duty of the terminal: it keeps a case until it is acknowledged"),
    ("sealed at capture", "G7", "6 envelope", "a duty of the terminal; that it opens, the feed tells"),
    ("ratings unlinked", "G12", "13 ratings", "what a platform writes down cannot be seen"),
    ("carried cases", "G14", "15 carried", "a file is handed to the platform's people, not to an address"),
)
"""What no request can find out."""


def conform(session: Session) -> list[Finding]:
    """Every check in turn; one that fails keeps none of the others from being made."""
    found = [Finding(c.name, c.guarantee, c.clause, *_tried(c, session)) for c in CHECKS]
    unseen = [Finding(name, g, clause, Verdict.NOT_TESTABLE, why) for name, g, clause, why in UNSEEN]
    return found + unseen


def _tried(check: Check, session: Session) -> tuple[Verdict, str]:
    try:
        check.act(session)
    except NotHeld as no:
        return Verdict.NOT_HELD, str(no)
    except NotTestable as no:
        return Verdict.NOT_TESTABLE, str(no)
    except Exception as bad:  # noqa: BLE001 - an answer that nobody thought of is a finding, not the end of the run
        return Verdict.NOT_HELD, f"{type(bad).__name__}: {bad}"
    return Verdict.HELD, ""
