import QtQuick
import QtTest

Item {
    width: 600
    height: 600

    Paged {
        id: paged

        anchors.fill: parent

        Rectangle {
            id: tall

            width: 100
            height: 400
        }

        Rectangle {
            id: last

            width: 100
            height: 100
        }
    }

    TestCase {
        name: "Paged"
        when: windowShown

        function init() {
            tall.height = 400;
        }

        function test_no_buttons_where_all_fits() {
            verify(!findChild(paged, "page_down").visible);
        }

        function test_a_page_down_and_up() {
            tall.height = 1500;
            const down = findChild(paged, "page_down"), up = findChild(paged, "page_up");
            tryVerify(() => down.visible);
            verify(!up.enabled);
            down.repeatAfter = 0;
            mouseClick(down);
            verify(up.enabled);
            mouseClick(down);
            mouseClick(down);
            verify(!down.enabled);
            compare(last.mapToItem(paged, 0, last.height).y, paged.height);
        }

        function test_shows_what_has_the_focus() {
            tall.height = 1500;
            tryVerify(() => findChild(paged, "page_down").visible);
            paged.show(last);
            verify(last.mapToItem(paged, 0, 0).y + last.height <= paged.height + 1);
        }

        function test_comes_back_when_content_shrinks() {
            tall.height = 1500;
            paged.show(last);
            tall.height = 400;
            tryVerify(() => tall.mapToItem(paged, 0, 0).y === 0);
        }
    }
}
