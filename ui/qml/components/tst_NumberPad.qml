import QtQuick
import QtTest
import "../theme"

Item {
    width: 1080
    height: 600

    NumberPad {
        id: pad

        property string typed: ""

        width: parent.width
        onPressed: (key, text) => typed = key === Qt.Key_Backspace ? typed.slice(0, -1) : typed + text
    }

    SignalSpy {
        id: done

        target: pad
        signalName: "done"
    }

    TestCase {
        name: "NumberPad"
        when: windowShown

        function init() {
            pad.typed = "";
            pad.withX = false;
        }

        function press(keys: string) {
            for (const name of keys) {
                const key = findChild(pad, name === "<" ? "pad_delete" : "pad_" + name);
                key.repeatAfter = 0;
                mouseClick(key);
            }
        }

        function test_every_digit() {
            press("1234567890");
            compare(pad.typed, "1234567890");
        }

        function test_x_only_for_an_identity_number() {
            press("1X");
            compare(pad.typed, "1");
            pad.withX = true;
            press("X");
            compare(pad.typed, "1X");
        }

        function test_delete_and_done() {
            press("12<");
            compare(pad.typed, "1");
            mouseClick(findChild(pad, "pad_done"));
            compare(done.count, 1);
        }

        function test_keys_are_as_wide_as_a_finger() {
            verify(findChild(pad, "pad_5").width >= Theme.mm(15));
            verify(findChild(pad, "pad_5").height >= Theme.mm(15));
        }
    }
}
