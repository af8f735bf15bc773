import QtQuick
import QtTest

Item {
    id: root

    width: 300
    height: 300

    MouseArea {
        id: button

        property int taps: 0

        anchors.fill: parent
        onClicked: taps += 1
    }

    Component {
        id: guards

        TouchGuard {
            anchors.fill: parent
        }
    }

    TestCase {
        id: test

        property TouchGuard guard

        name: "TouchGuard"
        when: windowShown

        function init() {
            button.taps = 0;
            guard = guards.createObject(root) as TouchGuard;
        }

        function cleanup() {
            guard.destroy();
        }

        function test_a_press_before_it_has_settled_does_nothing_to_its_release() {
            guard.settles = 100000;
            mouseClick(root, 50, 50);
            compare(button.taps, 0);
            mousePress(root, 50, 50);
            guard.settled = true;
            mouseRelease(root, 50, 50);
            compare(button.taps, 0);
            verify(!guard.visible);
            mouseClick(root, 50, 50);
            compare(button.taps, 1);
        }

        function test_it_settles_once_it_has_been_seen() {
            guard.settles = 30;
            root.opacity = 0.5;  // something to draw
            tryCompare(guard, "settled", true);
            mouseClick(root, 50, 50);
            compare(button.taps, 1);
        }
    }
}
