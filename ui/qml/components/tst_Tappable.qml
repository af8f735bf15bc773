import QtQuick
import QtTest

Item {
    width: 300
    height: 300

    Tappable {
        id: button

        width: 100
        height: 60
        text: "OK"
    }

    SignalSpy {
        id: taps

        target: button
        signalName: "tapped"
    }

    TestCase {
        name: "Tappable"
        when: windowShown

        function init() {
            button.repeatAfter = 0;
            mouseClick(button);
            button.repeatAfter = 300;
            taps.clear();
        }

        function test_acts_on_release() {
            button.repeatAfter = 0;
            mousePress(button, 50, 30);
            compare(taps.count, 0);
            mouseRelease(button, 50, 30);
            compare(taps.count, 1);
        }

        function test_sliding_off_cancels() {
            button.repeatAfter = 0;
            mousePress(button, 50, 30);
            mouseMove(button, 200, 200);
            mouseRelease(button, 200, 200);
            compare(taps.count, 0);
        }

        function test_a_shaking_hand_taps_once() {
            mouseClick(button);
            mouseClick(button);
            compare(taps.count, 0);
        }

        function test_a_key_works_it() {
            button.forceActiveFocus();
            keyClick(Qt.Key_Return);
            compare(taps.count, 1);
        }
    }
}
