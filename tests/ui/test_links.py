"""The screen and a device's process that hangs."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from kiosk.ipc.channel import pair
from kiosk.ipc.device_messages import PrintDocument, ReaderMode, SetReaderMode
from kiosk.model.paper import PaperDocument, Words
from ui.links import DeviceLinks

RECEIPT = PrintDocument(job="j", document=PaperDocument(parts=[Words(text="回执" * 2000)]))


def test_a_device_that_takes_no_messages_is_let_go_of_and_its_successor_is_used(qtbot: QtBot) -> None:
    links = DeviceLinks()
    ours, hung = pair()
    links.attach("printer", ours.detach())
    with qtbot.waitSignal(links._links["printer"].closed, timeout=0, raising=False) as let_go:
        for _ in range(1000):
            links.send("printer", RECEIPT)
            if let_go.signal_triggered:
                break
    assert let_go.signal_triggered
    ours, next_one = pair()
    links.attach("printer", ours.detach())
    assert links.send("printer", SetReaderMode(mode=ReaderMode.OFF))
    assert b"set_reader_mode" in next_one.recv(4096)
    for end in (hung, next_one):
        end.close()
