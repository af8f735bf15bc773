import QtQuick
import QtTest

Item {
    width: 600
    height: 300

    SignPad {
        id: pad

        property var last: []

        anchors.fill: parent
        onSigned: strokes => last = strokes
    }

    TestCase {
        name: "SignPad"
        when: windowShown

        function init() {
            pad.clear();
        }

        function stroke(fromX: int, toX: int) {
            mousePress(pad, fromX, 150);
            mouseMove(pad, toX, 150);
            mouseRelease(pad, toX, 150);
        }

        function test_strokes_are_fractions_of_the_width() {
            stroke(60, 300);
            compare(pad.last.length, 1);
            compare(pad.last[0][0].x, 0.1);
            compare(pad.last[0][0].y, 0.25);
            verify(!pad.empty);
        }

        function test_ink_outside_the_pad_stops_at_its_edge() {
            stroke(300, 900);
            verify(pad.last[0].every(point => point.x <= 1));
        }

        function test_clear_leaves_nothing() {
            stroke(60, 300);
            pad.clear();
            compare(pad.last.length, 0);
            verify(pad.empty);
        }
    }
}
