import QtQuick
import QtTest

Item {
    width: 1080
    height: 1200

    MouseArea {
        id: below

        property int taps: 0

        anchors.fill: parent
        onClicked: taps++
    }

    Ask {
        id: ask

        anchors.fill: parent
        title: "结束办理？"
        text: "已填的内容会全部删除。"
        yes: "结束"
        no: "继续办理"
    }

    SignalSpy {
        id: accepted

        target: ask
        signalName: "accepted"
    }

    SignalSpy {
        id: rejected

        target: ask
        signalName: "rejected"
    }

    TestCase {
        name: "Ask"
        when: windowShown

        function test_each_answer_has_its_button() {
            mouseClick(findChild(ask, "dialog_no"));
            compare([accepted.count, rejected.count], [0, 1]);
            mouseClick(findChild(ask, "dialog_yes"));
            compare([accepted.count, rejected.count], [1, 1]);
        }

        function test_nothing_below_can_be_touched_or_read() {
            mouseClick(ask, 5, 5);
            compare(below.taps, 0);
            compare(ask.color.a, 1);
        }
    }
}
