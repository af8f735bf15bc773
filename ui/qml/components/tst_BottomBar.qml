import QtQuick
import QtTest
import Bianmin

Item {
    width: 1080
    height: 200

    BottomBar {
        id: bar

        width: parent.width
        primaryText: "下一步"
        primaryEnabled: true
    }

    SignalSpy {
        id: primary

        target: bar
        signalName: "primary"
    }

    TestCase {
        name: "BottomBar"
        when: windowShown

        function init() {
            primary.clear();
            App.put("canGoBack", true);
            bar.primaryEnabled = true;
        }

        function test_back_help_and_on() {
            mouseClick(findChild(bar, "back"));
            mouseClick(findChild(bar, "help"));
            mouseClick(findChild(bar, "primary"));
            compare(App.said, ["back", "help"]);
            compare(primary.count, 1);
        }

        function test_no_way_back_no_button() {
            App.put("canGoBack", false);
            compare(findChild(bar, "back").opacity, 0);
            const said = App.said.length;
            mouseClick(findChild(bar, "back"));
            compare(App.said.length, said);
        }

        function test_help_is_always_at_the_same_place() {
            const before = findChild(bar, "help").mapToItem(bar, 0, 0).x;
            App.put("canGoBack", false);
            compare(findChild(bar, "help").mapToItem(bar, 0, 0).x, before);
        }

        function test_words_of_two_lines_stay_inside_their_button() {
            const one = bar.implicitHeight;
            bar.primaryText = "One word after the other, until a line is too short for them";
            verify(bar.implicitHeight > one);
            bar.height = bar.implicitHeight;
            verify(findChild(bar, "primary").height >= findChild(bar, "primary").implicitHeight);
            bar.primaryText = "下一步";
            bar.height = Qt.binding(() => bar.implicitHeight);
        }

        function test_what_cannot_be_done_now_does_nothing() {
            bar.primaryEnabled = false;
            mouseClick(findChild(bar, "primary"));
            compare(primary.count, 0);
        }
    }
}
